/*
 * MessagePack (github.com/msgpack/msgpack, spec.md) with the extension types of PROTOCOL.md: 1
 * keyword, 2 symbol, 3 uuid, 4 set (an encoded array), -1 timestamp.
 *
 * The reader checks each count against the bytes left before it allocates, and limits depth.
 *
 * npm's @msgpack/msgpack and msgpackr do not serve here: maps have keys of any type, longs are numbers
 * or bigints by their size, and checksums are taken over a canonical form that sorts sets and maps by
 * their encoded bytes.
 */
import {
  DEPTH_MAX, DecodeError, Double, Keyword, List, LONG_MAX, Sym, Uuid,
  entriesOf, instantOf, isFields, isLong, keywordOf, longOf, mapOf, msOf, symOf, type Value,
} from './values.js';

const EXT_KEYWORD = 1;
const EXT_SYMBOL = 2;
const EXT_UUID = 3;
const EXT_SET = 4;
const EXT_TIMESTAMP = -1;

/*
 * Where the items of an array stand in the bytes that they were read from: item i ends where i + 1 begins. Whose
 * encoding may not be the canonical one is `odd`.
 */
export interface Places {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly odd: ReadonlySet<number>;
}

/* The field of messages whose items' places are kept. */
const PLACED = 'datoms';

const placed = new WeakMap<readonly Value[], Places>();

/* The places of an array's items; known of what was read as `datoms`. */
export function placesOf(items: readonly Value[]): Places | undefined {
  return placed.get(items);
}

/* Reads one value that fills `bytes`. */
export function msgpackRead(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.read(0);
  reader.end();
  return value;
}

export function msgpackWrite(value: Value): Uint8Array {
  const writer = new Writer(false);
  writer.write(value);
  return writer.bytes().slice();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/* Keywords by their bytes: a graph has few attributes, and one in each datom. */
const KEYWORDS = 256;
const keywords: ({ readonly bytes: Uint8Array; readonly keyword: Keyword } | undefined)[] = Array.from({ length: KEYWORDS });

/* Texts shorter than this are cheaper to read byte by byte while they are ASCII. */
const SHORT_TEXT = 24;

/* Arrays up to this length are made with it: there are many, such as datoms. */
const SHORT_ARRAY = 16;

class Reader {
  private at = 0;
  /* Whether a double was read, which is canonical only where it is no whole number. */
  private isOdd = false;
  /* Whether the places of the next array's items are kept. */
  private isPlaced = false;
  private readonly view: DataView;

  constructor(private readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  end(): void {
    if (this.at !== this.data.length) {
      throw this.error('bytes after the value');
    }
  }

  read(depth: number): Value {
    const head = this.data[this.take(1)]!;
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f, depth);
    if (head < 0xa0) return this.array(head & 0x0f, depth);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.wide(head, depth);
  }

  private wide(head: number, depth: number): Value {
    switch (head) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.binary(this.uint(1));
      case 0xc5: return this.binary(this.uint(2));
      case 0xc6: return this.binary(this.uint(4));
      case 0xc7: return this.extension(this.uint(1), depth);
      case 0xc8: return this.extension(this.uint(2), depth);
      case 0xc9: return this.extension(this.uint(4), depth);
      case 0xca: return this.double(this.view.getFloat32(this.take(4)));
      case 0xcb: return this.double(this.view.getFloat64(this.take(8)));
      case 0xcc: return this.uint(1);
      case 0xcd: return this.uint(2);
      case 0xce: return this.uint(4);
      case 0xcf: return this.long(this.view.getBigUint64(this.take(8)));
      case 0xd0: return this.view.getInt8(this.take(1));
      case 0xd1: return this.view.getInt16(this.take(2));
      case 0xd2: return this.view.getInt32(this.take(4));
      case 0xd3: return this.long(this.view.getBigInt64(this.take(8)));
      case 0xd4: return this.extension(1, depth);
      case 0xd5: return this.extension(2, depth);
      case 0xd6: return this.extension(4, depth);
      case 0xd7: return this.extension(8, depth);
      case 0xd8: return this.extension(16, depth);
      case 0xd9: return this.text(this.uint(1));
      case 0xda: return this.text(this.uint(2));
      case 0xdb: return this.text(this.uint(4));
      case 0xdc: return this.array(this.uint(2), depth);
      case 0xdd: return this.array(this.uint(4), depth);
      case 0xde: return this.map(this.uint(2), depth);
      case 0xdf: return this.map(this.uint(4), depth);
      default: throw this.error(`unknown byte 0x${head.toString(16)}`);
    }
  }

  private error(what: string): DecodeError {
    return new DecodeError(`${what} at byte ${this.at}`);
  }

  /* The place of the next `count` bytes. */
  private take(count: number): number {
    const at = this.at;
    if (count > this.data.length - at) {
      throw this.error(`${count} bytes wanted, ${this.data.length - at} left`);
    }
    this.at += count;
    return at;
  }

  private uint(size: 1 | 2 | 4): number {
    const at = this.take(size);
    return size === 1 ? this.data[at]! : size === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private double(number: number): number {
    this.isOdd = true;
    return number;
  }

  private long(number: bigint): Value {
    if (number > LONG_MAX) {
      throw this.error('an integer that is no long');
    }
    return longOf(number);
  }

  private text(length: number): string {
    const at = this.take(length);
    if (length < SHORT_TEXT) {
      let text = '';
      for (let i = at; i < at + length; i++) {
        const byte = this.data[i]!;
        if (byte >= 0x80) {
          return this.decode(at, length);
        }
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return this.decode(at, length);
  }

  private decode(at: number, length: number): string {
    try {
      return utf8.decode(this.data.subarray(at, at + length));
    } catch {
      this.at = at;
      throw this.error('text that is not UTF-8');
    }
  }

  private binary(length: number): Uint8Array {
    const at = this.take(length);
    return this.data.slice(at, at + length);
  }

  /* Room for a collection: of so many items that take at least a byte each, and no deeper. */
  private room(count: number, depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw this.error(`nested deeper than ${DEPTH_MAX}`);
    }
    if (count > this.data.length - this.at) {
      throw this.error(`${count} items claimed in ${this.data.length - this.at} bytes`);
    }
  }

  private array(count: number, depth: number): Value[] {
    this.room(count, depth);
    if (this.isPlaced) return this.placed(count, depth);
    // An empty array that grows has room for 17 items from its first one on.
    const items = count <= SHORT_ARRAY ? new Array<Value>(count) : [];
    for (let i = 0; i < count; i++) {
      items[i] = this.read(depth + 1);
    }
    return items;
  }

  private map(count: number, depth: number): Value {
    this.room(2 * count, depth);
    const entries: [Value, Value][] = [];
    for (let i = 0; i < count; i++) {
      const key = this.read(depth + 1);
      this.isPlaced = key === PLACED;
      entries.push([key, this.read(depth + 1)]);
      this.isPlaced = false;
    }
    return mapOf(entries);
  }

  /* An array whose items' places are kept. */
  private placed(count: number, depth: number): Value[] {
    this.isPlaced = false;
    const [items, starts, odd]: [Value[], Uint32Array, Set<number>] = [[], new Uint32Array(count + 1), new Set()];
    const wasOdd = this.isOdd;
    for (let i = 0; i < count; i++) {
      starts[i] = this.at;
      this.isOdd = false;
      items.push(this.read(depth + 1));
      if (this.isOdd) odd.add(i);
    }
    starts[count] = this.at;
    this.isOdd = wasOdd || odd.size > 0;
    placed.set(items, { bytes: this.data, starts, odd });
    return items;
  }

  private extension(length: number, depth: number): Value {
    const type = this.view.getInt8(this.take(1));
    switch (type) {
      case EXT_KEYWORD: return this.keyword(length);
      case EXT_SYMBOL: return symOf(this.text(length));
      case EXT_UUID: return this.uuid(length);
      case EXT_SET: return this.set(length, depth);
      case EXT_TIMESTAMP: return this.timestamp(length);
      default: throw this.error(`unknown extension ${type}`);
    }
  }

  private keyword(length: number): Keyword {
    const at = this.take(length);
    const slot = (length + 31 * this.data[at]! + 7 * this.data[at + length - 1]!) % KEYWORDS;
    const known = keywords[slot];
    if (known && this.isAt(at, length, known.bytes)) return known.keyword;
    this.at = at;
    const keyword = keywordOf(this.text(length));
    keywords[slot] = { bytes: this.data.slice(at, at + length), keyword };
    return keyword;
  }

  private isAt(at: number, length: number, bytes: Uint8Array): boolean {
    if (bytes.length !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.data[at + i] !== bytes[i]) return false;
    }
    return true;
  }

  private uuid(length: number): Uuid {
    if (length !== 16) {
      throw this.error(`a uuid of ${length} bytes`);
    }
    return Uuid.fromBytes(this.binary(16));
  }

  private set(length: number, depth: number): Set<Value> {
    const end = this.at + length;
    const items = length <= this.data.length - this.at ? this.read(depth) : null;
    if (!Array.isArray(items) || this.at !== end) {
      throw this.error('a set that holds no array');
    }
    return new Set(items as Value[]);
  }

  private timestamp(length: number): Value {
    if (length === 4) {
      return instantOf(BigInt(this.uint(4)) * 1000n);
    }
    if (length === 8) {
      const bits = this.view.getBigUint64(this.take(8));
      return this.instant(bits & 0x3_ffff_ffffn, bits >> 34n);
    }
    if (length === 12) {
      const nanoseconds = BigInt(this.uint(4));
      return this.instant(this.view.getBigInt64(this.take(8)), nanoseconds);
    }
    throw this.error(`a timestamp of ${length} bytes`);
  }

  private instant(seconds: bigint, nanoseconds: bigint): Value {
    if (nanoseconds > 999_999_999n) {
      throw this.error('a timestamp with too many nanoseconds');
    }
    return instantOf(seconds * 1000n + nanoseconds / 1_000_000n);
  }
}

const encoder = new TextEncoder();

/*
 * A growing run of bytes. In the canonical encoding, over which checksums are taken, whole doubles
 * that fit a long are integers, and the items of sets and the entries of maps are sorted by their
 * encoded bytes.
 */
export class Writer {
  private data = new Uint8Array(256);
  private view = new DataView(this.data.buffer);
  private length = 0;

  constructor(private readonly canonical: boolean) {}

  clear(): void {
    this.length = 0;
  }

  /* What was written; valid until the next write. */
  bytes(): Uint8Array {
    return this.data.subarray(0, this.length);
  }

  array(count: number): void {
    if (count < 16) this.byte(0x90 | count);
    else if (count < 0x10000) this.sized(0xdc, 2, count);
    else this.sized(0xdd, 4, count);
  }

  write(value: Value, depth = 0): void {
    if (depth > DEPTH_MAX) {
      throw new RangeError(`nested deeper than ${DEPTH_MAX}`);
    }
    switch (typeof value) {
      case 'string': return this.text(value);
      case 'number': return this.number(value);
      case 'boolean': return this.byte(value ? 0xc3 : 0xc2);
      case 'bigint': return this.bigint(value);
      case 'object': return value === null ? this.byte(0xc0) : this.object(value, depth);
      default: throw new TypeError(`cannot be written: ${typeof value}`);
    }
  }

  private object(value: object, depth: number): void {
    if (value instanceof Keyword) return this.extension(EXT_KEYWORD, encoder.encode(value.name));
    if (Array.isArray(value)) return this.items(value as Value[], depth);
    if (value instanceof Map || isFields(value)) return this.map(value as Map<Value, Value>, depth);
    if (value instanceof Sym) return this.extension(EXT_SYMBOL, encoder.encode(value.name));
    if (value instanceof Uuid) return this.extension(EXT_UUID, value.bytes());
    if (value instanceof Double) return this.canonical ? this.number(value.value) : this.double(value.value);
    if (value instanceof Date) return this.timestamp(BigInt(msOf(value)));
    if (value instanceof Uint8Array) return this.binary(value);
    if (value instanceof List) return this.items(value.items, depth);
    if (value instanceof Set) return this.set(value as Set<Value>, depth);
    throw new TypeError(`cannot be written: ${Object.prototype.toString.call(value)}`);
  }

  private grow(count: number): void {
    const needed = this.length + count;
    if (needed > this.data.length) {
      const data = new Uint8Array(Math.max(needed, 2 * this.data.length));
      data.set(this.bytes());
      this.data = data;
      this.view = new DataView(data.buffer);
    }
  }

  private byte(byte: number): void {
    this.grow(1);
    this.data[this.length++] = byte;
  }

  /* What is encoded already. */
  raw(bytes: Uint8Array): void {
    this.grow(bytes.length);
    this.data.set(bytes, this.length);
    this.length += bytes.length;
  }

  /* A head byte and a number of `size` bytes. */
  private sized(head: number, size: 1 | 2 | 4, number: number): void {
    this.grow(1 + size);
    this.data[this.length] = head;
    if (size === 1) this.view.setUint8(this.length + 1, number);
    else if (size === 2) this.view.setUint16(this.length + 1, number);
    else this.view.setUint32(this.length + 1, number);
    this.length += 1 + size;
  }

  private number(number: number): void {
    if (isLong(number)) {
      this.long(number);
    } else if (this.canonical && Number.isInteger(number) && Math.abs(number) <= 2 ** 63) {
      this.wholeDouble(number);
    } else {
      this.double(number);
    }
  }

  private wholeDouble(number: number): void {
    const whole = BigInt(number);
    if (whole <= LONG_MAX) this.bigint(whole);
    else this.double(number);
  }

  private bigint(number: bigint): void {
    const long = longOf(number);
    if (typeof long === 'number') {
      return this.long(long);
    }
    this.grow(9);
    this.data[this.length] = long < 0n ? 0xd3 : 0xcf;
    this.view.setBigUint64(this.length + 1, BigInt.asUintN(64, long));
    this.length += 9;
  }

  /* A safe integer in its shortest form. */
  private long(number: number): void {
    if (number >= 0) {
      if (number < 0x80) this.byte(number);
      else if (number < 0x100) this.sized(0xcc, 1, number);
      else if (number < 0x10000) this.sized(0xcd, 2, number);
      else if (number < 0x1_0000_0000) this.sized(0xce, 4, number);
      else this.long64(0xcf, number);
    } else if (number >= -0x20) this.byte(number & 0xff);
    else if (number >= -0x80) this.sized(0xd0, 1, number);
    else if (number >= -0x8000) this.sized(0xd1, 2, number);
    else if (number >= -0x8000_0000) this.sized(0xd2, 4, number);
    else this.long64(0xd3, number);
  }

  private long64(head: number, number: number): void {
    this.grow(9);
    this.data[this.length] = head;
    this.view.setInt32(this.length + 1, Math.floor(number / 0x1_0000_0000));
    this.view.setUint32(this.length + 5, number >>> 0);
    this.length += 9;
  }

  private double(number: number): void {
    this.grow(9);
    this.data[this.length] = 0xcb;
    this.view.setFloat64(this.length + 1, number);
    this.length += 9;
  }

  private text(text: string): void {
    if (text.length < SHORT_TEXT && this.ascii(text)) return;
    const bytes = encoder.encode(text);
    this.textHead(bytes.length);
    this.raw(bytes);
  }

  /* Writes a text whose letters are a byte each; false, with nothing written, for another. */
  private ascii(text: string): boolean {
    const before = this.length;
    this.textHead(text.length);
    this.grow(text.length);
    for (let i = 0; i < text.length; i++) {
      const letter = text.charCodeAt(i);
      if (letter >= 0x80) {
        this.length = before;
        return false;
      }
      this.data[this.length++] = letter;
    }
    return true;
  }

  private textHead(length: number): void {
    if (length < 32) this.byte(0xa0 | length);
    else if (length < 0x100) this.sized(0xd9, 1, length);
    else if (length < 0x10000) this.sized(0xda, 2, length);
    else this.sized(0xdb, 4, length);
  }

  private binary(bytes: Uint8Array): void {
    if (bytes.length < 0x100) this.sized(0xc4, 1, bytes.length);
    else if (bytes.length < 0x10000) this.sized(0xc5, 2, bytes.length);
    else this.sized(0xc6, 4, bytes.length);
    this.raw(bytes);
  }

  private extension(type: number, bytes: Uint8Array): void {
    const fixed = [1, 2, 4, 8, 16].indexOf(bytes.length);
    if (fixed >= 0) this.byte(0xd4 + fixed);
    else if (bytes.length < 0x100) this.sized(0xc7, 1, bytes.length);
    else if (bytes.length < 0x10000) this.sized(0xc8, 2, bytes.length);
    else this.sized(0xc9, 4, bytes.length);
    this.byte(type & 0xff);
    this.raw(bytes);
  }

  private items(items: readonly Value[], depth: number): void {
    this.array(items.length);
    for (const item of items) {
      this.write(item, depth + 1);
    }
  }

  private map(map: ReadonlyMap<Value, Value>, depth: number): void {
    const entries = entriesOf(map);
    const count = entries.length;
    if (count < 16) this.byte(0x80 | count);
    else if (count < 0x10000) this.sized(0xde, 2, count);
    else this.sized(0xdf, 4, count);
    if (this.canonical) {
      this.sorted(entries, depth);
      return;
    }
    for (const [key, value] of entries) {
      this.write(key, depth + 1);
      this.write(value, depth + 1);
    }
  }

  private set(set: ReadonlySet<Value>, depth: number): void {
    const inner = new Writer(this.canonical);
    inner.array(set.size);
    if (this.canonical) {
      inner.sorted([...set].map((item) => [item]), depth);
    } else {
      set.forEach((item) => inner.write(item, depth + 1));
    }
    this.extension(EXT_SET, inner.bytes());
  }

  /* Groups of values, ordered by the bytes of each group. */
  private sorted(groups: readonly (readonly Value[])[], depth: number): void {
    const encoded = groups.map((group) => {
      const writer = new Writer(true);
      group.forEach((value) => writer.write(value, depth + 1));
      return writer.bytes();
    });
    encoded.sort(compareBytes).forEach((bytes) => this.raw(bytes));
  }

  /* The shortest of the three forms of a timestamp. */
  private timestamp(ms: bigint): void {
    const rest = ((ms % 1000n) + 1000n) % 1000n;
    const seconds = (ms - rest) / 1000n;
    const nanoseconds = rest * 1_000_000n;
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    if (seconds >= 0n && seconds < 1n << 32n && rest === 0n) {
      view.setUint32(0, Number(seconds));
      this.extension(EXT_TIMESTAMP, bytes.subarray(0, 4));
    } else if (seconds >= 0n && seconds < 1n << 34n) {
      view.setBigUint64(0, (nanoseconds << 34n) | seconds);
      this.extension(EXT_TIMESTAMP, bytes.subarray(0, 8));
    } else {
      view.setUint32(0, Number(nanoseconds));
      view.setBigInt64(4, seconds);
      this.extension(EXT_TIMESTAMP, bytes);
    }
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) {
      return a[i]! - b[i]!;
    }
  }
  return a.length - b.length;
}
