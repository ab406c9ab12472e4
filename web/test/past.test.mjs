// A page as it was: what is read of the server's answer, how two moments differ, and bringing one back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idOf, readBlock, referrersOf, uidOf } from '../out/model/blocks.js';
import { insert, moveTo, remove, setText, tree } from '../out/model/edit.js';
import { comparePast, diffTexts, isRestorable, readPast, restoreBlock, restorePage } from '../out/model/past.js';
import { recordStep, undoForms } from '../out/model/undo.js';
import { NOW, apply, faultsOf, outline, pastOf, show, text } from './outline.mjs';

const lines = (rows) => rows.map(({ block, depth, kind, runs }) => {
  const marks = { kept: '', added: '+', removed: '-' };
  const words = runs.length > 0 ? runs.map((run) => `${marks[run.kind]}{${run.text}}`).join('') : block.text;
  return `${'  '.repeat(depth)}${kind} ${words}`;
});

test('a pulled page is read in its order', () => {
  const block = (uid, order, more) => ({ ':block/uid': uid, ':block/string': uid.toUpperCase(), ':block/order': order, ...more });
  const pulled = {
    ':node/title': 'Page', ':block/uid': 'p',
    ':block/children': [
      block('b', 1, { ':block/open': false, ':block/heading': 2 }),
      block('a', 0, { ':block/children': [block('c', 0)] }),
      { ':db/id': 7 },
    ],
  };
  const page = readPast(pulled);
  assert.deepEqual([page.title, page.children.map((block) => block.uid)], ['Page', ['a', 'b']]);
  assert.deepEqual([page.children[1].heading, page.children[1].isOpen, page.children[0].children[0].text], [2, false, 'C']);
  assert.equal(readPast(null), undefined);
});

test('a task that was done is a box that changed, not its mark in the text', () => {
  const block = (text) => ({ uid: 'a', text, heading: 0, isOpen: true, order: 0, children: [] });
  const page = (text) => ({ ...block(''), uid: 'p', title: 'Page', children: [block(text)] });
  const rows = comparePast(page('{{[[TODO]]}} wine'), page('{{[[DONE]]}} red wine'));
  assert.deepEqual(lines(rows), ['changed -{☐}+{☑}{ }+{red }{wine}']);
});

test('texts differ by words', () => {
  const runs = diffTexts('the quick [[brown]] fox', 'the slow [[brown]] fox');
  assert.deepEqual(runs.map(({ kind, text: words }) => `${kind} ${words}`), [
    'kept the ', 'removed quick', 'added slow', 'kept  [[brown]] fox',
  ]);
  assert.deepEqual(diffTexts('', ''), []);
});

test('rows tell what was added, removed, changed and moved', () => {
  const before = outline('a one two\nb B\n  c C\nd D\n  e E\nf F');
  let after = apply(before, setText(before, 'a', 'one three', true, NOW));
  after = apply(after, moveTo(after, ['f'], 'a', 0));
  after = apply(after, moveTo(after, ['e'], 'p', 0));
  after = apply(after, remove(after, ['b']));
  after = apply(after, remove(after, ['d']));
  after = apply(after, insert(after, 'p', 2, [tree('n', 'new')], NOW));
  assert.deepEqual(lines(comparePast(pastOf(before), pastOf(after))), [
    'moved E', 'changed {one }-{two}+{three}', '  moved F', 'removed B', '  removed C', 'removed D', 'added new',
  ]);
  assert.deepEqual(lines(comparePast(pastOf(before), pastOf(before))).filter((line) => !line.trim().startsWith('same')), []);
  assert.deepEqual(lines(comparePast(undefined, pastOf(outline('a A\n  b B')))), ['added A', '  added B']);
  assert.deepEqual(lines(comparePast(pastOf(outline('a A\n  b B')), undefined)), ['removed A', '  removed B']);
});

test('a block gets its text back, or comes back itself with what was below it and its references', () => {
  const before = outline('a A\nb see [[Page]]\n  c C ((a))\nd D');
  const past = pastOf(before).children[1];
  const changed = apply(before, setText(before, 'b', 'other', true, NOW));
  assert.deepEqual([isRestorable(before, past), isRestorable(changed, past)], [false, true]);
  assert.equal(show(apply(changed, restoreBlock(changed, 'p', 'p', past, NOW))), show(before));
  const gone = apply(before, remove(before, ['b']));
  const back = apply(gone, restoreBlock(gone, 'p', 'p', past, NOW));
  assert.equal(show(back), show(before));
  assert.deepEqual(referrersOf(back, idOf(back, 'a')).map((id) => uidOf(back, id)), ['c']);
  assert.deepEqual(referrersOf(back, idOf(back, 'p')).map((id) => uidOf(back, id)), ['b']);
  const orphaned = pastOf(before).children[1].children[0];
  assert.equal(show(apply(gone, restoreBlock(gone, 'p', 'b', orphaned, NOW))), 'c C ((a))\na A\nd D\n');
});

test('a page is made what it was, in one edit that can be undone', () => {
  const before = outline('a A\n  b B\n    c C\nd D ((c))\ne E');
  let after = apply(before, moveTo(before, ['a'], 'd', 0));
  after = apply(after, moveTo(after, ['c'], 'p', 0));
  after = apply(after, setText(after, 'e', 'E and more', true, NOW));
  after = apply(after, insert(after, 'c', 0, [tree('n', 'new', [tree('m', 'newer')])], NOW));
  after = apply(after, remove(after, ['b']));
  after = apply(after, [{ ':block/uid': 'q', ':node/title': 'Q' }]);
  after = apply(after, moveTo(after, ['e'], 'q', 0));
  const forms = restorePage(after, pastOf(before), NOW);
  const back = apply(after, forms);
  assert.equal(show(back), show(before));
  assert.equal(show(back, 'q'), '');
  assert.deepEqual(faultsOf(back), []);
  assert.equal(idOf(back, 'n'), undefined);
  const undone = apply(back, undoForms(back, recordStep(after, forms), NOW));
  assert.equal(show(undone), show(after));
  assert.equal(show(undone, 'q'), show(after, 'q'));
  assert.deepEqual(restorePage(before, pastOf(before), NOW), []);
});

test('a page that was removed comes back', () => {
  const before = outline('a A\n  b B');
  const past = pastOf(before);
  const gone = apply(before, ['a', 'b', 'p'].map((uid) => [':db/retractEntity', [':block/uid', uid]]));
  const back = apply(gone, restorePage(gone, past, NOW));
  assert.equal(show(back), text('a A\n  b B'));
  assert.equal(readBlock(back, 'p').title, 'Page');
});

test('a page whose title another page has by now comes back under one like it', () => {
  const past = pastOf(outline('a A'));
  const taken = apply(apply(outline('a A'), remove(outline('a A'), ['p'])), [{ ':block/uid': 'q', ':node/title': 'Page' }]);
  const back = apply(taken, restorePage(taken, past, NOW));
  assert.deepEqual([readBlock(back, 'p').title, show(back)], ['Page (2)', 'a A\n']);
});

test('of a restoration and what someone moves or writes at once, the second is refused and made again', () => {
  const before = outline('a A\nb B');
  const after = apply(before, setText(before, 'a', 'A2', true, NOW));
  const forms = restorePage(after, pastOf(before), NOW);
  const meanwhile = apply(after, setText(after, 'a', 'A3', true, NOW));
  assert.throws(() => apply(meanwhile, forms), /cas/);
});
