/*
 * EDN (github.com/edn-format/edn), as the server reads and writes it: the tags #inst, #uuid,
 * #bytes, #datascript/DB and #datascript/Datom, #_ and #:ns{...}, and no others. People write
 * transactions and queries in it, so errors name the byte where it went wrong.
 *
 * As in the other codecs, what is read holds no Double, and a key or an item twice is not looked
 * for: 1 and 1.0 are two of them, and one in JavaScript.
 */
import { base64Read, base64Write } from './base64.js';
import {
  DEPTH_MAX, DecodeError, Double, Keyword, List, Sym, Uuid,
  entriesOf, isFields, isLong, keywordOf, longOf, mapOf, msOf, symOf, type Value,
} from './values.js';

/* Reads one value, which must fill the text but for blanks and comments around it. */
export function ednRead(text: string): Value {
  const half = text.search(/\p{Surrogate}/u);
  if (half !== -1) {
    throw new DecodeError(`EDN at character ${half}: half of a surrogate pair`);
  }
  const reader = new Reader(text);
  const value = reader.read(0);
  reader.end();
  return value;
}

/* The value as EDN. Sets and maps in the order they are held. */
export function ednWrite(value: Value): string {
  return write(value, 0);
}

const BLANK = /(?:[ ,\t-\r]|;[^\n]*)*/y;
const TOKEN = /[^\x00-\x20\x7f,;"()[\]{}^\\]*/y;
const STRING = /"((?:[^"\\]|\\[^])*)"/y;
const CHARACTER = /\\([^\x00-\x20\x7f][^\x00-\x20\x7f,;"()[\]{}^\\]*)/uy;
/* A pair of surrogates, one unit, or any other character behind a backslash. */
const ESCAPE = /(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|\\u([0-9a-f]{4})|\\[^]/gi;
const NUMBER = /^[+-]?(0|[1-9]\d*)((?<fraction>\.\d*)?(?<exponent>[eE][+-]?\d+)?M?|N)$/;

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([['nil', null], ['true', true], ['false', false]]);
const SYMBOLIC: ReadonlyMap<string, number> = new Map([['##Inf', Infinity], ['##-Inf', -Infinity], ['##NaN', NaN]]);
const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['newline', '\n'], ['space', ' '], ['tab', '\t'], ['return', '\r'], ['backspace', '\b'], ['formfeed', '\f'],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', '/': '/', n: '\n', r: '\r', t: '\t', b: '\b', f: '\f',
};

/* What a tag makes of the string behind it; undefined: it gives whatever it tags. */
const TAGS: ReadonlyMap<string, ((text: string) => Value) | undefined> = new Map<string, ((text: string) => Value) | undefined>([
  ['#inst', readInstant],
  ['#uuid', (text: string) => new Uuid(text)],
  ['#bytes', base64Read],
  ['#datascript/DB', undefined],
  ['#datascript/Datom', undefined],
]);

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  end(): void {
    this.blank(0);
    if (this.at < this.text.length) {
      throw this.fault(this.at, 'more text behind the value');
    }
  }

  read(depth: number): Value {
    this.blank(depth);
    switch (this.text[this.at]) {
      case undefined:
        throw this.fault(this.at, 'the text ends where a value was expected');
      case '[':
        return this.items(1, ']', depth);
      case '(':
        return new List(this.items(1, ')', depth));
      case '{':
        return this.map(1, depth);
      case '"':
        return this.string();
      case '\\':
        return this.character();
      case '#':
        return this.dispatch(depth);
      default:
        return this.token();
    }
  }

  private fault(at: number, what: string): DecodeError {
    const bytes = new TextEncoder().encode(this.text.slice(0, at)).length;
    return new DecodeError(`EDN at byte ${bytes}: ${what}`);
  }

  /* Runs `make`; what it finds wrong is told with the place where the text began. */
  private placed<Made>(at: number, make: () => Made): Made {
    try {
      return make();
    } catch (error) {
      throw this.fault(at, (error as Error).message);
    }
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    this.at = match ? pattern.lastIndex : this.at;
    return match;
  }

  private take(): string {
    return this.match(TOKEN)![0];
  }

  /* Skips blanks, comments and discarded values. */
  private blank(depth: number): void {
    this.match(BLANK);
    while (this.text.startsWith('#_', this.at)) {
      this.at += 2;
      this.checkDepth(depth);
      this.read(depth + 1);
      this.match(BLANK);
    }
  }

  private checkDepth(depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw this.fault(this.at, `nested deeper than the limit of ${DEPTH_MAX}`);
    }
  }

  private items(openerLength: number, closer: string, depth: number): Value[] {
    this.checkDepth(depth);
    const start = this.at;
    const items: Value[] = [];
    this.at += openerLength;
    for (this.blank(depth); this.text[this.at] !== closer; this.blank(depth)) {
      if (this.at === this.text.length) {
        throw this.fault(this.at, `the text ends inside what began with ${this.text.slice(start, start + openerLength)}`);
      }
      items.push(this.read(depth + 1));
    }
    this.at += 1;
    return items;
  }

  private map(openerLength: number, depth: number, qualify: (key: Value) => Value = (key) => key): Value {
    const start = this.at;
    const items = this.items(openerLength, '}', depth);
    if (items.length % 2 !== 0) {
      throw this.fault(start, 'a map with a key that has no value');
    }
    const keys = items.filter((_, i) => i % 2 === 0);
    return this.placed(start, () => mapOf(keys.map((key, i) => [qualify(key), items[2 * i + 1]!])));
  }

  private string(): string {
    const start = this.at;
    const match = this.match(STRING);
    if (!match) {
      throw this.fault(this.text.length, 'the text ends inside a string');
    }
    return unescape(match[1]!, (at, what) => this.fault(start + 1 + at, what));
  }

  private character(): string {
    const start = this.at;
    const name = this.match(CHARACTER)?.[1] ?? '';
    const text = CHARACTERS.get(name) ?? (/^u[0-9a-f]{4}$/i.test(name) ? String.fromCharCode(parseInt(name.slice(1), 16)) : name);
    if ([...text].length !== 1 || /\p{Surrogate}/u.test(text)) {
      throw this.fault(start, `"\\${name.slice(0, 64)}" is no character`);
    }
    return text;
  }

  private dispatch(depth: number): Value {
    const next = this.text[this.at + 1];
    if (next === '{') {
      return new Set(this.items(2, '}', depth));
    }
    if (next === ':') {
      return this.namespaced(depth);
    }
    const start = this.at;
    const name = this.take();
    const symbolic = SYMBOLIC.get(name);
    if (symbolic !== undefined) {
      return symbolic;
    }
    if (!TAGS.has(name)) {
      throw this.fault(start, `"${name.slice(0, 64)}" is an unknown tag; known are ${[...TAGS.keys()].join(', ')}`);
    }
    return this.tagged(name, depth);
  }

  private tagged(name: string, depth: number): Value {
    const make = TAGS.get(name);
    if (!make) {
      this.checkDepth(depth);
      return this.read(depth + 1);
    }
    this.blank(depth);
    const start = this.at;
    if (this.text[start] !== '"') {
      throw this.fault(start, `${name} must be followed by a string`);
    }
    const text = this.string();
    return this.placed(start, () => make(text));
  }

  /* #:ns{...} puts the namespace before its keys; :_/k stays without one. */
  private namespaced(depth: number): Value {
    this.checkDepth(depth);
    const start = this.at;
    this.at += 2;
    const ns = this.take();
    this.placed(start, () => keywordOf(ns));
    this.blank(depth);
    if (this.text[this.at] !== '{') {
      throw this.fault(start, `"${ns.slice(0, 64)}" is a namespace with no map behind it`);
    }
    const named = (name: string): string =>
      name.startsWith('_/') ? name.slice(2) : name.includes('/') ? name : `${ns}/${name}`;
    return this.map(1, depth, (key) =>
      key instanceof Keyword ? keywordOf(named(key.name)) : key instanceof Sym ? symOf(named(key.name)) : key,
    );
  }

  private token(): Value {
    const start = this.at;
    const token = this.take();
    if (token === '') {
      throw this.fault(start, `${JSON.stringify(this.text[start])} begins no value`);
    }
    const word = WORDS.get(token);
    if (word !== undefined) {
      return word;
    }
    return this.placed(start, () =>
      /^[+-]?\d/.test(token) ? readNumber(token) : token.startsWith(':') ? keywordOf(token.slice(1)) : symOf(token),
    );
  }
}

function unescape(text: string, fault: (at: number, what: string) => DecodeError): string {
  return text.replace(ESCAPE, (whole, pair: string | undefined, unit: string | undefined, at: number) => {
    if (pair !== undefined) {
      return JSON.parse(`"${pair}"`) as string;
    }
    if (unit !== undefined && /^d[89a-f]/i.test(unit)) {
      throw fault(at, 'half of a surrogate pair');
    }
    const meaning = unit === undefined ? ESCAPES[whole.slice(1)] : String.fromCharCode(parseInt(unit, 16));
    if (meaning === undefined) {
      throw fault(at, `an unknown escape: ${whole}`);
    }
    return meaning;
  });
}

function readNumber(token: string): number | bigint {
  const match = NUMBER.exec(token);
  if (!match) {
    throw new DecodeError(`"${token.slice(0, 64)}" is no number`);
  }
  const { fraction, exponent } = match.groups!;
  if (fraction === undefined && exponent === undefined && !token.endsWith('M')) {
    return longOf(BigInt(token.replace(/^\+|N$/g, '')));
  }
  const number = Number(token.replace(/M$/, ''));
  if (!Number.isFinite(number)) {
    throw new DecodeError('a number too large for a double');
  }
  return number;
}

/* RFC 3339, of which everything behind the year may be missing; ISO 8601's six-digit years too. */
const INSTANT = /^(\d{4}|[+-]\d{6})(-(\d\d)(-(\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

function readInstant(text: string): Date {
  const [, year, , month = '01', , day = '01', time = 'T00:00', , , zone] = INSTANT.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}${time}${zone ? '' : 'Z'}`);
  // Date takes February 30 for March 1.
  const days = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  if (Number.isNaN(date.getTime()) || Number(day) > days) {
    throw new DecodeError(`"${text.slice(0, 64)}" is no instant of RFC 3339`);
  }
  return date;
}

function write(value: Value, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return writeNumber(value);
    case 'bigint':
      return String(longOf(value));
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'nil' : writeObject(value, depth);
    default:
      throw new TypeError(`cannot be written: ${typeof value}`);
  }
}

function quote(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f]/g, (char) => {
    const [letter] = Object.entries(ESCAPES).find(([name, meaning]) => meaning === char && 'nrt'.includes(name)) ?? [];
    return letter ? `\\${letter}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

function writeNumber(number: number): string {
  return isLong(number) ? String(number) : writeDouble(number);
}

function writeDouble(number: number): string {
  for (const [name, special] of SYMBOLIC) {
    if (Object.is(number, special)) {
      return name;
    }
  }
  const text = Object.is(number, -0) ? '-0' : String(number);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function writeObject(value: object, depth: number): string {
  if (depth > DEPTH_MAX) {
    throw new RangeError(`nested deeper than ${DEPTH_MAX}`);
  }
  const items = (values: Iterable<Value>): string => [...values].map((item) => write(item, depth + 1)).join(' ');
  if (Array.isArray(value)) {
    return `[${items(value as Value[])}]`;
  }
  if (value instanceof List) {
    return `(${items(value.items)})`;
  }
  if (value instanceof Set) {
    return `#{${items(value as Set<Value>)}}`;
  }
  if (value instanceof Map || isFields(value)) {
    return `{${items(entriesOf(value as Map<Value, Value>).flat())}}`;
  }
  return writeScalar(value);
}

function writeScalar(value: object): string {
  if (value instanceof Keyword || value instanceof Sym) {
    return value.toString();
  }
  if (value instanceof Double) {
    return writeDouble(value.value);
  }
  if (value instanceof Date) {
    return `#inst "${new Date(msOf(value)).toISOString()}"`;
  }
  if (value instanceof Uuid) {
    return `#uuid "${value.text}"`;
  }
  if (value instanceof Uint8Array) {
    return `#bytes "${base64Write(value)}"`;
  }
  throw new TypeError(`cannot be written: ${Object.prototype.toString.call(value)}`);
}
