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

/* A page that never rests has such a turn all the same after this time. */
const IDLE_MAX_MS = 2_000;

/* Resolves in a turn with nothing else to do, where the platform knows one, with how long it may take. */
async function idleTurn(): Promise<number> {
  if (typeof requestIdleCallback !== 'function') {
    await nextTurn();
    return SLICE_MS;
  }
  const left_ms = await new Promise<number>((resolve) => {
    requestIdleCallback((deadline) => resolve(deadline.timeRemaining()), { timeout: IDLE_MAX_MS });
  });
  return Math.min(left_ms, SLICE_MS);
}

/* Drives `steps` to its end while there is nothing else to do; gives how long they took, or rejects with what they throw. */
export async function inIdleSlices(steps: Steps): Promise<number> {
  for (let took_ms = 0; ; ) {
    const slice_ms = await idleTurn();
    const begun_ms = performance.now();
    const { done } = driveFor(steps, slice_ms);
    took_ms += performance.now() - begun_ms;
    if (done) {
      return took_ms;
    }
  }
}

/* Drives `steps` to its end, a slice in each turn; rejects with what it throws. */
export async function inSlices<Result>(steps: Steps<Result>, slice_ms = SLICE_MS): Promise<Result> {
  for (;;) {
    const step = driveFor(steps, slice_ms);
    if (step.done) {
      return step.value;
    }
    await nextTurn();
  }
}

/* Drives `steps` for one slice; its last step. */
export function driveFor<Result>(steps: Steps<Result>, slice_ms: number): IteratorResult<void, Result> {
  const end_ms = performance.now() + slice_ms;
  for (;;) {
    const step = steps.next();
    if (step.done || performance.now() >= end_ms) {
      return step;
    }
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
  // Of what is nearly sorted only a few items are out of place, about where the runs meet.
  const first = firstWhere(a, (item) => compare(item, b[0]!) > 0);
  const last = firstWhere(b, (item) => compare(item, a[a.length - 1]!) >= 0);
  const merged: Item[] = [];
  for (let i = first, j = 0; i < a.length || j < last; ) {
    const isFirst = j >= last || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    merged.push(isFirst ? a[i++]! : b[j++]!);
    if (merged.length % RUN === 0) {
      yield;
    }
  }
  return a.slice(0, first).concat(merged, b.slice(last));
}

/* The first place in a sorted list from which on all items are such. */
function firstWhere<Item>(list: readonly Item[], isSuch: (item: Item) => boolean): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isSuch(list[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
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
