// Blocks that someone put below a block which another took away at the same moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../client/dist/index.js';
import { idOf, idOfTitle, parentOf, uidOf } from '../out/model/blocks.js';
import { insert, mergeUp, moveTo, remove, tree } from '../out/model/edit.js';
import { mergePages } from '../out/model/page_edits.js';
import { Strays, adopt, straysOf } from '../out/model/strays.js';
import { NOW, apply, faultsOf, outline, show, transacted } from './outline.mjs';

const uidOfTitle = (db, title) => uidOf(db, idOfTitle(db, title));

/* The page "Other" with `x` on it, below the outline of the page "Page". */
function start() {
  const db = apply(outline('a\nb\n  c\n    d\ne'), [{ ':block/uid': 'o', ':node/title': 'Other' }]);
  return apply(db, insert(db, 'o', 0, [tree('x', '')], NOW));
}

/* Someone takes away with `taking`, not knowing that another one has done `putting` first; then finds homes. */
function rescued(taking, putting) {
  const seen = start();
  const { db, datoms } = transacted(apply(seen, putting(seen)), taking(seen));
  const strays = straysOf(datoms, db);
  const after = apply(db, adopt(db, strays, NOW));
  assert.deepEqual(faultsOf(after), []);
  assert.deepEqual(straysOf(datoms, after), []);
  assert.deepEqual(adopt(after, strays, NOW), [], 'they stay where they are');
  return { after, strays };
}

const late = (parent) => (db) => insert(db, parent, 0, [tree('late', 'late', [tree('l2', 'below')])], NOW);

const CASES = [
  ['below a block that is removed: to where that was', (db) => remove(db, ['b']), late('b'), 'p', 'a\ne\nlate late\n  l2 below\n'],
  ['deeper below it: the same', (db) => remove(db, ['b']), late('d'), 'p', 'a\ne\nlate late\n  l2 below\n'],
  ['below one of several', (db) => remove(db, ['c', 'e']), late('c'), 'b', 'a\nb\n  late late\n    l2 below\n'],
  ['below a block that is merged into the one above: with its other children', (db) => mergeUp(db, 'p', 'b', '', NOW).forms, late('b'), 'a', 'a\n  c\n    d\n  late late\n    l2 below\ne\n'],
  ['below a block that is removed, by moving it: the same', (db) => remove(db, ['b']), (db) => moveTo(db, ['e'], 'c', 0), 'p', 'a\ne\n'],
  ['on a page that is merged: to the page that stays', (db) => mergePages(db, 'p', 'o', NOW), late('p'), 'o', undefined],
];

for (const [what, taking, putting, place, shown] of CASES) {
  test(`a block that someone put ${what}`, () => {
    const { after, strays } = rescued(taking, putting);
    assert.deepEqual(strays.map(({ places }) => places[0]), [place]);
    if (shown !== undefined) assert.equal(show(after), shown);
    else assert.equal(show(after, 'o'), 'x\nb\n  c\n    d\nlate late\n  l2 below\n');
  });
}

test('blocks that someone put on a page while it was removed keep a page of that title, in one piece', () => {
  const putting = (db) => [...late('x')(db), ...insert(db, 'o', 1, [tree('more', 'more')], NOW)];
  const { after, strays } = rescued((db) => remove(db, ['o']), putting);
  assert.deepEqual(strays.map(({ uid }) => uid).sort(), ['late', 'more']);
  assert.deepEqual(show(after, uidOfTitle(after, 'Other')).split('\n').sort(), ['', '  l2 below', 'late late', 'more more']);
  assert.equal(idOf(after, 'x'), undefined);
});

test('what is taken away as it was seen leaves no strays, nor does what is moved', () => {
  for (const forms of [remove(start(), ['b']), moveTo(start(), ['b'], 'o', 0), mergePages(start(), 'p', 'o', NOW)]) {
    const { db, datoms } = transacted(start(), forms);
    assert.deepEqual(straysOf(datoms, db), []);
  }
});

test('a block that someone moves out of another in time is not removed with it', () => {
  const seen = start();
  const db = apply(seen, moveTo(seen, ['d'], 'p', 0));
  assert.throws(() => apply(db, remove(seen, ['b'])), /cas/);
  assert.equal(show(apply(db, remove(db, ['b']))), 'd\na\ne\n');
});

/* `late` hangs nowhere, with `l2` below it. */
function lost() {
  const db = apply(start(), late('b')(start()));
  return apply(db, [[':db/retract', [':block/uid', 'b'], ':block/children', [':block/uid', 'late']]]);
}

for (const [what, places, title, parent] of [
  ['the first that is there', ['gone', 'c', 'p'], 'Page', 'c'],
  ['none that is below the stray', ['l2', 'p'], 'Page', 'p'],
  ['the page of the title', ['gone'], 'Other', 'o'],
]) {
  test(`of the places of a stray it gets ${what}`, () => {
    const after = apply(lost(), adopt(lost(), [{ uid: 'late', places, title }], NOW));
    assert.deepEqual(faultsOf(after), []);
    assert.equal(uidOf(after, parentOf(after, idOf(after, 'late'))), parent);
  });
}

test('two who give one stray a place at once: the second is refused', () => {
  const [one, other] = ['p', 'o'].map((place) => adopt(lost(), [{ uid: 'late', places: [place], title: undefined }], NOW));
  assert.throws(() => apply(apply(lost(), one), other), /cas/);
});

test('a stray that is given a place, and a block that is moved below it at once: the second is refused', () => {
  const adopting = adopt(lost(), [{ uid: 'late', places: ['a'], title: undefined }], NOW);
  const moving = moveTo(lost(), ['a'], 'l2', 0);
  assert.throws(() => apply(apply(lost(), adopting), moving), /cas/);
  assert.throws(() => apply(apply(lost(), moving), adopting), /cas/);
});

test('strays whose places are below each other come into no circle, and one that is named twice is put once', () => {
  const one = lost();
  const both = apply(one, [[':db/retract', [':block/uid', 'b'], ':block/children', [':block/uid', 'c']]]);
  const strays = [['late', ['d', 'p']], ['c', ['l2', 'p']], ['late', ['p']]].map(([uid, places]) => ({ uid, places, title: 'Page' }));
  const after = apply(both, adopt(both, strays, NOW));
  assert.deepEqual(faultsOf(after), []);
  assert.equal(show(after), 'a\nb\ne\nlate late\n  l2 below\n    c\n      d\n');
});

test('a rescue that is refused is tried again from what is there then, and one that an own edit hides comes after it', async () => {
  const { db, datoms } = transacted(apply(start(), late('b')(start())), remove(start(), ['b']));
  const hidden = apply(db, [[':db/add', [':block/uid', 'a'], ':block/children', [':block/uid', 'late']]]);
  const line = { db, view: hidden, sent: () => line.db, shown: () => line.view, tries: [] };
  line.transact = async (forms) => {
    line.tries.push(forms);
    if (line.tries.length === 1) throw new RequestError('not-found', 'no such entity', undefined);
    line.view = line.db = apply(line.db, forms);
  };
  const strays = new Strays(line);
  strays.saw(datoms);
  assert.deepEqual(line.tries, [], 'an own edit on its way may give it a place');
  line.view = db; // it was refused
  strays.tend();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(line.tries.length, 2);
  assert.deepEqual(faultsOf(line.db), []);
});
