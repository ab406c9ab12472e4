/*
 * The value model: what a client, a query or a datom can hold, as JavaScript values.
 *
 * - keyword: Keyword, interned: the same name is the same object, so it works as a Map key
 * - symbol: Sym, interned
 * - string: string
 * - long: number where it is a safe integer, else bigint
 * - double: number; Double where a whole number must be written as a double
 * - instant: Date
 * - uuid: Uuid
 * - bytes: Uint8Array
 * - vector: array; list: List
 * - set: Set
 * - map: plain object where all keys are strings, else Map
 *
 * What is read never holds a Double: JavaScript's JSON does not tell 1.0 from 1. The server mends
 * this for attributes that are declared double.
 */

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Keyword
  | Sym
  | Double
  | Date
  | Uuid
  | Uint8Array
  | List
  | readonly Value[]
  | ReadonlySet<Value>
  | ReadonlyMap<Value, Value>
  | Fields;

/* A map with string keys. Keys that are undefined are not written. */
export interface Fields {
  readonly [key: string]: Value | undefined;
}

/* Bytes or text that are not a value of the protocol. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/* A keyword; `Keyword.of('a/b')` is :a/b. */
export class Keyword {
  private static readonly all = new Map<string, Keyword>();

  private constructor(
    /* Without the colon: "db/ident". */
    readonly name: string,
    private readonly text: string,
  ) {}

  static of(name: string): Keyword {
    let keyword = Keyword.all.get(name);
    if (!keyword) {
      keyword = new Keyword(name, `:${name}`);
      Keyword.all.set(name, keyword);
    }
    return keyword;
  }

  toString(): string {
    return this.text;
  }
}

/* A symbol of Datalog; JavaScript's own Symbol is something else. */
export class Sym {
  private static readonly all = new Map<string, Sym>();

  private constructor(readonly name: string) {}

  static of(name: string): Sym {
    let sym = Sym.all.get(name);
    if (!sym) {
      sym = new Sym(name);
      Sym.all.set(name, sym);
    }
    return sym;
  }

  toString(): string {
    return this.name;
  }
}

export class Uuid {
  /* Lower case, with dashes. */
  readonly text: string;

  constructor(text: string) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
      throw new DecodeError(`not a uuid: ${text.slice(0, 64)}`);
    }
    this.text = text.toLowerCase();
  }

  static random(): Uuid {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40; // version 4, RFC 4122
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return Uuid.fromBytes(bytes);
  }

  static fromBytes(bytes: Uint8Array): Uuid {
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return new Uuid(
      [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'),
    );
  }

  bytes(): Uint8Array {
    const hex = this.text.replaceAll('-', '');
    return Uint8Array.from({ length: 16 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  }

  toString(): string {
    return this.text;
  }
}

export class Double {
  constructor(readonly value: number) {}
}

/* An instant of the protocol is one that a Date can hold: 8.64e15 ms to either side of 1970. */
export function instantOf(ms: bigint): Date {
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) {
    throw new DecodeError(`an instant out of range: ${ms} ms`);
  }
  return date;
}

/* The milliseconds of a Date that is to be written. */
export function msOf(instant: Date): number {
  const ms = instant.getTime();
  if (Number.isNaN(ms)) {
    throw new TypeError('cannot be written: an invalid Date');
  }
  return ms;
}

export class List {
  constructor(readonly items: readonly Value[]) {}
}

export const LONG_MAX = 2n ** 63n - 1n;
export const LONG_MIN = -(2n ** 63n);

/* Deeper values are neither read nor written, as on the server. */
export const DEPTH_MAX = 128;

/* What keywords and symbols may be called: an EDN reader must take them for what they are. As the
 * server has it, or a name that it accepted would be an unreadable frame here. */
const NAME = /^[^\x00-\x20\x7f,;"()[\]{}^\\:][^\x00-\x20\x7f,;"()[\]{}^\\]*$/;
const NAME_BYTES_MAX = 512;
const NOT_SYMBOLS = /^(nil|true|false|#.*|[-+.]?\d.*)$/;

export function keywordOf(name: string): Keyword {
  checkName('keyword', name);
  return Keyword.of(name);
}

export function symOf(name: string): Sym {
  checkName('symbol', name);
  if (NOT_SYMBOLS.test(name)) {
    throw new DecodeError(`not a symbol: ${name.slice(0, 64)}`);
  }
  return Sym.of(name);
}

function checkName(what: string, name: string): void {
  const isTooLong = name.length > NAME_BYTES_MAX / 4 && new TextEncoder().encode(name).length > NAME_BYTES_MAX;
  if (isTooLong || !NAME.test(name)) {
    throw new DecodeError(`not a ${what}: ${JSON.stringify(name.slice(0, 64))}`);
  }
}

/* A long as number or bigint. */
export function longOf(number: bigint): number | bigint {
  if (number > LONG_MAX || number < LONG_MIN) {
    throw new DecodeError(`not a long: ${number}`);
  }
  const small = Number(number);
  return Number.isSafeInteger(small) ? small : number;
}

/* Whether a number is written as a long. -0 is a double, as are integers that may be inexact. */
export function isLong(number: number): boolean {
  return Number.isSafeInteger(number) && !Object.is(number, -0);
}

/* A map of the value model from its entries. */
export function mapOf(entries: readonly (readonly [Value, Value])[]): Value {
  if (entries.every(([key]) => typeof key === 'string')) {
    return Object.fromEntries(entries) as Fields;
  }
  return new Map(entries);
}

/* The entries of either form of map. */
export function entriesOf(map: ReadonlyMap<Value, Value> | Fields): [Value, Value][] {
  if (map instanceof Map) {
    return [...map];
  }
  return Object.entries(map as Fields).filter((entry): entry is [string, Value] => entry[1] !== undefined);
}

export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
