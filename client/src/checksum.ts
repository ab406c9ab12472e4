/*
 * The checksum of PROTOCOL.md over the datoms that a client holds: two sums modulo 2^32 of XXH32,
 * with seed 0 and with seed 1, of the canonical MessagePack of [e a v tx]. It does not depend on
 * order, so it is kept up as datoms come and go.
 */
import { Writer } from './msgpack.js';
import { Keyword, type Value } from './values.js';

export class Checksum {
  private low = 0;
  private high = 0;
  private readonly writer = new Writer(true);
  /* Attributes as they are written: few, and one in each datom. */
  private readonly attributes = new Map<string, Uint8Array>();

  /* `attribute` is an ident without colon; `value` is as decoded, not as a mirror holds it. */
  add(entity: number, attribute: string, value: Value, tx: number): void {
    const bytes = this.encode(entity, attribute, value, tx);
    this.addEncoded(bytes, 0, bytes.length);
  }

  /* Adds a datom whose canonical encoding is `bytes` from `start` to `end`. */
  addEncoded(bytes: Uint8Array, start: number, end: number): void {
    this.high = (this.high + xxh32(bytes, 0, start, end)) >>> 0;
    this.low = (this.low + xxh32(bytes, 1, start, end)) >>> 0;
  }

  subtract(entity: number, attribute: string, value: Value, tx: number): void {
    const bytes = this.encode(entity, attribute, value, tx);
    this.high = (this.high - xxh32(bytes, 0)) >>> 0;
    this.low = (this.low - xxh32(bytes, 1)) >>> 0;
  }

  toString(): string {
    return hex(this.high) + hex(this.low);
  }

  private encode(entity: number, attribute: string, value: Value, tx: number): Uint8Array {
    const attributeBytes = this.attributes.get(attribute) ?? this.writeAttribute(attribute);
    this.writer.clear();
    this.writer.array(4);
    this.writer.write(entity);
    this.writer.raw(attributeBytes);
    this.writer.write(value);
    this.writer.write(tx);
    return this.writer.bytes();
  }

  private writeAttribute(attribute: string): Uint8Array {
    this.writer.clear();
    this.writer.write(Keyword.of(attribute));
    const bytes = this.writer.bytes().slice();
    this.attributes.set(attribute, bytes);
    return bytes;
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function round(sum: number, input: number): number {
  return Math.imul(rotate((sum + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1);
}

/* XXH32 as in github.com/Cyan4973/xxHash, doc/xxhash_spec.md, of `bytes` from `start` to `end`. */
export function xxh32(bytes: Uint8Array, seed: number, start = 0, end = bytes.length): number {
  let at = start;
  let hash: number;
  if (end - start >= 16) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    for (; at + 16 <= end; at += 16) {
      a = round(a, word(bytes, at));
      b = round(b, word(bytes, at + 4));
      c = round(c, word(bytes, at + 8));
      d = round(d, word(bytes, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    hash = (seed + PRIME_5) | 0;
  }
  hash = (hash + end - start) | 0;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(word(bytes, at), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < end; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1);
  }
  return avalanche(hash);
}

function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
