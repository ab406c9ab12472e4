/*
 * What takes long to work out of the graph: in slices between which keys and frames get their turn, and anew when the
 * graph or `key` changes. Another key drops what is going on; another graph waits until it is done, or edits of others
 * that come in faster than one pass takes would put off its end for ever.
 */
import { signal, useComputed, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { inSlices, type Steps } from '../../../client/dist/slices.js';
import { graph } from '../desk.js';
import type { Db } from '../model/blocks.js';

/* A frame has 16 ms, and the browser wants most of them. */
export const SLICE_MS = 3;

export interface Sliced<Key, Result> {
  readonly key: Key;
  readonly result: Result;
}

interface Run<Key> {
  readonly key: Key;
  isBehind: boolean;
}

/* The latest result with the key that it is for, which may be an older one; undefined before the first. */
export function useSliced<Key, Result>(
  key: () => Key, begin: (db: Db, key: Key) => Steps<Result>,
): ReadonlySignal<Sliced<Key, Result> | undefined> {
  const state = useRef({ found: signal<Sliced<Key, Result> | undefined>(undefined), run: undefined as Run<Key> | undefined });
  const wanted = useComputed(key);
  useSignalEffect(() => {
    const [db, current] = [graph.db.value, wanted.value];
    const { run } = state.current;
    if (run?.key === current) run.isBehind = true;
    else void start(db, current);
  });
  useEffect(() => () => void (state.current.run = undefined), []);
  const start = async (db: Db, current: Key): Promise<void> => {
    const run = { key: current, isBehind: false };
    state.current.run = run;
    const result = await inSlices(whileCurrent(begin(db, current), () => state.current.run === run), SLICE_MS);
    if (result === undefined) return;
    state.current.run = undefined;
    state.current.found.value = { key: current, result };
    if (run.isBehind) void start(graph.db.peek(), current);
  };
  return state.current.found;
}

/* Ends with undefined as soon as nobody wants the result any more. */
export function* whileCurrent<Result>(steps: Steps<Result>, isCurrent: () => boolean): Steps<Result | undefined> {
  while (isCurrent()) {
    const step = steps.next();
    if (step.done) return step.value;
    yield;
  }
  return undefined;
}
