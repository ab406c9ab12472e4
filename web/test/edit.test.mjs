// What keys do to an outline: a row each, with the outline before and after.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indent, insert, mergeUp, moveTo, outdent, remove, setText, shift, split, topmost, tree } from '../out/model/edit.js';
import { NOW, apply, faultsOf, outline, show, text } from './outline.mjs';

const rows = [
  ['split in the middle', 'a Helloworld', (db) => split(db, 'p', 'a', 'Helloworld', 5, 'n', NOW), 'a Hello\nn world', 'n:0'],
  ['split at the end', 'a Hello\nb B', (db) => split(db, 'p', 'a', 'Hello', 5, 'n', NOW), 'a Hello\nn\nb B', 'n:0'],
  ['split at the start puts an empty block above', 'a Hello', (db) => split(db, 'p', 'a', 'Hello', 0, 'n', NOW), 'n\na Hello', 'a:0'],
  ['split what is typed and not yet saved', 'a He', (db) => split(db, 'p', 'a', 'Hello you', 5, 'n', NOW), 'a Hello\nn  you', 'n:0'],
  ['split above open children goes inside', 'a Ab\n  b B', (db) => split(db, 'p', 'a', 'Ab', 1, 'n', NOW), 'a A\n  n b\n  b B', 'n:0'],
  ['split above closed children stays beside', '+a Ab\n  b B', (db) => split(db, 'p', 'a', 'Ab', 1, 'n', NOW), '+a A\n  b B\nn b', 'n:0'],
  ['Enter in an empty last block goes out', 'a A\n  b B\n  c', (db) => split(db, 'p', 'c', '', 0, 'n', NOW), 'a A\n  b B\nc', 'c:0'],
  ['but not out of the zoomed block', 'a A\n  c', (db) => split(db, 'a', 'c', '', 0, 'n', NOW), 'a A\n  c\n  n', 'n:0'],
  ['split of the root goes inside', 'a Ab\n  b B', (db) => split(db, 'a', 'a', 'Ab', 1, 'n', NOW), 'a A\n  n b\n  b B', 'n:0'],
  ['and opens it', '+a Ab', (db) => split(db, 'a', 'a', 'Ab', 0, 'n', NOW), 'a Ab\n  n', 'n:0'],

  ['merge with the sibling above', 'a One\nb Two', (db) => mergeUp(db, 'p', 'b', 'Two', NOW), 'a OneTwo', 'a:3'],
  ['merge with the deepest above', 'a A\n  b B\nc C', (db) => mergeUp(db, 'p', 'c', 'C', NOW), 'a A\n  b BC', 'b:1'],
  ['merge takes its children along', 'a A\nb B\n  c C\n  d D', (db) => mergeUp(db, 'p', 'b', 'B', NOW), 'a AB\n  c C\n  d D', 'a:1'],
  ['merge into the parent leaves its children there', 'a A\n  b B\n    c C\n  d D', (db) => mergeUp(db, 'p', 'b', 'B', NOW), 'a AB\n  c C\n  d D', 'a:1'],
  ['merge behind the children of a closed block opens it', '+a A\n  x X\nb B\n  c C', (db) => mergeUp(db, 'p', 'b', 'B', NOW), 'a AB\n  x X\n  c C', 'a:1'],
  ['merge turns references', 'a A\nb B\nc see ((b))', (db) => mergeUp(db, 'p', 'b', 'B', NOW), 'a AB\nc see ((a))', 'a:1'],
  ['the first block merges with nothing', 'a A\nb B', (db) => mergeUp(db, 'p', 'a', 'A', NOW), null],
  ['the first below a root that is a block merges with it', 'a A\n  b B', (db) => mergeUp(db, 'a', 'b', 'B', NOW), 'a AB', 'a:1'],
  ['the root merges with nothing', 'a A\nb B', (db) => mergeUp(db, 'b', 'b', 'B', NOW), null],
  ['an empty first block goes', 'a\nb B', (db) => mergeUp(db, 'p', 'a', '', NOW), 'b B', 'b:0'],
  ['the only block stays', 'a', (db) => mergeUp(db, 'p', 'a', '', NOW), null],

  ['indent', 'a A\nb B', (db) => indent(db, ['b']), 'a A\n  b B'],
  ['indent behind others', 'a A\n  x X\nb B\n  y Y', (db) => indent(db, ['b']), 'a A\n  x X\n  b B\n    y Y'],
  ['indent opens', '+a A\n  x X\nb B', (db) => indent(db, ['b']), 'a A\n  x X\n  b B'],
  ['indent several', 'a A\nb B\nc C', (db) => indent(db, ['b', 'c']), 'a A\n  b B\n  c C'],
  ['the first cannot be indented', 'a A\nb B', (db) => indent(db, ['a']), null],
  ['outdent', 'a A\n  b B\n  c C\nd D', (db) => outdent(db, 'p', ['b']), 'a A\n  c C\nb B\nd D'],
  ['outdent several', 'a A\n  b B\n  c C\nd D', (db) => outdent(db, 'p', ['b', 'c']), 'a A\nb B\nc C\nd D'],
  ['outdent at the top', 'a A', (db) => outdent(db, 'p', ['a']), null],
  ['outdent at the zoomed block', 'a A\n  b B', (db) => outdent(db, 'a', ['b']), null],

  ['move down', 'a A\nb B\nc C', (db) => shift(db, ['a'], 1), 'b B\na A\nc C'],
  ['move several up', 'a A\nb B\nc C', (db) => shift(db, ['b', 'c'], -1), 'b B\nc C\na A'],
  ['move up at the top', 'a A\nb B', (db) => shift(db, ['a'], -1), null],
  ['drag elsewhere', 'a A\n  b B\nc C\n  d D', (db) => moveTo(db, ['b'], 'c', 0), 'a A\nc C\n  b B\n  d D'],
  ['drag among siblings', 'a A\nb B\nc C', (db) => moveTo(db, ['a', 'b'], 'p', 1), 'c C\na A\nb B'],
  ['drag into itself', 'a A\n  b B', (db) => moveTo(db, ['a'], 'b', 0), null],

  ['insert a nested list', 'a A\nb B', (db) => insert(db, 'p', 1, [tree('x', 'X', [tree('y', 'Y')]), tree('z', 'Z')], NOW), 'a A\nx X\n  y Y\nz Z\nb B'],
  ['remove with what is below', 'a A\n  b B\n    c C\nd D', (db) => remove(db, ['a']), 'd D'],
  ['remove several', 'a A\nb B\nc C', (db) => remove(db, ['a', 'c']), 'b B'],
];

for (const [name, before, edit, after, caret] of rows) {
  test(name, () => {
    const db = outline(before);
    const result = edit(db);
    if (after === null) {
      assert.equal(result, undefined);
      return;
    }
    const changed = apply(db, result.forms ?? result);
    assert.equal(show(changed), text(after));
    assert.deepEqual(faultsOf(changed), []);
    if (caret) assert.equal(`${result.caret.uid}:${result.caret.at}`, caret);
  });
}

test('of a selection only the topmost blocks are taken', () => {
  const db = outline('a A\n  b B\nc C');
  assert.deepEqual(topmost(db, ['a', 'b', 'c']), ['a', 'c']);
});

/* Two edits made from one database and taken one after the other: as two people do. */
const together = [
  ['one moves a block, the other puts one above it', 'a A\nb B\nc C\nd D\ne E',
    (db) => moveTo(db, ['e'], 'p', 0), (db) => insert(db, 'p', 2, [tree('n', 'N')], NOW), 'e E\na A\nb B\nn N\nc C\nd D'],
  ['both put a block into one gap', 'a A\nb B',
    (db) => insert(db, 'p', 1, [tree('m', 'M')], NOW), (db) => insert(db, 'p', 1, [tree('n', 'N')], NOW), 'a A\nm M\nn N\nb B'],
  ['both append', 'a A',
    (db) => insert(db, 'p', 1, [tree('m', 'M')], NOW), (db) => insert(db, 'p', 1, [tree('n', 'N')], NOW), 'a A\nm M\nn N'],
  ['both move one block: the first stands', 'a A\nb B\nc C',
    (db) => moveTo(db, ['c'], 'a', 0), (db) => moveTo(db, ['c'], 'b', 0), 'a A\n  c C\nb B', /cas/],
  ['each moves a block below the other\'s: the first stands', 'a A\nb B',
    (db) => moveTo(db, ['a'], 'b', 0), (db) => moveTo(db, ['b'], 'a', 0), 'b B\n  a A', /cas/],
  ['both write one text: the second has to see the first', 'a A',
    (db) => setText(db, 'a', 'AB', true, NOW), (db) => setText(db, 'a', 'AC', true, NOW), 'a AB', /cas/],
  ['one removes what the other has moved away', 'a A\n  b B\nc C',
    (db) => moveTo(db, ['b'], 'c', 0), (db) => remove(db, ['b']), 'a A\nc C\n  b B', /cas/],
];

for (const [name, before, first, second, after, refusal] of together) {
  test(`together: ${name}`, () => {
    const db = outline(before);
    const [one, two] = [first(db), second(db)];
    let changed = apply(db, one);
    if (refusal) assert.throws(() => apply(changed, two), refusal);
    else changed = apply(changed, two);
    assert.equal(show(changed), text(after));
    assert.deepEqual(faultsOf(changed), []);
  });
}

test('a block is merged into the one above with what others did in time, or not at all', () => {
  const before = outline('a A\nb B ((c))\nc C\n  d D\n  e E\nf F');
  const { forms } = mergeUp(before, 'p', 'c', 'C', NOW);
  for (const theirs of [
    setText(before, 'c', 'C, written', true, NOW),
    setText(before, 'b', 'B ((c)), written', true, NOW),
    moveTo(before, ['d'], 'f', 0),
    moveTo(before, ['c'], 'f', 0),
  ]) {
    assert.throws(() => apply(apply(before, theirs), forms), /cas/);
  }
  assert.deepEqual(faultsOf(apply(before, forms)), []);
});
