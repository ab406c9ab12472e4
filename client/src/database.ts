/*
 * Builds a DataScript database from datoms, in slices.
 *
 * DataScript's init_db sorts three indexes in one go: a quarter of a second for 75,000 datoms, in
 * which a page stands still. So the sorting is done here, in the same order, and the result handed
 * over as the form that DataScript saves databases in (`serializable`), which it only links together.
 * That last step cannot be cut; it takes 0.4 to 0.6 us a datom when its code is warm and twice that when it
 * is not, so it is warmed up before a large database. It also sets the transaction id that the
 * database goes on from, which init_db takes from the datoms.
 */
import datascript, { type Database, type Schema } from 'datascript';
import type { Held, HeldDatom } from './held.js';
import { sortInSteps, type Steps } from './slices.js';

/* The transaction entity of t is TX_0 + t, in DataScript too. */
export const TX_0 = 2 ** 29;

const STEP = 1024;

/* From this size on the engine's optimiser is given small databases to learn from first. */
const LARGE = 20_000;
const WARM_UP_SIZE = 5_000;
const WARM_UP_TIMES = 5;
let isWarm = false;

/* A database of these datoms whose next transaction is that of t + 1. */
export function* buildDatabase(datoms: readonly HeldDatom[], schema: Schema, t: number): Steps<Database> {
  for (let i = 0; !isWarm && datoms.length >= LARGE && i < WARM_UP_TIMES; i++) {
    yield* build(datoms.slice(0, WARM_UP_SIZE), schema, t);
    yield;
  }
  isWarm ||= datoms.length >= LARGE;
  return yield* build(datoms, schema, t);
}

function* build(datoms: readonly HeldDatom[], schema: Schema, t: number): Steps<Database> {
  const strange = datoms.filter(isStrange);
  const eavt = yield* sortInSteps(strange.length > 0 ? datoms.filter((datom) => !isStrange(datom)) : datoms, compareDatoms);
  const byAttribute = yield* attributesOf(eavt);
  const attributes = [...byAttribute.keys()].sort(compareTexts);
  const avet: number[] = [];
  for (const attribute of attributes.filter((name) => isIndexed(schema[name]))) {
    yield* appendAll(avet, yield* sortedByValue(eavt, byAttribute.get(attribute)!));
  }
  const aevt: number[] = [];
  for (const attribute of attributes) {
    yield* appendAll(aevt, byAttribute.get(attribute)!);
  }
  const db = datascript.from_serializable({
    count: eavt.length,
    tx0: TX_0,
    'max-eid': eavt.at(-1)?.[0] ?? 0,
    'max-tx': strange.length > 0 ? TX_0 + t - 1 : TX_0 + t,
    schema: schemaText(schema),
    attrs: attributes,
    keywords: [],
    eavt: yield* writeDatoms(eavt, attributes),
    aevt,
    avet,
  });
  return strange.length > 0 ? datascript.db_with(db, strange.map((datom) => [':db/add', ...datom])) : db;
}

/* An instant that EDN has no text for: its year has not four digits. */
function isStrange(datom: HeldDatom): boolean {
  const value = datom[2];
  return value instanceof Date && !/^\d{4}-/.test(value.toISOString());
}

/* These places of datoms in the order of their values, and in their own where those are equal. */
function* sortedByValue(eavt: readonly HeldDatom[], places: readonly number[]): Steps<ArrayLike<number>> {
  const keys = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) {
    const value = eavt[places[i]!]![2];
    if (eavt.length > PLACES || !isSmall(value)) {
      return yield* sortInSteps(places, (a, b) => compareValues(eavt[a]![2], eavt[b]![2]) || a - b);
    }
    keys[i] = value * PLACES + places[i]!;
    if (i % STEP === STEP - 1) {
      yield;
    }
  }
  return keys.sort().map((key) => key % PLACES);
}

/* Refs and other numbers that make one exact double with a place: those are sorted without being compared by us. */
const PLACES = 2 ** 21;

function isSmall(value: Held): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
}

function* appendAll(list: number[], more: ArrayLike<number>): Steps {
  for (let i = 0; i < more.length; i++) {
    list.push(more[i]!);
    if (i % STEP === STEP - 1) {
      yield;
    }
  }
}

/* The places of each attribute's datoms. They keep their order, which is that of the `aevt` index. */
function* attributesOf(eavt: readonly HeldDatom[]): Steps<Map<string, number[]>> {
  const places = new Map<string, number[]>();
  for (let i = 0; i < eavt.length; i++) {
    const attribute = eavt[i]![1];
    const list = places.get(attribute);
    if (list) {
      list.push(i);
    } else {
      places.set(attribute, [i]);
    }
    if (i % STEP === STEP - 1) {
      yield;
    }
  }
  return places;
}

function* writeDatoms(eavt: readonly HeldDatom[], attributes: readonly string[]): Steps<unknown[]> {
  const numbers = new Map(attributes.map((attribute, i) => [attribute, i]));
  const written: unknown[] = [];
  for (const [entity, attribute, value, tx] of eavt) {
    written.push([entity, numbers.get(attribute), writeValue(value), tx - TX_0]);
    if (written.length % STEP === 0) {
      yield;
    }
  }
  return written;
}

/* What JSON cannot hold is marked in `serializable`: [1, EDN], [2] and [3] for the infinities. */
function writeValue(value: Held): unknown {
  if (value instanceof Date) {
    return [1, `#inst "${value.toISOString().replace('Z', '-00:00')}"`];
  }
  return value === Infinity ? [2] : value === -Infinity ? [3] : value;
}

function schemaText(schema: Schema): string {
  const attributes = Object.entries(schema).map(([attribute, properties]) => {
    const texts = Object.entries(properties).map(([property, setting]) => `${property} ${setting}`);
    return `${JSON.stringify(attribute)} {${texts.join(', ')}}`;
  });
  return `{${attributes.join(', ')}}`;
}

/* DataScript indexes by value what is unique, a ref, or said to be indexed. */
function isIndexed(properties: Schema[string] | undefined): boolean {
  return Boolean(
    properties?.[':db/unique'] || properties?.[':db/index'] || properties?.[':db/valueType'] === ':db.type/ref',
  );
}

function compareDatoms(a: HeldDatom, b: HeldDatom): number {
  return a[0] - b[0] || compareTexts(a[1], b[1]) || compareValues(a[2], b[2]);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/* DataScript's order: by the name of the class first, then within it. */
function compareValues(a: Held, b: Held): number {
  const classes = classOf(a) - classOf(b);
  if (classes !== 0) {
    return classes;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function classOf(value: Held): number {
  switch (typeof value) {
    case 'boolean':
      return 0;
    case 'object':
      return 1; /* Date */
    case 'number':
      return 2;
    default:
      return 3;
  }
}
