// All pages with what they are sorted by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../client/dist/slices.js';
import { idOfTitle, uidOf } from '../out/model/blocks.js';
import { insert, tree } from '../out/model/edit.js';
import { pageRows, sortRows } from '../out/model/page_table.js';
import { makePage } from '../out/model/pages.js';
import { NOW, apply, outline, refOf } from './outline.mjs';

const page = (db, title, now) => apply(db, makePage(db, title, now).forms);

test('a page counts all blocks below it, what refers to it, and is as new as the latest of them', () => {
  let db = outline('a [[Plato]]\n  b [[Plato]]\n    c and #Plato\nd last');
  db = apply(db, [[':db/add', refOf('c'), ':edit/time', 9_000]]);
  const rows = atOnce(pageRows(db)).map(({ title, blocks, links, created, edited }) => [title, blocks, links, created, edited]);
  assert.deepEqual(rows, [['Page', 4, 0, 0, 9_000], ['Plato', 0, 3, NOW, NOW]]);
});

test('blocks on no page, and those in a circle, count nowhere', () => {
  let db = apply(outline('a A'), [
    { ':block/uid': 'x', ':block/string': '' }, { ':block/uid': 'y', ':block/string': '' }, { ':block/uid': 'z', ':block/string': '' },
    [':db/add', refOf('x'), ':block/children', refOf('y')],
  ]);
  assert.deepEqual(atOnce(pageRows(db)).map((row) => row.blocks), [1]);
  db = apply(db, [[':db/add', refOf('y'), ':block/children', refOf('x')], [':db/add', refOf('z'), ':block/children', refOf('z')]]);
  assert.deepEqual(atOnce(pageRows(db)).map((row) => row.blocks), [1]);
});

test('rows are sorted by any column, either way, and then by title', () => {
  let db = page(page(page(outline(''), 'B 10', 1), 'a', 3), 'B 9', 2);
  db = apply(db, insert(db, uidOf(db, idOfTitle(db, 'a')), 0, [tree('t', 'text')], 5));
  const order = (column, isDown) => sortRows(atOnce(pageRows(db)), column, isDown).map((row) => row.title).join(', ');
  assert.equal(order('title', false), 'a, B 9, B 10, Page');
  assert.equal(order('title', true), 'Page, B 10, B 9, a');
  assert.equal(order('created', true), 'a, B 9, B 10, Page');
  assert.equal(order('blocks', true), 'a, B 9, B 10, Page');
  assert.equal(order('edited', true), 'a, B 9, B 10, Page');
});
