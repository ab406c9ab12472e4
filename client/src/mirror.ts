/*
 * A DataScript database kept in step with a graph.
 *
 * Attributes are strings with their colon, as DataScript's JavaScript users write them:
 * d.q('[:find ?t :where [_ ":node/title" ?t]]', mirror.db). The schema is the server's without
 * :db/tupleAttrs: tuples come as datoms like all others, and DataScript would compute its own.
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
 * The npm package has no way to hand in datoms, so they are applied as flat forms, and held values
 * are never such that DataScript would read more into them: no arrays, no objects, no text in a ref.
 * A form takes its transaction id from the database, which counts as the server does: 2^29 + t. (A
 * form may name another, but for refs DataScript ignores it.)
 *
 * Invariants, between calls: the database holds exactly the datoms of the graph at `t`, `checksum`
 * is theirs, and its max-tx is that of t.
 */
import datascript, { type Connection, type Database, type Schema } from 'datascript';
import { Checksum } from './checksum.js';
import { transitWrite } from './transit.js';
import {
  Double, Keyword, List, Sym, Uuid, entriesOf, isFields, type Fields, type Value,
} from './values.js';

export type Held = string | number | boolean | Date;

/* A datom as a mirror holds it. */
export type HeldDatom = readonly [entity: number, attribute: string, value: Held, tx: number];

/* The server and this mirror do not agree; the cure is a snapshot. */
export class MirrorError extends Error {
  override readonly name = 'MirrorError';
}

/* The transaction entity of t is TX_0 + t. */
const TX_0 = 2 ** 29;

export class Mirror {
  readonly conn: Connection = datascript.conn_from_db(datascript.init_db([], {}));
  private schema: Schema = {};
  private checksum = new Checksum();
  private last: { epoch: string; t: number } | undefined;
  private loading: Loading | undefined;

  get db(): Database {
    return datascript.db(this.conn);
  }

  /* The lineage and the last t applied; undefined before the first snapshot. */
  get position(): { readonly epoch: string; readonly t: number } | undefined {
    return this.last;
  }

  get checksumText(): string {
    return this.checksum.toString();
  }

  datoms(): HeldDatom[] {
    return datascript.datoms(this.db, ':eavt').map((datom) => [datom.e, datom.a, datom.v as Held, datom.tx]);
  }

  /* Forgets the position, so that the next hello asks for a snapshot. The datoms stay readable. */
  distrust(): void {
    this.last = undefined;
  }

  /* A snapshot replaces what is held once it is complete; until then the old datoms are readable. */
  snapshot(schema: Value, count: number, t: number): void {
    this.loading = { schema: readSchema(schema), count, t, datoms: [], checksum: new Checksum() };
  }

  chunk(datoms: readonly Value[]): void {
    const loading = this.expectLoading();
    for (const datom of datoms) {
      const [entity, attribute, value, tx] = datom as [number, Keyword, Value, number];
      loading.checksum.add(entity, attribute.name, value, tx);
      loading.datoms.push([entity, attribute.toString(), held(value), tx]);
    }
  }

  synced(epoch: string, t: number, checksum: string): void {
    const loading = this.expectLoading();
    this.loading = undefined;
    if (loading.t !== t || loading.datoms.length !== loading.count) {
      throw new MirrorError(
        `snapshot of t ${loading.t} with ${loading.datoms.length} datoms of ${loading.count} ended at t ${t}`,
      );
    }
    this.schema = loading.schema;
    this.checksum = loading.checksum;
    this.last = { epoch, t };
    datascript.reset_conn(this.conn, database(loading.datoms, this.schema, t));
    this.verify(t, checksum);
  }

  /* Applies one `tx` message, which must be that of t + 1. DataScript's listeners get it as tx_meta. */
  apply(message: Fields): void {
    const { t, tx, datoms, schema } = message as { t: number; tx: number; datoms: Value[]; schema?: Value };
    if (!this.last || this.last.t + 1 !== t) {
      throw new MirrorError(`t ${t} came after t ${this.last?.t}`);
    }
    if (schema !== undefined) {
      this.schema = readSchema(schema);
      datascript.reset_conn(this.conn, database(this.datoms(), this.schema, this.last.t));
    }
    const forms = datoms.map((datom) => this.form(datom, tx));
    const report = datascript.transact(this.conn, forms, message);
    if (report.tempids[':db/current-tx'] !== tx) {
      throw new MirrorError(`tx ${tx} was applied as ${report.tempids[':db/current-tx']}`);
    }
    this.last = { epoch: this.last.epoch, t };
  }

  /* Compares with the server's checksum of t. */
  verify(t: number, checksum: string): void {
    if (this.last?.t === t && this.checksum.toString() !== checksum) {
      throw new MirrorError(`checksum at t ${t} is ${this.checksum.toString()}, the server's ${checksum}`);
    }
  }

  private form(datom: Value, tx: number): readonly unknown[] {
    const [entity, keyword, value, added] = datom as [number, Keyword, Value, boolean];
    const attribute = keyword.toString();
    const text = held(value);
    if (added) {
      this.checksum.add(entity, keyword.name, value, tx);
      return [':db/add', entity, attribute, text];
    }
    const [old] = datascript.datoms(this.db, ':eavt', entity, attribute, text);
    if (!old) {
      throw new MirrorError(`[${entity} ${attribute}] is retracted and was not there`);
    }
    this.checksum.subtract(entity, keyword.name, value, old.tx);
    return [':db/retract', entity, attribute, text];
  }

  private expectLoading(): Loading {
    if (!this.loading) {
      throw new MirrorError('datoms with no snapshot before them');
    }
    return this.loading;
  }
}

interface Loading {
  readonly schema: Schema;
  readonly count: number;
  readonly t: number;
  readonly datoms: HeldDatom[];
  readonly checksum: Checksum;
}

/* A database of these datoms whose next transaction is that of t + 1. */
function database(datoms: readonly HeldDatom[], schema: Schema, t: number): Database {
  const isInStep = t === 0 || datoms.some((datom) => datom[3] === TX_0 + t);
  if (isInStep) {
    return datascript.init_db(datoms, schema);
  }
  const stand: HeldDatom = [1, ':stoa/t', 0, TX_0 + t - 1];
  const db = datascript.init_db([...datoms, stand], schema);
  return datascript.db_with(db, [[':db/retract', stand[0], stand[1], stand[2]]]);
}

/* The form in which a mirror holds a value. */
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

/* DataScript's schema: names and keywords as strings with their colon. */
function readSchema(value: Value): Schema {
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
