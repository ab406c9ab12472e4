/*
 * A graph in a DataScript database that holds entities of the application's own as well.
 *
 * Both number their entities from 1, so the server's ids cannot be used there. Each entity of the
 * graph gets an id of that database instead, the next that is free, and an attribute with the
 * server's id (as Athens' datsync did with its remote id). That attribute is the whole map: a
 * database that is saved and loaded again brings it along.
 *
 * The database follows the client's view, own pending edits included. While an edit is pending its
 * new entities carry the view's local ids; when the server has numbered them the attribute changes,
 * and the entity keeps its id here.
 *
 * What belongs to whom: on an entity of the graph, the attributes that the graph uses are the graph's,
 * and are made what the graph says. All other attributes of it, and all other entities, are the
 * application's and are neither touched nor sent.
 *
 * Invariant, once in step: for each entity of the view there is one here with its id as the remote
 * id, and it holds the same values of the graph's attributes, refs translated, and no others of them.
 */
import datascript, { type Connection, type Database, type Datom, type Report, type Schema } from 'datascript';
import type { BaseClient } from './client.js';
import { TX_0 } from './database.js';
import type { TransactResult } from './edit.js';
import { ednRead } from './edn.js';
import { renameEntities } from './forms.js';
import { Listened } from './listened.js';
import { List, type Uuid, type Value } from './values.js';

export interface LocalEntitiesOptions {
  /* The application's own schema; that of the graph is added to it, and wins. */
  readonly schema?: Schema;
  /* The attribute that holds the server's id: `:stoa/id` unless given. */
  readonly remoteId?: string;
}

/* What is used of a client. */
export type Followed = Pick<BaseClient, 'conn' | 'db' | 'mirror' | 'pending' | 'entityId' | 'onState' | 'transact'>;

type Flat = readonly [entity: number, attribute: string, value: unknown];

/* From so many changes on the database is made anew, which takes less time than adding one by one. */
const MANY = 2_000;

/* How an entity of the application's own is called in what is sent, so that it becomes the graph's. */
const OWN_TEMPID = 'own-entity-';

/* A graph in a database of the application's own, under that database's ids. */
export class LocalEntities {
  private readonly remoteId: string;
  private readonly ownSchema: Schema;
  private graphSchema: Schema | undefined;
  /* The view's id of each entity that is mapped, to the id here; and back. */
  private readonly here = new Map<number, number>();
  private readonly there = new Map<number, number>();
  private readonly attributes = new Set<string>(); // of the graph
  private readonly dirty = new Set<number>(); // entities of the view
  private lastId = 0;
  private readonly listened: Listened;
  private readonly stops: (() => void)[] = [];

  /* Brings `conn` in step, and keeps it so until close(). Its schema becomes that of both. */
  constructor(
    private readonly client: Followed,
    readonly conn: Connection,
    options: LocalEntitiesOptions = {},
  ) {
    this.remoteId = options.remoteId ?? ':stoa/id';
    this.ownSchema = options.schema ?? {};
    this.listened = new Listened(conn);
    this.listen(conn, (report) => report.tx_data.forEach(({ e }) => this.noteId(e)));
    this.listen(client.conn, (report) => this.changed(report));
    this.load();
    this.stops.push(client.onState(() => this.follow()));
  }

  /* The id here of an entity of the graph, by the server's id or the view's. */
  localId(id: number): number | undefined {
    return this.here.get(id) ?? this.here.get(this.client.entityId(id) ?? id);
  }

  /* The server's id of an entity here; undefined for the application's own, and while it has none. */
  remoteIdOf(local: number): number | undefined {
    const id = this.there.get(local);
    return id === undefined ? undefined : this.client.entityId(id);
  }

  /*
   * As the client's transact(), with the ids of this database. An entity of the application's own
   * that is spoken of becomes one of the graph, with what the forms say about it and nothing else.
   */
  async transact(txData: Value, options: { txId?: Uuid; meta?: Value } = {}): Promise<TransactResult> {
    const read = typeof txData === 'string' ? ednRead(txData) : txData;
    const forms = read instanceof List ? read.items : (read as readonly Value[]);
    const outward = renameEntities(forms, this.schema, (id) =>
      typeof id === 'number' && id > 0 ? (this.there.get(id) ?? `${OWN_TEMPID}${id}`) : undefined,
    );
    const result = await this.client.transact(outward, options);
    this.follow();
    const tempids = Object.entries(result.tempids).filter(([tempid]) => !tempid.startsWith(OWN_TEMPID));
    return { ...result, tempids: Object.fromEntries(tempids.map(([tempid, id]) => [tempid, this.here.get(id) ?? id])) };
  }

  /* The database stays as it is. */
  close(): void {
    this.stops.forEach((stop) => stop());
  }

  private get schema(): Schema {
    return {
      ...this.ownSchema,
      ...this.client.mirror.schema,
      [this.remoteId]: { ':db/unique': ':db.unique/identity' },
    };
  }

  private get db(): Database {
    return this.listened.db;
  }

  private listen(conn: Connection, fn: (report: Report) => void): void {
    const key = datascript.listen(conn, fn);
    this.stops.push(() => datascript.unlisten(conn, key));
  }

  private noteId(id: number): void {
    this.lastId = id < TX_0 ? Math.max(this.lastId, id) : this.lastId;
  }

  private changed({ tx_data, tx_meta }: Report): void {
    if ((tx_meta as { type?: string } | undefined)?.type === 'snapshot') {
      this.load();
      return;
    }
    tx_data.forEach(({ e, a }) => {
      this.attributes.add(a);
      this.dirty.add(e);
    });
    this.follow();
  }

  /* Looks at everything, as after a snapshot. */
  private load(): void {
    this.here.clear();
    this.there.clear();
    for (const { e, a, v } of datascript.datoms(this.db, ':eavt')) {
      this.noteId(e);
      if (a === this.remoteId) {
        this.map(v as number, e);
      }
    }
    for (const { e, a } of datascript.datoms(this.client.db, ':eavt')) {
      this.attributes.add(a);
      this.dirty.add(e);
    }
    this.here.forEach((_, id) => this.dirty.add(id));
    this.follow();
  }

  private map(id: number, local: number): void {
    this.here.set(id, local);
    this.there.set(local, id);
  }

  private unmap(id: number): void {
    this.there.delete(this.here.get(id)!);
    this.here.delete(id);
  }

  /* Makes what is dirty what the view says. */
  private follow(): void {
    // Between the transaction of an own edit and its answer nobody knows which entity became which.
    const isBetween = this.client.pending.some((edit) => edit.hasAppeared && !edit.isConfirmed && edit.localIds.size > 0);
    if (isBetween || this.client.mirror.position === undefined) {
      return;
    }
    if (this.graphSchema !== this.client.mirror.schema) {
      this.graphSchema = this.client.mirror.schema;
      this.rebuild([], []); // DataScript has no other way to change a schema
    }
    const retracted: Flat[] = [];
    const added: Flat[] = [];
    this.renumber(added);
    // Refs may bring entities along that have no datoms of their own: the set grows as it is read.
    for (const id of this.dirty) {
      this.compare(id, retracted, added);
    }
    this.dirty.clear();
    this.write(retracted, added);
  }

  /* Entities that the server has numbered since. */
  private renumber(added: Flat[]): void {
    for (const [id, local] of [...this.here]) {
      const known = this.client.entityId(id);
      if (known === undefined || known === id) {
        continue;
      }
      this.unmap(id);
      this.dirty.add(known);
      if (!this.here.has(known)) {
        this.map(known, local);
        added.push([local, this.remoteId, known]);
      }
    }
  }

  private compare(id: number, retracted: Flat[], added: Flat[]): void {
    const datoms = datascript.datoms(this.client.db, ':eavt', id);
    const isThere = datoms.length > 0 || this.isReferred(id);
    if (!isThere && !this.here.has(id)) {
      return;
    }
    const local = this.here.get(id) ?? this.adopt(id, datoms, added);
    const wanted = new Map(datoms.map(({ a, v }): [string, Flat] => {
      const value = this.isRef(a) ? this.refOf(v as number, added) : v;
      return [keyOf(a, value), [local, a, value]];
    }));
    for (const { a, v } of datascript.datoms(this.db, ':eavt', local)) {
      const isOfGraph = a !== this.remoteId && this.attributes.has(a);
      if (isOfGraph && !wanted.delete(keyOf(a, v))) {
        retracted.push([local, a, v]);
      }
    }
    added.push(...wanted.values());
    if (!isThere) {
      retracted.push([local, this.remoteId, id]);
      this.unmap(id);
    }
  }

  private isRef(attribute: string): boolean {
    return this.client.mirror.schema[attribute]?.[':db/valueType'] === ':db.type/ref';
  }

  private isReferred(id: number): boolean {
    return Object.keys(this.client.mirror.schema).some(
      (attribute) => this.isRef(attribute) && ownerOf(this.client.db, attribute, id) !== undefined,
    );
  }

  private refOf(id: number, added: Flat[]): number {
    return this.here.get(id) ?? this.adopt(id, datascript.datoms(this.client.db, ':eavt', id), added);
  }

  /* The id here of an entity that is new here: that of an own entity where it became one, or has a
   * unique value of it; else the next one. */
  private adopt(id: number, datoms: readonly Datom[], added: Flat[]): number {
    const own = this.sentAs(id) ?? this.sameAs(datoms);
    const local = own !== undefined && !this.there.has(own) ? own : ++this.lastId;
    this.map(id, local);
    this.dirty.add(id);
    added.push([local, this.remoteId, id]);
    return local;
  }

  private sentAs(id: number): number | undefined {
    for (const { localIds } of this.client.pending) {
      for (const [tempid, local] of localIds) {
        if (tempid.startsWith(OWN_TEMPID) && (local === id || this.client.entityId(local) === id)) {
          return Number(tempid.slice(OWN_TEMPID.length));
        }
      }
    }
    return undefined;
  }

  private sameAs(datoms: readonly Datom[]): number | undefined {
    const { schema } = this.client.mirror;
    const unique = datoms.filter(({ a }) => schema[a]?.[':db/unique'] !== undefined && !this.isRef(a));
    return unique.map(({ a, v }) => ownerOf(this.db, a, v)).find((owner) => owner !== undefined);
  }

  private write(retracted: readonly Flat[], added: readonly Flat[]): void {
    if (retracted.length + added.length >= MANY) {
      this.rebuild(retracted, added);
    } else if (retracted.length + added.length > 0) {
      const forms = [...retracted.map((flat) => [':db/retract', ...flat]), ...added.map((flat) => [':db/add', ...flat])];
      this.listened.commit(forms, { type: 'graph' });
    }
  }

  /* Listeners get one report without datoms: everything may have changed. */
  private rebuild(retracted: readonly Flat[], added: readonly Flat[]): void {
    const gone = new Set(retracted.map(([e, a, v]) => `${e} ${keyOf(a, v)}`));
    const renumbered = new Set(added.filter(([, a]) => a === this.remoteId).map(([e]) => e));
    const kept = datascript.datoms(this.db, ':eavt').filter(
      ({ e, a, v }) => !gone.has(`${e} ${keyOf(a, v)}`) && !(a === this.remoteId && renumbered.has(e)),
    );
    const datoms = [
      ...kept.map(({ e, a, v, tx }) => [e, a, v, tx]),
      ...added.map(([e, a, v]) => [e, a, v, TX_0 + 1]),
    ];
    this.listened.replace(datascript.init_db(datoms, this.schema));
    this.listened.commit([], { type: 'graph' });
  }
}

/* Who has this value of a unique attribute or a ref; any of them. */
function ownerOf(db: Database, attribute: string, value: unknown): number | undefined {
  const [datom] = datascript.datoms(db, ':avet', attribute, value);
  return datom?.e;
}

function keyOf(attribute: string, value: unknown): string {
  return `${attribute} ${value instanceof Date ? `date ${value.getTime()}` : `${typeof value} ${String(value)}`}`;
}
