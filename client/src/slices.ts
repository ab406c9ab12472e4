/*
 * Long work in slices, between which the page can breathe. Such work is a generator that yields
 * every few hundred steps; whoever drives it decides when to go on.
 */
export type Steps<Result = void> = Generator<void, Result, void>;

/* A slice ends at the first yield after this time. A frame of a page at 60 Hz has 16 ms. */
export const SLICE_MS = 10;

/* Resolves in a later turn of the event loop, after what waits there already. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // setTimeout would wait 4 ms or, in a tab in the background, a second.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/* Drives `steps` to its end, a slice in each turn; rejects with what it throws. */
export async function inSlices<Result>(steps: Steps<Result>, slice_ms = SLICE_MS): Promise<Result> {
  for (;;) {
    const end_ms = performance.now() + slice_ms;
    do {
      const step = steps.next();
      if (step.done) {
        return step.value;
      }
    } while (performance.now() < end_ms);
    await nextTurn();
  }
}

const RUN = 1024;

/* Sorts in place of Array.prototype.sort, which cannot be interrupted: sorted runs, merged pairwise. */
export function* sortInSteps<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number): Steps<Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += RUN) {
    runs.push(items.slice(at, at + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(runs[i + 1] ? yield* merge(runs[i]!, runs[i + 1]!, compare) : runs[i]!);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<Item>(a: Item[], b: Item[], compare: (a: Item, b: Item) => number): Steps<Item[]> {
  if (compare(a[a.length - 1]!, b[0]!) <= 0) {
    return a.concat(b);
  }
  const merged: Item[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const isFirst = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    merged.push(isFirst ? a[i++]! : b[j++]!);
    if (merged.length % RUN === 0) {
      yield;
    }
  }
  return merged;
}

/* Drives `steps` to its end without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) {
      return step.value;
    }
  }
}
