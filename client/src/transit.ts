/*
 * Transit JSON (github.com/cognitect/transit-format, 0.8). Written is JSON-Verbose without cache
 * codes; read are verbose and cached both.
 */
import { base64Read, base64Write } from './base64.js';
import {
  DEPTH_MAX, DecodeError, Double, Keyword, List, Sym, Uuid,
  entriesOf, instantOf, isFields, isLong, keywordOf, longOf, mapOf, msOf, symOf, type Value,
} from './values.js';

export function transitRead(text: string): Value {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DecodeError(`not JSON: ${(error as Error).message}`);
  }
  // JSON may name half of a surrogate pair, which is no text.
  return new Reader(/\\ud[89a-f]/i.test(text)).read(json, 0, false);
}

export function transitWrite(value: Value): string {
  return write(value, 0);
}

/* What "~#tag" stands for until the value that it tags has been read. */
class Tag {
  constructor(readonly name: string) {}
}

/* The codes of the cached form: "^" and one or two digits of base 44, from the character "0". */
const CODE_BASE = 44;
const CODE_FIRST = 48;
const CACHE_MAX = CODE_BASE * CODE_BASE;
const CACHED_LENGTH_MIN = 4;

type Parser = (text: string) => Value;

const SCALARS: Readonly<Record<string, Parser>> = {
  ':': keywordOf,
  $: symOf,
  i: readLong,
  n: readLong,
  d: readDouble,
  f: readDouble,
  z: readSpecial,
  m: (text) => instantOf(bigintOf(text)),
  t: readTime,
  u: (text) => new Uuid(text),
  b: base64Read,
  c: readCharacter,
  _: () => null,
  '?': readBoolean,
};

/* One character is a string here. */
function readCharacter(text: string): Value {
  if ([...text].length !== 1) {
    throw new DecodeError(`not a character: ${text.slice(0, 64)}`);
  }
  return text;
}

function readBoolean(text: string): Value {
  if (text !== 't' && text !== 'f') {
    throw new DecodeError(`not a boolean: ${text.slice(0, 64)}`);
  }
  return text === 't';
}

function bigintOf(text: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text)) {
    throw new DecodeError(`not an integer: ${text.slice(0, 64)}`);
  }
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

function readLong(text: string): Value {
  return longOf(bigintOf(text));
}

function readDouble(text: string): Value {
  if (!/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)) {
    throw new DecodeError(`not a number: ${text.slice(0, 64)}`);
  }
  return Number(text);
}

const SPECIAL: Readonly<Record<string, number>> = { NaN, INF: Infinity, '-INF': -Infinity };

function readSpecial(text: string): Value {
  const number = SPECIAL[text];
  if (number === undefined) {
    throw new DecodeError(`not a special number: ${text.slice(0, 64)}`);
  }
  return number;
}

function readTime(text: string): Value {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) {
    throw new DecodeError(`not a time of RFC 3339: ${text.slice(0, 64)}`);
  }
  return new Date(ms);
}

function itemsOf(rep: Value, tag: string): readonly Value[] {
  if (!Array.isArray(rep)) {
    throw new DecodeError(`#${tag} tags no array`);
  }
  return rep as readonly Value[];
}

const same: (rep: Value) => Value = (rep) => rep;

const TAGS: Readonly<Record<string, (rep: Value) => Value>> = {
  list: (rep) => new List(itemsOf(rep, 'list')),
  set: (rep) => new Set(itemsOf(rep, 'set')),
  cmap: (rep) => pairs(itemsOf(rep, 'cmap')),
  u: readUuid,
  "'": same,
  'datascript/DB': same,
  'datascript/Datom': same,
};

/* A uuid is its text, or its halves as longs. */
function readUuid(rep: Value): Value {
  if (typeof rep === 'string') {
    return new Uuid(rep);
  }
  const view = new DataView(new ArrayBuffer(16));
  const halves = itemsOf(rep, 'u');
  if (halves.length !== 2 || !halves.every((half) => typeof half === 'bigint' || Number.isSafeInteger(half))) {
    throw new DecodeError('#u tags neither text nor two longs');
  }
  halves.forEach((half, i) => view.setBigInt64(8 * i, BigInt(half as bigint)));
  return Uuid.fromBytes(new Uint8Array(view.buffer));
}

/* Tags whose representation is the text that a scalar has after its "~x". */
const SCALAR_TAGS = 'minfdztb';

function pairs(items: readonly Value[]): Value {
  if (items.length % 2 !== 0) {
    throw new DecodeError('a map with a key and no value');
  }
  const entries: [Value, Value][] = [];
  for (let i = 0; i < items.length; i += 2) {
    entries.push([items[i]!, items[i + 1]!]);
  }
  return mapOf(entries);
}

function untag(name: string, rep: Value): Value {
  const collection = Object.hasOwn(TAGS, name) ? TAGS[name] : undefined;
  if (collection) {
    return collection(rep);
  }
  if (name.length === 1 && SCALAR_TAGS.includes(name) && (typeof rep === 'string' || typeof rep === 'number')) {
    return SCALARS[name]!(String(rep));
  }
  throw new DecodeError(`unknown tag #${name.slice(0, 64)}`);
}

class Reader {
  private readonly cache: (Value | Tag)[] = [];
  private cached = 0;

  constructor(private readonly hasSurrogates: boolean) {}

  read(json: unknown, depth: number, isKey: boolean): Value {
    const value = this.readAny(json, depth, isKey);
    if (value instanceof Tag) {
      throw new DecodeError(`#${value.name} tags nothing`);
    }
    return value;
  }

  private readAny(json: unknown, depth: number, isKey: boolean): Value | Tag {
    if (typeof json === 'string') {
      return this.readString(json, isKey);
    }
    if (typeof json === 'number' && !Number.isFinite(json)) {
      throw new DecodeError('a number that overflows');
    }
    if (typeof json !== 'object' || json === null) {
      return json as number | boolean | null;
    }
    if (depth >= DEPTH_MAX) {
      throw new DecodeError(`nested deeper than ${DEPTH_MAX}`);
    }
    return Array.isArray(json) ? this.readArray(json, depth) : this.readObject(json as Record<string, unknown>, depth);
  }

  private readArray(json: readonly unknown[], depth: number): Value {
    if (json[0] === '^ ') {
      if (json.length % 2 !== 1) {
        throw new DecodeError('a map with a key and no value');
      }
      return pairs(json.slice(1).map((item, i) => this.read(item, depth + 1, i % 2 === 0)));
    }
    if (json.length === 2 && typeof json[0] === 'string') {
      const tag = this.readString(json[0], false);
      if (tag instanceof Tag) {
        return untag(tag.name, this.read(json[1], depth, false));
      }
      return [tag, this.read(json[1], depth + 1, false)];
    }
    return json.map((item) => this.read(item, depth + 1, false));
  }

  private readObject(json: Record<string, unknown>, depth: number): Value {
    const keys = Object.keys(json);
    if (keys.length === 1) {
      const tag = this.readString(keys[0]!, true);
      const rep = this.read(json[keys[0]!], tag instanceof Tag ? depth : depth + 1, false);
      return tag instanceof Tag ? untag(tag.name, rep) : mapOf([[tag, rep]]);
    }
    return mapOf(keys.map((key) => [this.read(key, depth + 1, true), this.read(json[key], depth + 1, false)]));
  }

  private readString(text: string, isKey: boolean): Value | Tag {
    if (this.hasSurrogates && /\p{Surrogate}/u.test(text)) {
      throw new DecodeError('half of a surrogate pair');
    }
    if (text.charCodeAt(0) === 94 /* ^ */) {
      return this.named(text);
    }
    const value = text.charCodeAt(0) === 126 /* ~ */ ? this.tilde(text) : text;
    if (text.length >= CACHED_LENGTH_MIN && (isKey || /^~[:$#]/.test(text))) {
      // Beyond the last code they are given out again from the first.
      this.cache[this.cached++ % CACHE_MAX] = value;
    }
    return value;
  }

  private named(text: string): Value | Tag {
    const digits = [...text.slice(1)].map((char) => char.charCodeAt(0) - CODE_FIRST);
    const index = digits.reduce((sum, digit) => sum * CODE_BASE + digit, 0);
    const value = digits.length === 1 || digits.length === 2 ? this.cache[index] : undefined;
    if (value === undefined) {
      throw new DecodeError(`a cache code that names nothing: ${text.slice(0, 64)}`);
    }
    return value;
  }

  private tilde(text: string): Value | Tag {
    const kind = text[1] ?? '';
    if (kind === '#') {
      return new Tag(text.slice(2));
    }
    if (kind === '~' || kind === '^' || kind === '`') {
      return text.slice(1);
    }
    const parser = Object.hasOwn(SCALARS, kind) ? SCALARS[kind] : undefined;
    if (!parser) {
      throw new DecodeError(`unknown escape: ${text.slice(0, 64)}`);
    }
    return parser(text.slice(2));
  }
}

function write(value: Value, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(escape(value));
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return writeLong(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, depth);
    default:
      throw new TypeError(`cannot be written: ${typeof value}`);
  }
}

function escape(text: string): string {
  return /^[~^`]/.test(text) ? `~${text}` : text;
}

function writeLong(number: bigint): string {
  const long = longOf(number);
  return typeof long === 'number' ? String(long) : `"~i${long}"`;
}

function writeNumber(number: number): string {
  return isLong(number) ? String(number) : writeDouble(number);
}

function writeDouble(number: number): string {
  if (!Number.isFinite(number)) {
    return Number.isNaN(number) ? '"~zNaN"' : number > 0 ? '"~zINF"' : '"~z-INF"';
  }
  const text = Object.is(number, -0) ? '-0' : String(number);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function writeObject(value: object, depth: number): string {
  if (depth > DEPTH_MAX) {
    throw new RangeError(`nested deeper than ${DEPTH_MAX}`);
  }
  if (Array.isArray(value)) {
    return writeItems(value as readonly Value[], depth);
  }
  if (value instanceof Keyword) {
    return JSON.stringify(`~:${value.name}`);
  }
  if (value instanceof Map || isFields(value)) {
    return writeMap(entriesOf(value as Map<Value, Value>), depth);
  }
  if (value instanceof Sym) {
    return JSON.stringify(`~$${value.name}`);
  }
  if (value instanceof Double) {
    return writeDouble(value.value);
  }
  if (value instanceof Date) {
    return `"~m${msOf(value)}"`;
  }
  if (value instanceof Uuid) {
    return `"~u${value.text}"`;
  }
  if (value instanceof Uint8Array) {
    return `"~b${base64Write(value)}"`;
  }
  if (value instanceof List) {
    return `{"~#list":${writeItems(value.items, depth)}}`;
  }
  if (value instanceof Set) {
    return `{"~#set":${writeItems([...(value as Set<Value>)], depth)}}`;
  }
  throw new TypeError(`cannot be written: ${Object.prototype.toString.call(value)}`);
}

function writeItems(items: readonly Value[], depth: number): string {
  return `[${items.map((item) => write(item, depth + 1)).join(',')}]`;
}

function writeMap(entries: readonly (readonly [Value, Value])[], depth: number): string {
  if (entries.every(([key]) => typeof key === 'string' || key instanceof Keyword)) {
    const fields = entries.map(([key, value]) => `${write(key, depth + 1)}:${write(value, depth + 1)}`);
    return `{${fields.join(',')}}`;
  }
  return `{"~#cmap":${writeItems(entries.flat() as Value[], depth)}}`;
}
