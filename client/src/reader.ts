/* Reads that the server answers, of the graph as it is or as it was. */
import type { Requests } from './requests.js';
import type { Fields, Value } from './values.js';

export interface ReadOptions {
  /* The graph as it was at this t. */
  readonly asOf?: number;
  /* Only what was added after this t. */
  readonly since?: number;
  /* All that ever was, with an `added` in fifth place. */
  readonly history?: boolean;
  readonly limit?: number;
  readonly offset?: number;
  readonly timeoutMs?: number;
}

export interface IndexPage {
  /* [e, attribute, value, tx] */
  readonly datoms: readonly Value[];
  /* What to give as `after` for the next page; undefined on the last one. */
  readonly after: Value | undefined;
}

export class Reader {
  constructor(
    private readonly requests: Requests,
    private readonly always: ReadOptions = {},
  ) {}

  /* `query` is EDN text, or the same as data. `args` match its :in, without the graph. */
  async query(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.read({ type: 'query', query, args }, options);
  }

  /* `eid` is an id or a lookup ref, or a list of them with `many`. */
  async pull(pattern: Value, eid: Value, options: ReadOptions & { many?: boolean } = {}): Promise<Value> {
    return this.read({ type: 'pull', pattern, eid, many: options.many }, options);
  }

  /* A page of `eavt`, `aevt`, `avet` or `vaet`, of what begins with these components. */
  async index(
    index: string,
    components: readonly Value[] = [],
    options: ReadOptions & { after?: Value } = {},
  ): Promise<IndexPage> {
    const message = { type: 'index', index, components, after: options.after, ...this.fields(options) };
    const result = await this.requests.ask(message);
    return { datoms: result['result'] as readonly Value[], after: result['after'] };
  }

  private async read(message: Fields, options: ReadOptions): Promise<Value> {
    const result = await this.requests.ask({ ...message, ...this.fields(options) });
    return result['result'] ?? null;
  }

  private fields(options: ReadOptions): Fields {
    const { asOf, since, history, limit, offset, timeoutMs } = { ...options, ...this.always };
    return { as_of: asOf, since, history, limit, offset, timeout_ms: timeoutMs };
  }
}
