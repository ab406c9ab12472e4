/* The pause before try number `tries` (from 0): full jitter under a doubling bound, so that the
 * clients of a gateway that went away do not come back all at once. */
const FIRST_MS = 100;
const LAST_MS = 5_000;

export function backoffMs(tries: number): number {
  return Math.random() * Math.min(LAST_MS, FIRST_MS * 2 ** tries);
}
