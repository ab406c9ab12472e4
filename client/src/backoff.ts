/*
 * The pause before try number `tries` (from 0): full jitter under a doubling bound, so that the
 * clients of a gateway that went away do not come back all at once.
 */
export function backoffMs(tries: number, first_ms: number, last_ms: number): number {
  return Math.random() * Math.min(last_ms, first_ms * 2 ** tries);
}
