// Numbers for places among siblings: always between the neighbours, few written again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { place } from '../out/model/order.js';

const rows = [
  ['the first of all', [], 0, 1, [0], 0],
  ['at the end', [0, 1, 2], 3, 2, [3, 4], 0],
  ['at the end of fractions', [0, 1.25], 2, 1, [2], 0],
  ['at the start', [0, 1], 0, 2, [-2, -1], 0],
  ['between two', [0, 1], 1, 1, [0.25], 0],
  ['several between two', [0, 1], 1, 5, [0.125, 0.25, 0.375, 0.5, 0.625], 0],
  ['between two that have one number', [0, 1, 1, 2], 2, 1, [1.0], 2],
  ['behind siblings with no number', [0, Infinity, Infinity], 3, 1, [3], 2],
];

for (const [name, siblings, index, count, orders, moved] of rows) {
  test(name, () => {
    const placing = place(siblings, index, count);
    if (moved === 0) assert.deepEqual(placing.orders, orders);
    assert.equal(placing.moved.size, moved);
    assertSorted(siblings, index, placing);
  });
}

function after(siblings, index, { orders, moved }) {
  const kept = siblings.map((order, i) => moved.get(i) ?? order);
  return [...kept.slice(0, index), ...orders, ...kept.slice(index)];
}

function assertSorted(siblings, index, placing) {
  const all = after(siblings, index, placing);
  const from = Math.max(0, index - placing.moved.size - 1);
  for (let i = from + 1; i < Math.min(all.length, index + placing.orders.length + placing.moved.size + 1); i++) {
    assert(all[i - 1] < all[i], `${all} is not sorted at ${i}`);
  }
}

test('a thousand blocks typed into one gap, at random places too, stay in order and write few others again', () => {
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = (n) => {
    state = (state * 48271) % 2147483647; // Park and Miller, 1988
    return state % n;
  };
  let siblings = [0, 1, 2];
  let moved = 0;
  for (let i = 0; i < 1000; i++) {
    const index = i < 500 ? 1 + i : random(siblings.length + 1);
    const placing = place(siblings, index, 1);
    moved += placing.moved.size;
    siblings = after(siblings, index, placing);
  }
  siblings.forEach((order, i) => assert(i === 0 || siblings[i - 1] < order, `seed ${seed}: at ${i}`));
  assert(moved < 1000, `seed ${seed}: ${moved} numbers written again`);
});
