/*
 * Where a block stands among its siblings: a number in :block/order.
 *
 * Graphs of Roam and Athens hold 0, 1, 2, ... To put a block between two others there, all that follow
 * must be numbered again; when two people do so at once, each writes over the other's numbers and
 * blocks jump. So a block that is put between two others gets a number between theirs (fractional
 * indexing), and the others are left alone: edits at once change different blocks, and in whatever order the
 * server takes them, everybody sees the same. Two blocks put into one gap at once may get one number; uids
 * decide then. Programs that sort by :block/order, as Athens does, read this as it is.
 *
 * At either end the next whole number is taken. A new block takes the first part of its gap, since
 * the next will most often follow it: about 70 lines can be typed into a gap of 1. When no room
 * is left, the fewest neighbours that make room are numbered again.
 */

/* Below this share of the numbers' size a gap counts as closed; doubles end at 2^-52. */
const GAP_MIN = 2 ** -30;

export interface Placing {
  /* For the new blocks, from the first to the last. */
  readonly orders: readonly number[];
  /* New numbers for siblings, by their index. */
  readonly moved: ReadonlyMap<number, number>;
}

/* Numbers for `count` blocks before `siblings[index]`. The siblings' orders are sorted; Infinity: none. */
export function place(siblings: readonly number[], index: number, count: number): Placing {
  for (let reach = 0; ; reach++) {
    const from = Math.max(0, index - reach);
    const to = Math.min(siblings.length, index + reach);
    const orders = between(siblings[from - 1], siblings[to], count + to - from);
    if (orders) {
      const moved = new Map<number, number>();
      for (let i = from; i < to; i++) {
        moved.set(i, orders[i < index ? i - from : i - from + count]!);
      }
      return { orders: orders.slice(index - from, index - from + count), moved };
    }
  }
}

function between(before: number | undefined, after: number | undefined, count: number): number[] | undefined {
  const all = Array.from({ length: count }, (_, i) => i);
  if (before === Infinity) {
    return undefined;
  }
  if (after === undefined || after === Infinity) {
    const first = before === undefined ? 0 : Math.floor(before) + 1;
    return all.map((i) => first + i);
  }
  if (before === undefined) {
    const first = Math.ceil(after) - count;
    return all.map((i) => first + i);
  }
  const gap = after - before;
  const step = gap / (count + 3);
  if (count > 0 && step <= GAP_MIN * Math.max(1, Math.abs(before), Math.abs(after))) {
    return undefined;
  }
  return all.map((i) => before + step * (i + 1));
}
