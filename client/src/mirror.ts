/*
 * A DataScript database of what the server sent, and of nothing else.
 *
 * Datoms come in as datoms. A snapshot is built into a database index by index (database.ts). The
 * npm package has no way to add datoms to a database that is there, so a transaction's are applied
 * as flat forms [op e a v], and held values are never such that DataScript would read more into
 * them: no arrays, no objects, no text in a ref. A form takes its transaction id from the database,
 * which counts as the server does: 2^29 + t. (A form may name another, but for refs DataScript
 * ignores it.) Retractions come first in a transaction, so a unique value can move from one entity
 * to another; and attributes that are tuples have no :db/tupleAttrs here, so their datoms are
 * applied like all others, where DataScript would refuse to have a tuple written.
 *
 * Invariants, between calls: the database holds exactly the datoms of the graph at `position.t`,
 * `checksumText` is theirs, and the database's max-tx is that of t.
 */
import datascript, { type Database, type Schema } from 'datascript';
import { Checksum } from './checksum.js';
import { buildDatabase } from './database.js';
import { held, schemaOf, unheld, type Held, type HeldDatom } from './held.js';
import type { Listened } from './listened.js';
import { placesOf } from './msgpack.js';
import type { Steps } from './slices.js';
import type { Fields, Keyword, Value } from './values.js';

/* The server and this mirror do not agree; the cure is a snapshot. */
export class MirrorError extends Error {
  override readonly name = 'MirrorError';
}

export interface Position {
  /* The lineage of the log; another one may say something else about the same t. */
  readonly epoch: string;
  /* The last transaction that the mirror holds. */
  readonly t: number;
}

/* A datom that a transaction added or took back. `tx` is that of the transaction. */
export type Change = readonly [entity: number, attribute: string, value: Held, tx: number, added: boolean];

/* Datoms between two yields. */
const STEP = 256;

/* What the server sent, as a DataScript database. The client writes it; an application reads `db`. */
export class Mirror {
  private database: Database = datascript.empty_db({});
  private attributes: Schema = {};
  private checksum = new Checksum();
  private last: Position | undefined;
  private loading: Loading | undefined;

  /* Immutable; the next transaction makes another one. */
  get db(): Database {
    return this.database;
  }

  get schema(): Schema {
    return this.attributes;
  }

  /* Undefined before the first snapshot. */
  get position(): Position | undefined {
    return this.last;
  }

  get checksumText(): string {
    return this.checksum.toString();
  }

  /* Datoms of a snapshot that is under way: how many have come, of how many. */
  get progress(): { readonly done: number; readonly total: number } | undefined {
    return this.loading && { done: this.loading.datoms.length, total: this.loading.count };
  }

  datoms(): HeldDatom[] {
    return datascript.datoms(this.database, ':eavt').map((datom) => [datom.e, datom.a, datom.v as Held, datom.tx]);
  }

  /* Forgets the position, so that the next hello asks for a snapshot. The datoms stay readable. */
  distrust(): void {
    this.last = undefined;
  }

  /* A snapshot replaces what is held once it is complete; until then the old datoms are readable. */
  snapshot(schema: Value, count: number, t: number): void {
    this.loading = { schema: schemaOf(schema), count, t, datoms: [], checksum: new Checksum() };
  }

  *chunk(datoms: readonly Value[]): Steps {
    const loading = this.expectLoading();
    const places = placesOf(datoms);
    for (let i = 0; i < datoms.length; i++) {
      const [entity, attribute, value, tx] = datoms[i] as [number, Keyword, Value, number];
      if (places && !places.odd.has(i)) {
        loading.checksum.addEncoded(places.bytes, places.starts[i]!, places.starts[i + 1]!);
      } else {
        loading.checksum.add(entity, attribute.name, value, tx);
      }
      loading.datoms.push([entity, attribute.toString(), held(value), tx]);
      if (loading.datoms.length % STEP === 0) {
        yield;
      }
    }
  }

  *synced(epoch: string, t: number, checksum: string): Steps {
    const loading = this.expectLoading();
    if (loading.t !== t || loading.datoms.length !== loading.count) {
      this.loading = undefined;
      throw new MirrorError(
        `snapshot of t ${loading.t} with ${loading.datoms.length} datoms of ${loading.count} ended at t ${t}`,
      );
    }
    const database = yield* buildDatabase(loading.datoms, loading.schema, t);
    this.loading = undefined;
    this.database = database;
    this.attributes = loading.schema;
    this.checksum = loading.checksum;
    this.last = { epoch, t };
    this.verify(t, checksum);
  }

  /*
   * Applies one `tx` message, which must be that of t + 1, and returns what it changed. Where `shown`
   * holds the mirror's own database the work is done there, so that its listeners are told.
   */
  *apply(message: Fields, shown: Listened): Steps<Change[]> {
    const { t, tx, datoms, schema } = message as { t: number; tx: number; datoms: Value[]; schema?: Value };
    if (!this.last || this.last.t + 1 !== t) {
      throw new MirrorError(`t ${t} came after t ${this.last?.t}`);
    }
    if (schema !== undefined) {
      this.attributes = schemaOf(schema);
      this.database = yield* buildDatabase(this.datoms(), this.attributes, this.last.t);
    }
    const changes = datoms.map((datom) => this.change(datom, tx));
    const forms = changes.map(([entity, attribute, value, , added]) =>
      [added ? ':db/add' : ':db/retract', entity, attribute, value]);
    const report = shown.db === this.database
      ? shown.commit(forms, message)
      : datascript.transact(datascript.conn_from_db(this.database), forms, message);
    if (report.tempids[':db/current-tx'] !== tx) {
      throw new MirrorError(`tx ${tx} was applied as ${report.tempids[':db/current-tx']}`);
    }
    this.database = report.db_after;
    this.last = { epoch: this.last.epoch, t };
    return changes;
  }

  /* Compares the server's checksum of t with that of what came. */
  verify(t: number, checksum: string): void {
    if (this.last?.t === t && this.checksum.toString() !== checksum) {
      throw new MirrorError(`checksum at t ${t} is ${this.checksum.toString()}, the server's ${checksum}`);
    }
  }

  /*
   * Compares the checksum of what came with that of the datoms as they are in the database now, which
   * nobody but the mirror should have written. Later transactions may be applied meanwhile.
   */
  *recount(): Steps {
    const [expected, t] = [this.checksum.toString(), this.last?.t];
    const counted = new Checksum();
    let count = 0;
    for (const { e, a, v, tx } of datascript.datoms(this.database, ':eavt')) {
      counted.add(e, a.slice(1), unheld(v as Held), tx);
      if (++count % STEP === 0) {
        yield;
      }
    }
    if (counted.toString() !== expected) {
      throw new MirrorError(`the datoms at t ${t} have the checksum ${counted.toString()}, and came with ${expected}`);
    }
  }

  private change(datom: Value, tx: number): Change {
    const [entity, keyword, value, added] = datom as [number, Keyword, Value, boolean];
    const attribute = keyword.toString();
    const text = held(value);
    if (added) {
      this.checksum.add(entity, keyword.name, value, tx);
      return [entity, attribute, text, tx, true];
    }
    const [old] = datascript.datoms(this.database, ':eavt', entity, attribute, text);
    if (!old) {
      throw new MirrorError(`[${entity} ${attribute}] is retracted and was not there`);
    }
    this.checksum.subtract(entity, keyword.name, value, old.tx);
    return [entity, attribute, text, tx, false];
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
