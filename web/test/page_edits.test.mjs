// Renaming, merging and removing pages, their undoing, and what others do meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idOf, idOfTitle, readBlock, referrersOf, uidOf } from '../out/model/blocks.js';
import { insert, moveTo, setText, tree } from '../out/model/edit.js';
import { set } from '../out/model/forms.js';
import {
  mergePages, relink, removePage, renamePage, tidyTitle, titleFault, weightOf,
} from '../out/model/page_edits.js';
import { allPages } from '../out/model/pages.js';
import { setShortcut, shortcuts } from '../out/model/shortcuts.js';
import { recordStep, undoForms } from '../out/model/undo.js';
import { NOW, apply, faultsOf, outline, show, text } from './outline.mjs';

const write = (db, uid, words) => apply(db, setText(db, uid, words, true, NOW));
const titles = (db) => allPages(db).map((page) => page.title).sort();
const uidOfTitle = (db, title) => uidOf(db, idOfTitle(db, title));
const refsTo = (db, title) => referrersOf(db, idOfTitle(db, title)).map((id) => uidOf(db, id)).sort();

/* The page "Other" with X, and Y below it; `a` on the page "Page" links to it. */
function twoPages() {
  const db = write(outline('a A\nb B'), 'a', 'see [[Other]] and ((b))');
  return apply(db, insert(db, uidOfTitle(db, 'Other'), 0, [tree('x', 'X #Other', [tree('y', 'Y')])], NOW));
}

/* What is left of an edit when it is undone after `meanwhile`. */
function undone(db, forms, meanwhile = (now) => now) {
  const step = recordStep(db, forms);
  const now = meanwhile(apply(db, forms));
  return apply(now, undoForms(now, step, NOW));
}

test('titles are one line that a link can lead to', () => {
  assert.equal(tidyTitle('  The \n Republic '), 'The Republic');
  assert.equal(titleFault('On [[Plato]]'), undefined);
  assert.match(titleFault('a ]] b'), /No link could lead/);
  assert.match(titleFault('a [[ b'), /No link could lead/);
  assert.match(titleFault(''), /needs a title/);
});

test('renaming rewrites links, tags, attributes and titles that hold the title', () => {
  let db = write(outline('a A\nb B\nc C\nd D'), 'a', '[[Plato]], #[[Plato]] and #Plato');
  db = write(db, 'b', 'Plato:: [[On [[Plato]]]]');
  db = write(db, 'c', '`[[Plato]]`');
  db = write(db, 'd', '#Platonism of Plato');
  const uid = uidOfTitle(db, 'Plato');
  db = apply(db, renamePage(db, uid, 'Aristotle of Stagira', NOW));
  assert.equal(show(db), text(`
    a [[Aristotle of Stagira]], #[[Aristotle of Stagira]] and #[[Aristotle of Stagira]]
    b Aristotle of Stagira:: [[On [[Aristotle of Stagira]]]]
    c \`[[Plato]]\`
    d #Platonism of Plato`));
  assert.deepEqual(titles(db), ['Aristotle of Stagira', 'On [[Aristotle of Stagira]]', 'Page', 'Platonism']);
  assert.deepEqual(refsTo(db, 'Aristotle of Stagira'), ['a', 'b']);
  assert.throws(() => renamePage(db, uid, 'Page', NOW), /there is a page "Page" already/);
  db = apply(db, renamePage(db, uid, 'No: attribute', NOW));
  assert.equal(readBlock(db, 'b').text, '[[No: attribute]]:: [[On [[No: attribute]]]]');
});

test('of a renaming and what someone writes into a link\'s block at once, the second is refused and made again', () => {
  const before = twoPages();
  const forms = renamePage(before, uidOfTitle(before, 'Other'), 'New', NOW);
  const db = write(before, 'a', 'do see [[Other]]');
  assert.throws(() => apply(db, forms), /cas/);
  const again = apply(db, renamePage(db, uidOfTitle(db, 'Other'), 'New', NOW));
  assert.equal(readBlock(again, 'a').text, 'do see [[New]]');
});

test('a link to the old title that comes with a renaming is turned after it', () => {
  let db = twoPages();
  const uid = uidOfTitle(db, 'Other');
  const late = setText(db, 'b', '[[Other]] is late', true, NOW);
  db = apply(apply(db, late), renamePage(db, uid, 'New', NOW));
  assert.equal(readBlock(db, 'b').text, '[[Other]] is late');
  db = apply(db, relink(db, uid, 'Other', 'New', NOW));
  assert.equal(readBlock(db, 'b').text, '[[New]] is late');
  db = write(db, 'b', '[[Other]] is another page');
  assert.deepEqual(relink(db, uid, 'Other', 'New', NOW), []);
});

test('a renaming is undone in all links, but for one whose title has gone to another page', () => {
  const db = twoPages();
  const uid = uidOfTitle(db, 'Other');
  const forms = renamePage(db, uid, 'New', NOW);
  const back = undone(db, forms, (now) => apply(now, [set('a', ':block/string', 'see [[New]] and ((b)), they say')]));
  assert.deepEqual(titles(back), ['Other', 'Page']);
  assert.equal(readBlock(back, 'a').text, 'see [[Other]] and ((b)), they say');
  assert.equal(readBlock(back, 'x').text, 'X #Other');
  const kept = undone(db, forms, (now) => write(now, 'b', '[[Other]]'));
  assert.deepEqual(titles(kept), ['New', 'Other', 'Page']);
  assert.equal(readBlock(kept, 'a').text, 'see [[New]] and ((b))');
});

test('merging appends the blocks and turns links, references and the shortcut', () => {
  let db = twoPages();
  const other = uidOfTitle(db, 'Other');
  db = apply(db, setShortcut(db, other, true));
  db = apply(db, insert(db, other, 1, [tree('blank', '')], NOW));
  db = write(db, 'b', `B ((${other}))`);
  const merged = apply(db, mergePages(db, other, 'p', NOW));
  assert.equal(show(merged), text('a see [[Page]] and ((b))\nb B ((p))\nx X #Page\n  y Y'));
  assert.deepEqual(titles(merged), ['Page']);
  assert.deepEqual(refsTo(merged, 'Page'), ['a', 'b', 'x']);
  assert.deepEqual(shortcuts(merged).map((page) => page.title), ['Page']);
  assert.deepEqual(faultsOf(merged), []);

  const back = undone(db, mergePages(db, other, 'p', NOW));
  assert.equal(show(back), show(db));
  assert.equal(show(back, other), show(db, other));
  assert.deepEqual(refsTo(back, 'Other'), refsTo(db, 'Other'));
  assert.deepEqual(refsTo(back, 'Page'), []);
  assert.deepEqual(shortcuts(back).map((page) => page.title), ['Other']);
});

test('a merge is refused when a block has moved away meanwhile, or either page got another title', () => {
  const before = twoPages();
  const other = uidOfTitle(before, 'Other');
  const forms = mergePages(before, other, 'p', NOW);
  const moved = apply(before, moveTo(before, ['x'], 'b', 0));
  assert.throws(() => apply(moved, forms), /cas/);
  assert.throws(() => apply(apply(before, renamePage(before, 'p', 'Q', NOW)), forms), /cas/);
});

test('removing a page takes its blocks, leaves links as text, and can be undone', () => {
  const db = twoPages();
  const other = uidOfTitle(db, 'Other');
  assert.deepEqual(weightOf(db, other), { blocks: 2, references: 1 });
  assert.deepEqual(weightOf(db, 'p'), { blocks: 2, references: 0 });
  const forms = removePage(db, other);
  const gone = apply(db, forms);
  assert.equal(readBlock(gone, 'a').text, 'see [[Other]] and ((b))');
  assert.deepEqual([idOf(gone, 'x'), idOf(gone, 'y'), idOf(gone, other)], [undefined, undefined, undefined]);
  const back = undone(db, forms);
  assert.equal(show(back, other), show(db, other));
  assert.deepEqual(refsTo(back, 'Other'), ['a', 'x']);
  const twice = undone(db, forms, (now) => apply(now, [{ ':block/uid': 'else', ':node/title': 'Other' }]));
  assert.deepEqual(titles(twice), ['Other', 'Other (2)', 'Page']);
  assert.equal(show(twice, other), show(db, other));
});

test('a block that someone moves off a page in time is not removed with it', () => {
  const before = twoPages();
  const db = apply(before, moveTo(before, ['y'], 'p', 0));
  assert.throws(() => apply(db, removePage(before, uidOfTitle(before, 'Other'))), /cas/);
  assert.equal(show(apply(db, removePage(db, uidOfTitle(db, 'Other')))), 'y Y\na see [[Other]] and ((b))\nb B\n');
});
