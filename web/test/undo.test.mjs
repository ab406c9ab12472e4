// Undo and redo: alone they give back what was; among the edits of others they leave those alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, recordStep, undoForms } from '../out/model/undo.js';
import { referrersOf, idOf, uidOf, valueOf } from '../out/model/blocks.js';
import { indent, insert, mergeUp, moveTo, outdent, remove, setText, shift, split, tree } from '../out/model/edit.js';
import { NOW, apply, faultsOf, outline, show, text } from './outline.mjs';

const START = 'a A\n  b B [[Page]]\n  +c C\n    d D\ne see ((b))';

const formsOf = (result) => result.forms ?? result;

const edits = {
  text: (db) => setText(db, 'a', 'new [[Other]]', true, NOW),
  split: (db) => split(db, 'p', 'b', 'B [[Page]]', 1, 'n', NOW),
  merge: (db) => mergeUp(db, 'p', 'c', 'C', NOW),
  mergeReferred: (db) => mergeUp(db, 'p', 'b', 'B', NOW),
  indent: (db) => indent(db, ['e']),
  outdent: (db) => outdent(db, 'p', ['b']),
  shift: (db) => shift(db, ['b'], 1),
  move: (db) => moveTo(db, ['c'], 'p', 0),
  insert: (db) => insert(db, 'a', 1, [tree('x', 'X', [tree('y', 'Y [[Page]]')])], NOW),
  remove: (db) => remove(db, ['a']),
};

/* The outline and every reference. */
function whole(db) {
  const refs = ['a', 'b', 'p'].map((uid) => {
    const id = idOf(db, uid);
    return id === undefined ? '-' : referrersOf(db, id).map((each) => uidOf(db, each)).sort().join();
  });
  return `${show(db)}${refs.join(' ')}`;
}

for (const [name, edit] of Object.entries(edits)) {
  test(`undo and redo of ${name}`, () => {
    const before = outline(START);
    const history = new History();
    const forms = formsOf(edit(before));
    history.add(before, forms);
    const after = apply(before, forms);
    assert.notEqual(whole(after), whole(before));
    const undone = apply(after, history.undo(after, NOW).forms);
    assert.equal(whole(undone), whole(before));
    assert.deepEqual(faultsOf(undone), []);
    const redone = apply(undone, history.redo(undone, NOW).forms);
    assert.equal(whole(redone), whole(after));
    const again = apply(redone, history.undo(redone, NOW).forms);
    assert.equal(whole(again), whole(before));
  });
}

/* mine is undone after theirs. */
const among = [
  ['their text in another block', 'a A\nb B', (db) => setText(db, 'a', 'mine', true, NOW), (db) => setText(db, 'b', 'theirs', true, NOW), 'a A\nb theirs'],
  ['their words in my text', 'a one', (db) => setText(db, 'a', 'one two', true, NOW), (db) => setText(db, 'a', 'zero one two', true, NOW), 'a zero one'],
  ['my new block, in which they have written', 'a A', (db) => insert(db, 'p', 1, [tree('n', 'mine')], NOW), (db) => setText(db, 'n', 'mine, and theirs', true, NOW), 'a A\nn mine, and theirs'],
  ['my new block, below which they have written', 'a A', (db) => insert(db, 'p', 1, [tree('n', 'mine')], NOW), (db) => insert(db, 'n', 0, [tree('t', 'theirs')], NOW), 'a A\nn mine\n  t theirs'],
  ['a block that they moved on', 'a A\nb B\nc C', (db) => moveTo(db, ['c'], 'a', 0), (db) => moveTo(db, ['c'], 'b', 0), 'a A\nb B\n  c C'],
  ['a block whose old parent they removed', 'a A\n  b B\nc C', (db) => moveTo(db, ['b'], 'c', 0), (db) => remove(db, ['a']), 'c C\n  b B'],
  ['a block that they removed', 'a A\nb B', (db) => setText(db, 'b', 'mine', true, NOW), (db) => remove(db, ['b']), 'a A'],
  ['a removal, after they removed the place of what was removed', 'a A\n  b B\n    c C\nd D', (db) => remove(db, ['b']), (db) => remove(db, ['a']), 'd D'],
  ['a removal, after they wrote beside it', 'a A\nb B', (db) => remove(db, ['a']), (db) => setText(db, 'b', 'theirs', true, NOW), 'a A\nb theirs'],
];
for (const [name, before, mine, theirs, after] of among) {
  test(`undo among others: ${name}`, () => {
    const history = new History();
    let db = outline(before);
    const forms = formsOf(mine(db));
    history.add(db, forms);
    db = apply(db, forms);
    db = apply(db, formsOf(theirs(db)));
    db = apply(db, history.undo(db, NOW).forms);
    assert.equal(show(db), text(after));
    assert.deepEqual(faultsOf(db), []);
  });
}

test('one run of typing is one step', () => {
  const history = new History();
  let db = outline('a A');
  for (const words of ['Ab', 'Abc', 'Abcd']) {
    const forms = setText(db, 'a', words, false, NOW);
    history.add(db, forms, 'a');
    db = apply(db, forms);
  }
  db = apply(db, history.undo(db, NOW).forms);
  assert.equal(show(db), text('a A'));
  assert.deepEqual(history.undo(db, NOW).forms, []);
  db = apply(db, history.redo(db, NOW).forms);
  assert.equal(show(db), text('a Abcd'));
});

test('a new block in which someone writes at the moment of its undoing stays', () => {
  const before = outline('a A');
  const history = new History();
  const forms = insert(before, 'p', 1, [tree('n', 'mine')], NOW);
  history.add(before, forms);
  const after = apply(before, forms);
  const { forms: taking, again } = history.undo(after, NOW);
  assert.equal(show(apply(after, taking)), 'a A\n');
  const written = apply(after, setText(after, 'n', 'mine, and theirs', true, NOW));
  assert.throws(() => apply(written, taking), /cas/);
  assert.equal(show(apply(written, again(written))), 'a A\nn mine, and theirs\n');
});

test('what others do at the moment of an undoing makes it fail, and is there after it is made again', () => {
  const cases = [
    ['a aa\nb B', (db) => setText(db, 'a', 'aa bb', true, NOW), (db) => setText(db, 'a', 'zz aa bb', true, NOW), 'a zz aa\nb B\n'],
    ['a A\nb B\nc C', (db) => moveTo(db, ['c'], 'a', 0), (db) => moveTo(db, ['c'], 'b', 0), 'a A\nb B\n  c C\n'],
  ];
  for (const [start, mine, theirs, after] of cases) {
    const before = outline(start);
    const history = new History();
    history.add(before, formsOf(mine(before)));
    const seen = apply(before, formsOf(mine(before)));
    const { forms, again } = history.undo(seen, NOW);
    const db = apply(seen, formsOf(theirs(seen)));
    assert.throws(() => apply(db, forms), /cas/);
    assert.equal(show(apply(db, again(db))), after);
  }
});

test('what is brought back before the server has taken it away comes to no second place', () => {
  const before = outline('a A\n  b B\nc C');
  const history = new History();
  const taking = remove(before, ['b']);
  history.add(before, taking);
  const { forms, again } = history.undo(apply(before, taking), NOW);
  assert.equal(show(apply(apply(before, taking), forms)), 'a A\n  b B\nc C\n');
  const moved = apply(before, moveTo(before, ['b'], 'c', 0));
  assert.throws(() => apply(moved, taking), /cas/);
  assert.throws(() => apply(moved, forms), /cas/);
  assert.deepEqual(again(moved), []);
});

test('undoing compares the way to a place once, however many blocks go back there', () => {
  const before = outline('a A\n  b B\n    c C\n    d D\n    e E\nf F');
  const taking = moveTo(before, ['c', 'd', 'e'], 'f', 0);
  const forms = undoForms(apply(before, taking), recordStep(before, taking), NOW);
  assert.equal(show(apply(apply(before, taking), forms)), show(before));
  assert.equal(new Set(forms.map((form) => JSON.stringify(form))).size, forms.length);
});

test('what comes back is as old as it was, but for its time of editing, by which a rescue knows it from what went', () => {
  const before = apply(outline('a A\nb B'), [{ ':block/uid': 'b', ':create/time': 5, ':edit/time': 6 }]);
  const taking = remove(before, ['b']);
  const after = apply(before, taking);
  const back = apply(after, undoForms(after, recordStep(before, taking), NOW));
  assert.deepEqual([':create/time', ':edit/time'].map((each) => valueOf(back, idOf(back, 'b'), each)), [5, NOW]);
});
