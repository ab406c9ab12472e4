// Pages in the sidebar and their order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShortcut, moveShortcut, setShortcut, shortcuts } from '../out/model/shortcuts.js';
import { idOfTitle, uidOf } from '../out/model/blocks.js';
import { makePage } from '../out/model/pages.js';
import { NOW, apply, outline } from './outline.mjs';

const uid = (db, title) => uidOf(db, idOfTitle(db, title));
const titles = (db) => shortcuts(db).map((page) => page.title).join(' ');

function pinned(...names) {
  const db = names.reduce((made, title) => apply(made, makePage(made, title, NOW).forms), outline(''));
  return names.reduce((made, title) => apply(made, setShortcut(made, uid(made, title), true)), db);
}

test('a page is pinned at the end, once, and taken out', () => {
  const db = pinned('A', 'B', 'C');
  assert.equal(titles(db), 'A B C');
  assert.deepEqual(setShortcut(db, uid(db, 'A'), true), []);
  const out = apply(db, setShortcut(db, uid(db, 'B'), false));
  assert.equal(titles(out), 'A C');
  assert.equal(isShortcut(out, uid(out, 'B')), false);
});

test('a shortcut moves among the others, and the others are left alone', () => {
  const db = pinned('A', 'B', 'C', 'D');
  const rows = [['D', 1, 'A D B C'], ['A', 2, 'B C A D'], ['B', 9, 'A C D B'], ['C', -1, 'C A B D']];
  for (const [title, index, order] of rows) {
    const forms = moveShortcut(db, uid(db, title), index);
    assert.equal(forms.length, 1, order);
    assert.equal(titles(apply(db, forms)), order);
  }
  assert.deepEqual(moveShortcut(db, uid(db, 'B'), 1), []);
  assert.deepEqual(moveShortcut(db, 'nothing', 1), []);
});

test('one comes between two that were pinned at the same place', () => {
  let db = pinned('A', 'B', 'C');
  db = apply(db, [uid(db, 'A'), uid(db, 'B')].map((each) => [':db/add', [':block/uid', each], ':page/sidebar', 5]));
  const [first, second] = shortcuts(db).map((page) => page.title).filter((title) => title !== 'C');
  assert.equal(titles(apply(db, moveShortcut(db, uid(db, 'C'), 1))), `${first} C ${second}`);
});
