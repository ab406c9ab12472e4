/*
 * Reads that the server answers, of the graph as it is or as it was.
 *
 * Results look as DataScript's own do in JavaScript: maps are objects whose keys are strings, those that
 * are keywords with their colon, and attributes of datoms are such strings. Values are as in values.ts.
 */
import type { Requests } from './requests.js';
import { Keyword, List, entriesOf, isFields, type Fields, type Value } from './values.js';

export interface ReadOptions {
  /* The graph as it was at this t. */
  readonly asOf?: number;
  /* Only what was added after this t. */
  readonly since?: number;
  /* All that ever was, of queries and index reads; datoms have an `added` in fifth place then. */
  readonly history?: boolean;
  /* The graph as transact() of this would make it; nothing is committed. */
  readonly with?: Value;
  /* At most so many rows of a query, or datoms of an index read. */
  readonly limit?: number;
  /* So many rows of a query are left out first. */
  readonly offset?: number;
  /* The read is stopped after so long: 10000 unless given, 120000 at most. */
  readonly timeoutMs?: number;
}

export interface IndexOptions extends ReadOptions {
  /* What the page before this one gave. */
  readonly after?: Value;
  /* From `components` on: only what begins with them (`datoms`, the default), to the end of the index (`seek`),
   * back to its beginning (`reverse`), or of `avet` the values of an attribute up to `end` (`range`). */
  readonly walk?: 'datoms' | 'seek' | 'reverse' | 'range';
  readonly end?: Value;
}

export interface IndexPage {
  /* [e, attribute, value, tx, added]; `added` with `history` alone. */
  readonly datoms: readonly (readonly [number, string, Value, number, boolean?])[];
  /* What to give as `after` for the next page; undefined on the last one. */
  readonly after: Value | undefined;
}

/* Reads that the server answers; maps in results are objects with string keys. */
export class Reader {
  constructor(
    private readonly requests: Requests,
    private readonly always: ReadOptions = {},
  ) {}

  /* `query` is EDN text, or the same as data. `args` match its :in, without the graph. */
  async query(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.read({ type: 'query', query, args }, options);
  }

  /* Runs a query and tells, in place of its rows, the steps by which they were found. */
  async explain(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.read({ type: 'query', query, args, explain: true }, options);
  }

  /* `eid` is an id or a lookup ref, or a list of them with `many`. */
  async pull(pattern: Value, eid: Value, options: ReadOptions & { many?: boolean } = {}): Promise<Value> {
    return this.read({ type: 'pull', pattern, eid, many: options.many }, options);
  }

  /* A page of `eavt`, `aevt`, `avet` or `vaet`, of what begins with these components. */
  async index(index: string, components: readonly Value[] = [], options: IndexOptions = {}): Promise<IndexPage> {
    const { after, walk, end } = options;
    const message = { type: 'index', index, components, after, walk, end, ...this.fields(options) };
    const result = await this.requests.ask(message);
    return { datoms: (result['result'] as readonly Value[]).map(datomOf), after: result['after'] };
  }

  private async read(message: Fields, options: ReadOptions): Promise<Value> {
    const result = await this.requests.ask({ ...message, ...this.fields(options) });
    return plain(result['result'] ?? null);
  }

  private fields(options: ReadOptions): Fields {
    const { asOf, since, history, with: txData, limit, offset, timeoutMs } = { ...options, ...this.always };
    return { as_of: asOf, since, history, with: txData, limit, offset, timeout_ms: timeoutMs };
  }
}

function datomOf(datom: Value): IndexPage['datoms'][number] {
  const [entity, attribute, value, tx, ...added] = datom as readonly [number, Keyword, Value, number, boolean?];
  return [entity, String(attribute), plain(value), tx, ...added];
}

function plain(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value instanceof List) {
    return new List(value.items.map(plain));
  }
  if (value instanceof Set) {
    return new Set([...(value as Set<Value>)].map(plain));
  }
  if (value instanceof Map || isFields(value)) {
    return plainMap(entriesOf(value as Map<Value, Value>).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

/* A map that has keys of other kinds, or two that would become one, stays a Map. */
function plainMap(entries: [Value, Value][]): Value {
  const names = new Set(entries.flatMap(([key]) => (key instanceof Keyword || typeof key === 'string' ? [String(key)] : [])));
  return names.size === entries.length
    ? Object.fromEntries(entries.map(([key, value]) => [String(key), value]))
    : new Map(entries);
}
