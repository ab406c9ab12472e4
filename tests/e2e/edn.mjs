/*
 * An EDN reader into the client's value model, for what only the server and people write: exports,
 * the sample graph, HTTP answers. Written from github.com/edn-format/edn, apart from the C reader,
 * so that the two check each other.
 */
import { Keyword, List, Sym, Uuid } from '../../client/dist/index.js';

const ESCAPES = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\' };
const SPACE = /(?:[\s,]|;[^\n]*)*/y;
const STRING = /"((?:[^"\\]|\\[^])*)"/y;
const TOKEN = /[^\s,;"()[\]{}]+/y;
const CLOSERS = { '(': ')', '[': ']', '{': '}' };

const TAGS = {
  inst: (text) => new Date(text),
  uuid: (text) => new Uuid(text),
  bytes: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  'datascript/DB': (value) => value,
  'datascript/Datom': (value) => value,
};

export function readEdn(text) {
  const reader = new Reader(text);
  const value = reader.value();
  reader.space();
  if (reader.at !== text.length) {
    throw new Error(`EDN goes on at ${reader.at}`);
  }
  return value;
}

class Reader {
  at = 0;

  constructor(text) {
    this.text = text;
  }

  match(regex) {
    regex.lastIndex = this.at;
    const match = regex.exec(this.text);
    if (match) {
      this.at = regex.lastIndex;
    }
    return match;
  }

  space() {
    this.match(SPACE);
    while (this.text.startsWith('#_', this.at)) {
      this.at += 2;
      this.value();
      this.match(SPACE);
    }
  }

  value() {
    this.space();
    const char = this.text[this.at];
    if (char in CLOSERS) {
      this.at += 1;
      return this.collection(char);
    }
    if (char === '"') {
      return this.string();
    }
    if (char === '#') {
      this.at += 1;
      return this.dispatch();
    }
    return this.token();
  }

  items(closer) {
    const items = [];
    for (this.space(); this.text[this.at] !== closer; this.space()) {
      items.push(this.value());
    }
    this.at += 1;
    return items;
  }

  collection(opener) {
    const items = this.items(CLOSERS[opener]);
    if (opener === '(') return new List(items);
    if (opener === '[') return items;
    const entries = items.flatMap((item, i) => (i % 2 === 0 ? [[item, items[i + 1]]] : []));
    return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : new Map(entries);
  }

  string() {
    const match = this.match(STRING);
    if (!match) {
      throw new Error(`a string without end at ${this.at}`);
    }
    return match[1].replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, code) =>
      code.length > 1 ? String.fromCharCode(parseInt(code.slice(1), 16)) : ESCAPES[code],
    );
  }

  dispatch() {
    if (this.text[this.at] === '{') {
      this.at += 1;
      return new Set(this.items('}'));
    }
    if (this.text[this.at] === '#') {
      this.at += 1;
      return { '##Inf': Infinity, '##-Inf': -Infinity, '##NaN': NaN }[`##${this.match(TOKEN)[0]}`];
    }
    const tag = this.match(TOKEN)[0];
    if (!(tag in TAGS)) {
      throw new Error(`unknown tag #${tag}`);
    }
    return TAGS[tag](this.value());
  }

  token() {
    const token = this.match(TOKEN)?.[0];
    if (token === undefined) {
      throw new Error(`no value at ${this.at}: ${this.text.slice(this.at, this.at + 20)}`);
    }
    if (token[0] === ':') return Keyword.of(token.slice(1));
    if (/^[+-]?\d+N?$/.test(token)) {
      const long = BigInt(token.replace(/N$/, '').replace(/^\+/, ''));
      return Number.isSafeInteger(Number(long)) ? Number(long) : long;
    }
    if (/^[+-]?\d/.test(token)) return Number(token.replace(/M$/, ''));
    const words = { nil: null, true: true, false: false };
    return Object.hasOwn(words, token) ? words[token] : Sym.of(token);
  }
}
