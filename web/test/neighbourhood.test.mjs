// The pages around a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../client/dist/slices.js';
import { idOfTitle, uidOf } from '../out/model/blocks.js';
import { insert, tree } from '../out/model/edit.js';
import { neighbourhood } from '../out/model/neighbourhood.js';
import { makePage } from '../out/model/pages.js';
import { NOW, apply, outline } from './outline.mjs';

/* A graph of pages by the texts of their blocks, with one below it. */
function graph(pages) {
  return Object.entries(pages).reduce((db, [title, text]) => {
    const made = apply(db, makePage(db, title, NOW).forms);
    const page = uidOf(made, idOfTitle(made, title));
    return apply(made, insert(made, page, 0, [tree(`${title}1`, '', [tree(`${title}2`, text)])], NOW));
  }, outline(''));
}

function around(db, title, depth, limit = 100) {
  const { nodes, edges, leftOut } = atOnce(neighbourhood(db, uidOf(db, idOfTitle(db, title)), depth, limit));
  const titles = new Map(nodes.map((node) => [node.uid, node.title]));
  return {
    nodes: nodes.map((node) => `${node.title}${node.distance}`).join(' '),
    edges: edges.map((edge) => [titles.get(edge.source), titles.get(edge.target)].sort().join('')).sort().join(' '),
    leftOut,
  };
}

const db = graph({ B: '[[D]]', C: 'c', D: '[[E]] [[A]]', E: '', F: '[[F]]', A: '[[B]] ((C2))' });

test('pages are linked by their blocks, either way, to a depth', () => {
  assert.deepEqual(around(db, 'A', 1), { nodes: 'A0 B1 D1 C1', edges: 'AB AC AD BD', leftOut: 0 });
  assert.deepEqual(around(db, 'A', 2), { nodes: 'A0 B1 D1 C1 E2', edges: 'AB AC AD BD DE', leftOut: 0 });
  assert.deepEqual(around(db, 'C', 1), { nodes: 'C0 A1', edges: 'AC', leftOut: 0 });
  assert.deepEqual(around(db, 'C', 3), { nodes: 'C0 A1 B2 D2 E3', edges: 'AB AC AD BD DE', leftOut: 0 });
  assert.deepEqual(around(db, 'F', 3), { nodes: 'F0', edges: '', leftOut: 0 });
});

test('a block stands for its page; what is on no page has nothing around it', () => {
  assert.equal(atOnce(neighbourhood(db, 'A2', 1, 100)).nodes[0].title, 'A');
  assert.deepEqual(atOnce(neighbourhood(db, 'nothing', 1, 100)), { nodes: [], edges: [], leftOut: 0 });
});

test('of too many pages those with the most links stay, and the others are counted', () => {
  const many = graph({ N: '', O: '', P: '', Q: '[[O]]', M: '[[N]] [[O]] [[P]] ((O2))' });
  assert.deepEqual(around(many, 'M', 1, 2), { nodes: 'M0 O1', edges: 'MO', leftOut: 2 });
  assert.deepEqual(around(many, 'M', 2, 3).leftOut, 2);
});
