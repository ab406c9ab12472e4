// What refers to a page, and what names it without a link.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../client/dist/slices.js';
import { idOf, idOfTitle, readBlock, uidOf } from '../out/model/blocks.js';
import { findMentions, linkMentions, mentionParts, mentionsIn } from '../out/model/mentions.js';
import { makeDay, makePage } from '../out/model/pages.js';
import { insert, setText, tree } from '../out/model/edit.js';
import { countOf, linkedReferences } from '../out/model/references.js';
import { NOW, apply, outline } from './outline.mjs';

const add = (db, page, uid, text) => apply(db, insert(db, page, 0, [tree(uid, text)], NOW));

test('references come by page: the latest days first, then titles', () => {
  let db = outline('a [[Plato]]\n  b [[Plato]] again\nc nothing');
  for (const [year, uid] of [[2025, 'old'], [2026, 'new']]) {
    const day = makeDay(db, new Date(year, 1, 3), NOW);
    db = add(apply(db, day.forms), day.uid, uid, '[[Plato]]');
  }
  const other = makePage(db, 'Academy', NOW);
  db = add(apply(db, other.forms), other.uid, 'd', '#Plato');
  const groups = linkedReferences(db, idOfTitle(db, 'Plato'));
  const seen = groups.map(({ page, blocks }) => [page.title, blocks.map((id) => uidOf(db, id)).join(' ')]);
  assert.deepEqual(seen, [
    ['February 3rd, 2026', 'new'], ['February 3rd, 2025', 'old'], ['Academy', 'd'], ['Page', 'a b'],
  ]);
  assert.equal(countOf(groups), 5);
});

test('a title is named by whole words, in any case, and not in links, code or addresses', () => {
  const rows = [
    ['Plato and plato, PLATO.', 'Plato', '<Plato> and <plato>, <PLATO>.'],
    ['Neoplatonic Platonism plato_x', 'Plato', 'Neoplatonic Platonism plato_x'],
    ['[[Plato]] #Plato [[On Plato]] Plato:: `Plato` ```Plato``` https://a.b/plato {{Plato}} [x](plato) Plato', 'Plato',
      '[[Plato]] #Plato [[On Plato]] <Plato>:: `Plato` ```Plato``` https://a.b/plato {{Plato}} [x](plato) <Plato>'],
    ['Plato:: his life', 'Plato', 'Plato:: his life'],
    ['in C++ and (C++)', 'C++', 'in <C++> and (<C++>)'],
    ['the Élan, l’élan', 'élan', 'the <Élan>, l’<élan>'],
    ['an open ` and Plato', 'Plato', 'an open ` and <Plato>'],
  ];
  for (const [text, title, marked] of rows) {
    assert.equal(mentionParts(text, title).map((part) => (part.isHit ? `<${part.text}>` : part.text)).join(''), marked);
  }
  assert.deepEqual(mentionsIn('no', 'Plato'), []);
});

test('mentions are found on other pages, and become links', () => {
  let db = outline('a Plato taught\n  b of plato and Plato\nc [[Plato]] alone');
  const id = idOfTitle(db, 'Plato');
  const page = uidOf(db, id);
  db = add(db, page, 'own', 'Plato himself');
  const found = () => atOnce(findMentions(db, page)).map((each) => uidOf(db, each)).sort();
  assert.deepEqual(found(), ['a', 'b']);
  db = apply(db, linkMentions(db, ['b', 'gone'], page, NOW));
  assert.equal(readBlock(db, 'b').text, 'of [[Plato]] and [[Plato]]');
  assert.deepEqual(found(), ['a']);
  const linked = linkedReferences(db, id).flatMap(({ blocks }) => blocks);
  assert.deepEqual(linked.sort(), [idOf(db, 'b'), idOf(db, 'c')].sort());
  assert.deepEqual(linkMentions(db, ['c'], page, NOW), []);
  db = apply(db, setText(db, 'a', 'Zeno taught', true, NOW));
  assert.deepEqual(found(), []);
  assert.deepEqual(atOnce(findMentions(db, 'a')), []);
});
