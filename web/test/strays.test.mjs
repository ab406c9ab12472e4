// Blocks that someone put below a block which another took away at the same moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datascript } from '../../client/dist/index.js';
import { idOf, idOfTitle, uidOf } from '../out/model/blocks.js';
import { insert, mergeUp, moveTo, remove, tree } from '../out/model/edit.js';
import { mergePages } from '../out/model/page_edits.js';
import { adopt, straysOf } from '../out/model/strays.js';
import { heldForms } from '../out/model/undo.js';
import { NOW, apply, faultsOf, outline, show } from './outline.mjs';

const uidOfTitle = (db, title) => uidOf(db, idOfTitle(db, title));

/* The page "Other" with `x` on it, below the outline of the page "Page". */
function start() {
  const db = apply(outline('a\nb\n  c\n    d\ne'), [{ ':block/uid': 'o', ':node/title': 'Other' }]);
  return apply(db, insert(db, 'o', 0, [tree('x', '')], NOW));
}

/* The database after forms, and what a client is told of the transaction. */
function transacted(db, forms) {
  const report = datascript.transact(datascript.conn_from_db(db), heldForms(forms));
  const datoms = report.tx_data.map(({ e, a, v, tx }) => [e, a, v, Math.abs(tx), tx > 0]);
  return { db: report.db_after, datoms: datoms.sort((one, other) => Number(one[4]) - Number(other[4])) };
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
  ['below a block that is removed: to where that was', (db) => remove(db, ['b']), late('b'), { parent: 'p' }, 'a\ne\nlate late\n  l2 below\n'],
  ['deeper below it: the same', (db) => remove(db, ['b']), late('d'), { parent: 'p' }, 'a\ne\nlate late\n  l2 below\n'],
  ['below one of several', (db) => remove(db, ['c', 'e']), late('c'), { parent: 'b' }, 'a\nb\n  late late\n    l2 below\n'],
  ['below a block that is merged into the one above: with its other children', (db) => mergeUp(db, 'p', 'b', '', NOW).forms, late('b'), { parent: 'a' }, 'a\n  c\n    d\n  late late\n    l2 below\ne\n'],
  ['below a block that is removed, by moving it: the same', (db) => remove(db, ['b']), (db) => moveTo(db, ['e'], 'c', 0), { parent: 'p' }, 'a\ne\n'],
  ['on a page that is merged: to the page that stays', (db) => mergePages(db, 'p', 'o', NOW), late('p'), { parent: 'o' }, undefined],
];

for (const [what, taking, putting, place, shown] of CASES) {
  test(`a block that someone put ${what}`, () => {
    const { after, strays } = rescued(taking, putting);
    assert.deepEqual(strays.map((stray) => stray.place), [place]);
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
