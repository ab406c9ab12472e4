// Edits on their way: made again when someone was first, told when they cannot be made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../client/dist/index.js';
import { moveTo, remove, setText } from '../out/model/edit.js';
import { Edits } from '../out/model/edits.js';
import { NOW, apply, outline, refOf, show } from './outline.mjs';

/* The way to a server whose graph someone else changes by the forms of `meanwhile` when it is first asked. */
function lineOf(db, meanwhile = () => []) {
  const line = { db, asked: 0, told: [], shown: () => line.db, sent: () => line.db };
  line.rejected = (error, texts) => line.told.push([error.message, texts]);
  line.transact = async (forms) => {
    line.asked++;
    if (line.asked === 1) line.db = apply(line.db, meanwhile(line.db));
    try {
      line.db = apply(line.db, forms);
    } catch (error) {
      throw new RequestError(/cas/.test(error.message) ? 'conflict' : 'not-found', error.message, undefined);
    }
  };
  return line;
}

for (const [what, meanwhile, fn, after] of [
  ['in whose block someone wrote', (db) => setText(db, 'a', 'theirs', true, NOW), (db) => setText(db, 'a', 'mine', true, NOW), 'a mine\nb B\nc C\n'],
  ['some of whose blocks have gone', (db) => remove(db, ['b']), (db) => remove(db, ['b', 'c'].filter((uid) => show(db).includes(`${uid} `))), 'a A\n'],
]) {
  test(`an edit ${what} is made again from what is there then`, async () => {
    const line = lineOf(outline('a A\nb B\nc C'), meanwhile);
    await new Edits(line).edit(fn);
    assert.equal(show(line.db), after);
    assert.deepEqual([line.asked, line.told], [2, []]);
  });
}

test('an edit of what has gone, and one that always loses, are told with their texts', async () => {
  const gone = lineOf(outline('a A\nb B'), (db) => remove(db, ['a']));
  await new Edits(gone).edit((db) => [...moveTo(db, ['b'], 'a', 0), ...setText(db, 'b', 'mine', true, NOW)]);
  assert.deepEqual(gone.told, [['there is no block a', ['mine']]]);
  const losing = lineOf(outline('a A'));
  await new Edits(losing).prepare(() => setText(outline('a other'), 'a', 'mine', true, NOW));
  assert.deepEqual([losing.asked, losing.told.length, losing.told[0][1]], [5, 1, ['mine']]);
});

test('what is loaded is made again as well, and whoever loads it hears of what cannot be made', async () => {
  const line = lineOf(outline('a A'), (db) => setText(db, 'a', 'theirs', true, NOW));
  await new Edits(line).load((db) => setText(db, 'a', 'mine', true, NOW));
  assert.deepEqual([show(line.db), line.asked], ['a mine\n', 2]);
  await assert.rejects(new Edits(line).load(() => setText(outline('a other'), 'a', 'more', true, NOW)), /cas/);
  assert.deepEqual(line.told, []);
});

test('what only an own edit on its way leaves without a place is given none', async () => {
  const line = lineOf(outline('a A\n  b B\nc C'));
  line.shown = () => apply(line.db, [[':db/retractEntity', refOf('a')]]);
  await new Edits(line).edit((db) => moveTo(db, ['b'], 'c', 0));
  assert.deepEqual([line.asked, line.told.length], [0, 1]);
  assert.equal(show(line.db), 'a A\n  b B\nc C\n');
});
