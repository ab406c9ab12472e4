/*
 * Values as DataScript holds them.
 *
 * DataScript compares JavaScript's strings, numbers, booleans and Dates, and takes any two other
 * objects of one class for equal. So these four are held as they are, and everything else as text
 * that no string of the graph can equal:
 *
 *   keyword, symbol, uuid, ...   as Transit writes them: "~:a/b", "~$foo", "~u...", "~i...", "~b..."
 *   string                       itself; a leading ~, ^ or backtick is escaped with ~
 *   vector, list, set, map       "~#" and the Transit text, items of sets and entries of maps sorted
 *
 * 1 and 1.0 are one, as are a vector and a list of the same items: JavaScript and MessagePack do
 * not tell them apart. The checksum does not either.
 *
 * Attributes are strings with their colon, as DataScript's JavaScript users write them:
 * d.q('[:find ?t :where [_ ":node/title" ?t]]', client.db).
 */
import type { Schema } from 'datascript';
import { transitRead, transitWrite } from './transit.js';
import {
  Double, Keyword, List, Sym, Uuid, entriesOf, isFields, type Fields, type Value,
} from './values.js';

export type Held = string | number | boolean | Date;

/* A datom as a mirror holds it. */
export type HeldDatom = readonly [entity: number, attribute: string, value: Held, tx: number];

/* The form in which a database holds a value. */
export function held(value: Value): Held {
  switch (typeof value) {
    case 'string':
      return /^[~^`]/.test(value) ? `~${value}` : value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isNaN(value) ? '~zNaN' : value;
    default:
      break;
  }
  if (value instanceof Date) {
    return value;
  }
  if (value instanceof Double) {
    return held(value.value);
  }
  const isScalar =
    typeof value === 'bigint' || value instanceof Keyword || value instanceof Sym ||
    value instanceof Uuid || value instanceof Uint8Array;
  return isScalar ? (JSON.parse(transitWrite(value)) as string) : `~#${canonicalText(value)}`;
}

/* Transit text in which equal values have equal texts. */
function canonicalText(value: Value): string {
  if (value instanceof List || Array.isArray(value)) {
    const items = value instanceof List ? value.items : (value as readonly Value[]);
    return `[${items.map(canonicalText).join(',')}]`;
  }
  if (value instanceof Set) {
    return `{"~#set":[${[...(value as Set<Value>)].map(canonicalText).sort().join(',')}]}`;
  }
  if (value instanceof Map || isFields(value)) {
    const entries = entriesOf(value as Map<Value, Value>);
    const isPlain = entries.every(([key]) => typeof key === 'string' || key instanceof Keyword);
    const texts = entries.map((entry) => entry.map(canonicalText).join(isPlain ? ':' : ',')).sort();
    return isPlain ? `{${texts.join(',')}}` : `{"~#cmap":[${texts.join(',')}]}`;
  }
  return transitWrite(value);
}

/* The value that is held so: the inverse of held(), but for lists (vectors now) and doubles (numbers). */
export function unheld(value: Held): Value {
  if (typeof value !== 'string' || !/^[~^`]/.test(value)) {
    return value;
  }
  return transitRead(value.startsWith('~#') ? value.slice(2) : JSON.stringify(value));
}

/*
 * DataScript's schema from the server's: names and keywords as strings with their colon, and without
 * :db/tupleAttrs. Tuples come as datoms like all others, and DataScript would compute its own.
 */
export function schemaOf(value: Value): Schema {
  const schema: Record<string, Record<string, string | boolean>> = {};
  for (const [attribute, properties] of entriesOf(value as Fields)) {
    const kept = entriesOf(properties as Fields)
      .filter(([property]) => String(property) !== ':db/tupleAttrs')
      .map(([property, setting]) => [String(property), setting === true ? true : String(setting)]);
    if (kept.length > 0) {
      schema[String(attribute)] = Object.fromEntries(kept) as Record<string, string | boolean>;
    }
  }
  return schema;
}
