// Finding pages and blocks by what is typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../client/dist/slices.js';
import { excerpt, findBlocks, findPages } from '../out/model/search.js';
import { makePage } from '../out/model/pages.js';
import { NOW, apply, outline } from './outline.mjs';

const pages = (...titles) => titles.reduce((db, title) => apply(db, makePage(db, title, NOW).forms), outline(''));
const titles = (db, query, limit = 10) => atOnce(findPages(db, query, limit)).map((page) => page.title);
const uids = (db, query, limit = 10) => atOnce(findBlocks(db, query, limit)).map((block) => block.uid);

test('pages: the title itself first, then what begins with it, then words, then parts of words', () => {
  const db = pages('Symposium of Plato', 'Plato', 'Platonic love', 'On Plato', 'Neoplatonism', 'Zeno');
  assert.deepEqual(titles(db, 'plato'), ['Plato', 'Platonic love', 'On Plato', 'Symposium of Plato', 'Neoplatonism']);
  assert.deepEqual(titles(db, 'plato', 2), ['Plato', 'Platonic love']);
  assert.deepEqual(titles(db, ' PLATO  of '), ['Symposium of Plato']);
  assert.deepEqual(titles(db, 'nothing like it'), []);
});

test('blocks: better before worse, later before earlier, each with its page', () => {
  const db = outline('a the stoa here\nb stoa\nc Stoa is a walk\nd a Stoa too\ne protostoan');
  assert.deepEqual(uids(db, 'stoa'), ['b', 'c', 'd', 'a', 'e']);
  assert.deepEqual(uids(db, 'stoa', 2), ['b', 'c']);
  assert.deepEqual(uids(db, 'walk stoa'), ['c']);
  assert.equal(atOnce(findBlocks(db, 'walk', 1))[0].page, 'Page');
});

test('a block that hangs on no page is not found', () => {
  const db = apply(outline('a here'), [{ ':block/uid': 'lost', ':block/string': 'here too' }]);
  assert.deepEqual(uids(db, 'here'), ['a']);
});

test('a search of many blocks can be interrupted', () => {
  const db = outline(Array.from({ length: 1200 }, (_, i) => `b${i} text ${i}`).join('\n'));
  const steps = findBlocks(db, 'text', 5);
  let count = 0;
  while (!steps.next().done) count++;
  assert.equal(count, 3);
});

test('an excerpt begins shortly before the first hit and marks all of them', () => {
  const hits = (text, query) => excerpt(text, query).map((part) => (part.isHit ? `<${part.text}>` : part.text)).join('');
  assert.equal(hits('Of [[Plato]] and **Plato**', 'plato'), 'Of <Plato> and <Plato>');
  assert.equal(hits('two\n lines (a.b)', 'a.b LINES'), 'two <lines> (<a.b>)');
  assert.equal(hits('no query', ''), 'no query');
  assert.equal(hits('{{[[TODO]]}} walk', 'walk'), '<walk>');
  const long = `${'word '.repeat(50)}here it stands`;
  assert.match(hits(long, 'here'), /^… (word ){1,7}<here> it stands$/);
  assert.match(hits(`${'x'.repeat(100)}here`, 'here'), /^… <here>$/);
});
