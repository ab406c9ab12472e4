// Blocks that are kept from one database to the next are those that reading anew would give.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datascript } from '../../client/dist/index.js';
import { carryBlocks, idOf, rowsBelow } from '../out/model/blocks.js';
import { indent, insert, mergeUp, moveTo, outdent, remove, shift, split, tree } from '../out/model/edit.js';
import { set } from '../out/model/forms.js';
import { heldForms } from '../out/model/draft.js';
import { NOW, outline } from './outline.mjs';

const BEFORE = 'a A\n  b B\n    c C\n  d D\n+e E\n  f F\ng G';

const EDITS = {
  'a block is added': (db) => insert(db, 'b', 1, [tree('n', 'N', [tree('m', 'M')])], NOW),
  'one without children gets some': (db) => insert(db, 'c', 0, [tree('n', 'N')], NOW),
  'a text is split': (db) => split(db, 'p', 'd', 'D', 1, 'n', NOW).forms,
  'blocks are joined': (db) => mergeUp(db, 'p', 'd', 'D', NOW).forms,
  'a block goes in': (db) => indent(db, ['d']).forms,
  'a block goes out': (db) => outdent(db, 'p', ['c']).forms,
  'blocks change places': (db) => shift(db, ['b'], 1).forms,
  'a block goes elsewhere': (db) => moveTo(db, ['b'], 'e', 0),
  'the only child goes': (db) => remove(db, ['c']),
  'a block goes with all below it': (db) => remove(db, ['a']),
  'a block is closed': () => [set('a', ':block/open', false)],
  'a block is opened': () => [set('e', ':block/open', true)],
};

/* The database after the forms, and the entities that they changed. */
function after(db, forms) {
  const { db_after: fresh, tx_data: datoms } = datascript.transact(datascript.conn_from_db(db), heldForms(forms));
  return { fresh, changed: new Set(datoms.map(({ e }) => e)) };
}

for (const [name, edit] of Object.entries(EDITS)) {
  test(`what is seen is the same as read anew when ${name}`, () => {
    const db = outline(BEFORE);
    const page = idOf(db, 'p');
    const old = rowsBelow(db, page);
    const { fresh, changed } = after(db, edit(db));
    const anew = rowsBelow(datascript.db_with(fresh, []), page);
    assert.notDeepEqual(anew, old);
    carryBlocks(db, fresh, changed);
    assert.deepEqual(rowsBelow(fresh, page), anew);
  });
}

test('blocks of which nothing is said to have changed are not read again', () => {
  const db = outline(BEFORE);
  const page = idOf(db, 'p');
  const old = rowsBelow(db, page);
  const { fresh } = after(db, EDITS['a block is closed']());
  carryBlocks(db, fresh, new Set());
  assert.deepEqual(rowsBelow(fresh, page), old);
});
