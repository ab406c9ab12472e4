/* Repeatable chance: a test prints its seed, and STOA_SEED gives it back. */

export function seedOf(t) {
  const seed = Number(process.env.STOA_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}: repeat with STOA_SEED=${seed}`);
  return seed;
}

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /* Mulberry32: a number in [0, 1). */
  next() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /* A whole number in [0, bound). */
  below(bound) {
    return Math.floor(this.next() * bound);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  chance(share) {
    return this.next() < share;
  }

  /* Letters and digits, as block uids have them. */
  name(length) {
    return Array.from({ length }, () => this.below(36).toString(36)).join('');
  }
}
