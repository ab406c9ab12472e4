/*
 * What the console asks and how it shows the answer: names of columns from :find, rows, and the one value that a scalar
 * is. docs/query.md has the language.
 */
import { Keyword, List, Sym, ednRead, ednWrite, type Value } from '../../../client/dist/index.js';

export interface Question {
  readonly kind: 'query' | 'pull';
  /* A query, or a pull pattern, as EDN. */
  readonly text: string;
  /* What :in asks for besides the graph, or the entity to pull: EDN values one after another. */
  readonly args: string;
  /* The graph as it was at this t; '' for as it is. */
  readonly asOf: string;
}

export type Answer =
  | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: readonly (readonly Value[])[] }
  | { readonly kind: 'value'; readonly value: Value };

/* The values of the field for arguments. */
export function readArgs(text: string): Value[] {
  return ednRead(`[${text}\n]`) as Value[];
}

/* A t of the field for it; undefined when it is empty. */
export function readAsOf(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  if (!/^\s*\d+\s*$/.test(text)) throw new Error(`"as of" is the t of a transaction, a whole number, not ${text.trim()}`);
  return Number(text);
}

/* Whether a query says itself how many rows it wants. */
export function hasLimit(text: string): boolean {
  return sectionsOf(ednRead(text)).has('limit');
}

/* The items of a query's sections by their names, in its list form or its map form. */
function sectionsOf(query: Value): Map<string, readonly Value[]> {
  const sections = new Map<string, Value[]>();
  if (query instanceof Map) {
    for (const [key, value] of query as ReadonlyMap<Value, Value>) {
      if (key instanceof Keyword) sections.set(key.name, Array.isArray(value) ? value : [value]);
    }
    return sections;
  }
  let items: Value[] = [];
  for (const item of Array.isArray(query) ? (query as Value[]) : []) {
    if (item instanceof Keyword) sections.set(item.name, (items = []));
    else items.push(item);
  }
  return sections;
}

/* The answer to a query in the shape that its :find gives it. */
export function answerOf(query: string, result: Value): Answer {
  const sections = sectionsOf(ednRead(query));
  const find = sections.get('find') ?? [];
  const [first, second] = find;
  const keys = ['keys', 'strs', 'syms'].map((section) => sections.get(section)).find((names) => names !== undefined);
  if (isSymbol(second, '.')) return answerOfValue(result);
  if (find.length === 1 && Array.isArray(first)) {
    const names = (first as Value[]).filter((item) => !isSymbol(item, '...'));
    if (names.length < first.length) return table(names, (result as Value[]).map((value) => [value]));
    return keys ? answerOfValue(result) : table(names, result === null ? [] : [result as Value[]]);
  }
  if (keys) return answerOfMaps(result as Value[]);
  return table(find, result as Value[][]);
}

/* A column of pulled maps alone becomes a column for each of their keys. */
function table(names: readonly Value[], rows: readonly (readonly Value[])[]): Answer {
  if (names.length === 1 && rows.length > 0 && rows.every(([value]) => isMap(value))) {
    return answerOfMaps(rows.map(([value]) => value!));
  }
  return { kind: 'table', columns: names.map((name) => ednWrite(name)), rows };
}

/* One value; of a map, its keys and what they hold. A list of maps is a table of them. */
export function answerOfValue(value: Value): Answer {
  if (isMap(value)) {
    return { kind: 'table', columns: ['key', 'value'], rows: entries(value).map(([key, item]) => [key, item]) };
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isMap)) return answerOfMaps(value);
  return { kind: 'value', value };
}

function answerOfMaps(maps: readonly Value[]): Answer {
  const columns = new Map<string, Value>();
  for (const map of maps) {
    for (const [key] of entries(map)) columns.set(ednWrite(key), key);
  }
  const rows = maps.map((map) => {
    const values = new Map(entries(map).map(([key, value]) => [ednWrite(key), value]));
    return [...columns.keys()].map((column) => values.get(column) ?? null);
  });
  return { kind: 'table', columns: [...columns.keys()].map((name) => name.replace(/^"(.*)"$/, '$1')), rows };
}

function isSymbol(value: Value | undefined, name: string): boolean {
  return value instanceof Sym && value.name === name;
}

export function isMap(value: Value | undefined): boolean {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return value instanceof Map || isPlain;
}

/* A piece of a value as it is written: text, or a string that may name a page or block. */
export type Piece = { readonly text: string; readonly name?: string };

/* A value as EDN in pieces, in which the strings stand by themselves. A string that is the whole value has no quotes. */
export function piecesOf(value: Value): Piece[] {
  if (typeof value === 'string') return [{ text: value, name: value }];
  const pieces: Piece[] = [];
  write(value, pieces);
  return pieces;
}

function write(value: Value, pieces: Piece[]): void {
  const text = (more: string): void => void pieces.push({ text: more });
  const all = (open: string, items: readonly Value[], close: string): void => {
    text(open);
    items.forEach((item, i) => {
      if (i > 0) text(' ');
      write(item, pieces);
    });
    text(close);
  };
  if (typeof value === 'string') pieces.push({ text: ednWrite(value), name: value });
  else if (Array.isArray(value)) all('[', value as Value[], ']');
  else if (value instanceof List) all('(', value.items, ')');
  else if (value instanceof Set) all('#{', [...(value as Set<Value>)], '}');
  else if (isMap(value)) all('{', entries(value).flatMap(([key, item]) => [keyOf(key), item]), '}');
  else text(ednWrite(value));
}

/* The client gives keywords that are keys as strings with their colon, as DataScript does. */
function keyOf(key: Value): Value {
  return typeof key === 'string' && /^:\S+$/.test(key) ? Keyword.of(key.slice(1)) : key;
}

function entries(map: Value): [Value, Value][] {
  return (map instanceof Map ? [...map] : Object.entries(map as object)) as [Value, Value][];
}
