// Pages and their references, and days.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renamePage } from '../out/model/page_edits.js';
import { allPages, hasPages, latestDays, makeDay, makePage } from '../out/model/pages.js';
import { idOf, idOfTitle, readBlock, referrersOf, uidOf } from '../out/model/blocks.js';
import { setText } from '../out/model/edit.js';
import { WELCOME, welcomeForms } from '../out/model/welcome.js';
import { dayFrom, dayOfUid, dayPage, dayUidOfTitle } from '../out/model/dates.js';
import { datascript } from '../../client/dist/index.js';
import { SCHEMA } from '../out/model/blocks.js';
import { NOW, apply, faultsOf, outline, show, text } from './outline.mjs';

const write = (db, uid, words, makePages = true) => apply(db, setText(db, uid, words, makePages, NOW));
const titles = (db) => allPages(db).map((page) => page.title).sort();
const refsTo = (db, title) => referrersOf(db, idOfTitle(db, title)).map((id) => uidOf(db, id)).sort();

test('days are named as Roam names them', () => {
  const rows = [
    [new Date(2026, 10, 22), '11-22-2026', 'November 22nd, 2026'],
    [new Date(2020, 5, 4), '06-04-2020', 'June 4th, 2020'],
    [new Date(2021, 0, 1), '01-01-2021', 'January 1st, 2021'],
    [new Date(2021, 0, 13), '01-13-2021', 'January 13th, 2021'],
    [new Date(2021, 2, 3), '03-03-2021', 'March 3rd, 2021'],
  ];
  for (const [date, uid, title] of rows) {
    assert.deepEqual(dayPage(date), { uid, title });
    assert.equal(dayOfUid(uid).getTime(), date.getTime());
  }
  assert.equal(dayUidOfTitle('November 22nd, 2026'), '11-22-2026');
  assert.equal(dayUidOfTitle('November 31st, 2026'), undefined);
  assert.equal(dayUidOfTitle('Smarch 1st, 2026'), undefined);
  assert.equal(dayOfUid('13-40-2021'), undefined);
  assert.equal(dayOfUid('abc'), undefined);
});

test('the next day is a day on, also when this one has 25 hours', () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Europe/Athens';
  try {
    assert.equal(dayPage(dayFrom(new Date(2026, 9, 25, 0, 30), 1)).uid, '10-26-2026');
    assert.equal(dayPage(dayFrom(new Date(2026, 2, 29, 23, 30), -1)).uid, '03-28-2026');
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test('the latest days up to one: pages alone, from the last one back', () => {
  let db = outline('a A');
  assert.deepEqual(latestDays(db, new Date(2026, 10, 22), 9), []);
  for (const date of [new Date(2026, 10, 22), new Date(2026, 10, 23), new Date(2025, 11, 31), new Date(2026, 0, 1)]) {
    db = apply(db, makeDay(db, date, NOW).forms);
  }
  db = apply(db, [{ ':block/uid': '11-20-2026', ':block/string': 'a block' }, { ':block/uid': '11-31-2026', ':node/title': 'no day' }]);
  assert.deepEqual(latestDays(db, new Date(2026, 10, 22), 9), ['11-22-2026', '01-01-2026', '12-31-2025']);
  assert.deepEqual(latestDays(db, new Date(2026, 10, 22), 2), ['11-22-2026', '01-01-2026']);
});

test('a graph has pages when one of them can be shown', () => {
  const empty = datascript.init_db([], SCHEMA);
  assert.equal(hasPages(empty), false);
  assert.equal(hasPages(datascript.db_with(empty, [[':db/add', 1, ':node/title', 'without uid']])), false);
  assert.equal(hasPages(outline('a A')), true);
});

test('text makes the pages it names, and references follow it', () => {
  let db = write(outline('a A\nb B'), 'a', '[[Plato]] #idea ((b))');
  assert.deepEqual(titles(db), ['Page', 'Plato', 'idea']);
  assert.deepEqual([refsTo(db, 'Plato'), refsTo(db, 'idea')], [['a'], ['a']]);
  assert.deepEqual(referrersOf(db, idOf(db, 'b')).map((id) => uidOf(db, id)), ['a']);
  db = write(db, 'a', 'only #idea');
  assert.deepEqual([refsTo(db, 'Plato'), refsTo(db, 'idea')], [[], ['a']]);
});

test('while a text is written it makes no pages', () => {
  const db = write(outline('a A'), 'a', '[[Pla]] [[Page]]', false);
  assert.deepEqual(titles(db), ['Page']);
  assert.deepEqual(refsTo(db, 'Page'), ['a']);
});

test('two people who make one page make the same', () => {
  const db = outline('a A\nb B');
  const [one, two] = [setText(db, 'a', '[[New]]', true, NOW), setText(db, 'b', '[[New]]', true, NOW)];
  const both = apply(apply(db, one), two);
  assert.deepEqual(titles(both), ['New', 'Page']);
  assert.deepEqual(refsTo(both, 'New'), ['a', 'b']);
});

test('a page made under the old title of a renamed one is another page', () => {
  let db = write(outline('a A'), 'a', '[[Old]]');
  db = apply(db, renamePage(db, uidOf(db, idOfTitle(db, 'Old')), 'New', NOW));
  db = apply(db, makePage(db, 'Old', NOW).forms);
  assert.deepEqual(titles(db), ['New', 'Old', 'Page']);
});

test('a new page and a new day have a block to write in, once', () => {
  let db = outline('');
  const page = makePage(db, 'New', NOW);
  db = apply(db, page.forms);
  const day = makeDay(db, new Date(2026, 10, 22), NOW);
  db = apply(db, day.forms);
  assert.deepEqual([page.uid, '11-22-2026'].map((uid) => readBlock(db, uid).children.length), [1, 1]);
  assert.deepEqual(makePage(db, 'New', NOW), { forms: [], uid: page.uid });
  assert.deepEqual(makeDay(db, new Date(2026, 10, 22), NOW), { forms: [], uid: '11-22-2026' });
});

test('of two who open one new page the second brings no other block, and empties nothing', () => {
  const db = outline('');
  const [one, two] = [makePage(db, 'New', NOW), makePage(db, 'New', NOW)];
  let both = apply(db, one.forms);
  both = write(both, show(both, one.uid).trim(), 'written by the first');
  assert.throws(() => apply(both, two.forms), /cas/);
  assert.deepEqual(makePage(both, 'New', NOW).forms, []);
});

test('an empty graph is welcomed once, and of two who open it the second is refused', () => {
  const empty = datascript.init_db([], SCHEMA);
  const forms = welcomeForms(empty, NOW);
  const db = apply(empty, forms);
  assert.deepEqual(titles(db), ['DONE', 'Finding', 'TODO', 'Together', WELCOME, 'Writing', 'tag']);
  assert.deepEqual(faultsOf(db), []);
  assert.match(show(db, uidOf(db, idOfTitle(db, WELCOME))), /^\S+ In Athens[^]*\n  \S+ \{\{\[\[DONE\]\]\}\} and once more/m);
  assert.deepEqual(welcomeForms(db, NOW), []);
  assert.throws(() => apply(db, forms), /cas/);
});
