/*
 * A client of one graph: a connection that comes back, a mirror kept in step, presence, requests.
 *
 * Its life: connect, hello with the mirror's position, be synced by log or snapshot, live; and from
 * the start again on the next gateway whenever the socket ends, until close() or until the server
 * says that coming back is no use (4403, or a hello it calls wrong).
 */
import { backoffMs } from './backoff.js';
import { CODECS, type Protocol } from './codec.js';
import { Connection, type SocketClass } from './connection.js';
import { Events } from './events.js';
import { Mirror, MirrorError } from './mirror.js';
import { Presence, type Session } from './presence.js';
import { RETRY_READ, RETRY_TRANSACT, RequestError, Requests } from './requests.js';
import { Uuid, entriesOf, type Fields, type Value } from './values.js';

export type Sync = 'auto' | 'log' | 'snapshot' | 'none';

/* connecting: no socket, or none that is welcomed. syncing: the mirror is behind. */
export type Status = 'connecting' | 'syncing' | 'live' | 'closed';

export interface ClientOptions {
  /* Gateways, as http(s) or ws(s) addresses without a path; tried in turn. */
  readonly urls: readonly string[];
  readonly graph?: string;
  readonly protocol?: Protocol;
  readonly user?: Fields;
  readonly token?: string;
  /* Of the first connection; later ones go on from where the mirror is. `none` keeps no mirror. */
  readonly sync?: Sync;
  readonly state?: Fields;
  /* Where the platform has no WebSocket of its own (Node before 22): that of npm's `ws`. */
  readonly socketClass?: SocketClass;
}

export interface ClientEvents {
  status: Status;
  /* A transaction, applied to the mirror. */
  tx: Fields;
  presence: readonly Session[];
  welcome: Fields;
  /* The socket ended; the client goes on by itself unless its status is `closed`. */
  close: { readonly code: number; readonly reason: string };
  /* The server broke what PROTOCOL.md promises. The client has asked for a new snapshot. */
  fault: Error;
}

export interface TransactResult {
  readonly t: number;
  readonly tx: number;
  readonly tempids: Readonly<Record<string, number>>;
}

export interface ReadOptions {
  readonly asOf?: number;
  readonly since?: number;
  readonly history?: boolean;
  readonly limit?: number;
  readonly offset?: number;
  readonly timeoutMs?: number;
}

/* A socket that is silent this much longer than the server's ping interval is given up. */
const SILENCE_GRACE_MS = 10_000;

const CLOSE_POLICY = 1008;
const CLOSE_FORBIDDEN = 4403;

export class Client {
  readonly mirror = new Mirror();
  readonly presence = new Presence();
  private readonly events = new Events<ClientEvents>();
  private readonly requests = new Requests();
  private readonly options: Required<Omit<ClientOptions, 'token' | 'user' | 'socketClass'>> & ClientOptions;
  private readonly socketClass: SocketClass;
  private connection: Connection | undefined;
  private welcome: Fields | undefined;
  private refusal: RequestError | undefined;
  private state: Fields;
  private helloState: Fields | undefined;
  private lastStatus: Status = 'connecting';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private helloId = 0;
  private tries = 0;
  private nextUrl = 0;
  private retryMs: number | undefined;
  private isLoading = false; // a snapshot; what the mirror holds meanwhile may be of another log
  private waiting: { readonly t: number; readonly done: () => void }[] = [];

  constructor(options: ClientOptions) {
    this.options = { graph: 'main', protocol: 'json', sync: 'auto', state: {}, ...options };
    this.socketClass = options.socketClass ?? (globalThis.WebSocket as unknown as SocketClass);
    this.state = this.options.state;
    this.connect();
  }

  get status(): Status {
    return this.lastStatus;
  }

  /* This connection's session; undefined while not welcomed. */
  get session(): string | undefined {
    return this.welcome?.['session'] as string | undefined;
  }

  on<Name extends keyof ClientEvents>(name: Name, fn: (event: ClientEvents[Name]) => void): () => void {
    return this.events.on(name, fn);
  }

  /* Resolves when the client is live, now or later; rejects when it is closed before that. */
  live(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        if (this.lastStatus === 'live') resolve();
        else if (this.lastStatus === 'closed') reject(this.endError());
        else return false;
        return true;
      };
      if (!settle()) {
        const off = this.on('status', () => settle() && off());
      }
    });
  }

  /*
   * Commits forms (or EDN text of them) once, however often it takes to send them. Resolves when
   * the server has answered and the mirror holds the transaction.
   */
  async transact(txData: Value, options: { txId?: Uuid; meta?: Value } = {}): Promise<TransactResult> {
    const result = await this.requests.ask(
      { type: 'transact', tx_id: options.txId ?? Uuid.random(), tx_data: txData, meta: options.meta },
      RETRY_TRANSACT,
    );
    const t = result['t'] as number;
    await this.applied(t);
    const tempids = entriesOf((result['tempids'] ?? {}) as Fields).map(([key, id]) => [String(key), id]);
    return { t, tx: result['tx'] as number, tempids: Object.fromEntries(tempids) as Record<string, number> };
  }

  /* `query` is EDN text, or the same as data. */
  async query(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.read({ type: 'query', query, args }, options);
  }

  async pull(pattern: Value, eid: Value, options: ReadOptions & { many?: boolean } = {}): Promise<Value> {
    return this.read({ type: 'pull', pattern, eid, many: options.many }, options);
  }

  /* A page of an index, and the cursor of the next one where there is one. */
  async index(
    index: string,
    components: readonly Value[] = [],
    options: ReadOptions & { after?: Value } = {},
  ): Promise<{ datoms: readonly Value[]; after: Value | undefined }> {
    const message = { type: 'index', index, components, after: options.after, ...readFields(options) };
    const result = await this.requests.ask(message, RETRY_READ);
    return { datoms: result['result'] as readonly Value[], after: result['after'] };
  }

  /* Tells the others what this user looks at; replaces what was told before. */
  setState(state: Fields): void {
    this.state = state;
    if (this.welcome) {
      this.connection?.send({ type: 'presence', state });
    }
  }

  /* Ends for good; what is still open fails. */
  close(): void {
    this.end();
    this.connection?.close('closed by the client');
  }

  private async read(message: Fields, options: ReadOptions): Promise<Value> {
    const result = await this.requests.ask({ ...message, ...readFields(options) }, RETRY_READ);
    return result['result'] ?? null;
  }

  private setStatus(status: Status): void {
    if (status !== this.lastStatus) {
      this.lastStatus = status;
      this.events.emit('status', status);
    }
  }

  private endError(): Error {
    return this.refusal ?? new Error('the client is closed');
  }

  private end(): void {
    clearTimeout(this.timer);
    this.requests.end(this.endError());
    this.setStatus('closed');
  }

  private connect(): void {
    const { urls, graph, protocol } = this.options;
    const base = urls[this.nextUrl++ % urls.length]!.replace(/^http/, 'ws').replace(/\/$/, '');
    this.connection = new Connection(
      `${base}/v1/graphs/${graph}/socket`,
      CODECS[protocol],
      {
        open: () => this.hello(),
        message: (message) => this.receive(message),
        close: (code, reason) => this.closed(code, reason),
      },
      this.socketClass,
    );
  }

  private hello(): void {
    const { user, token, sync } = this.options;
    const position = this.mirror.position;
    this.helloId = this.requests.newId();
    this.helloState = this.state;
    this.connection!.send({
      type: 'hello',
      id: this.helloId,
      user,
      token,
      state: this.state,
      sync: position && sync === 'snapshot' ? 'auto' : sync,
      epoch: position && new Uuid(position.epoch),
      since: position?.t,
    });
  }

  private closed(code: number, reason: string): void {
    const wasWelcome = this.welcome !== undefined;
    this.connection = undefined;
    this.welcome = undefined;
    this.requests.detach();
    this.presence.clear();
    const isRefused = code === CLOSE_FORBIDDEN || (code === CLOSE_POLICY && !wasWelcome);
    if (isRefused) {
      this.refusal ??= new RequestError('forbidden', reason || `closed with ${code}`, undefined);
      this.end();
    }
    this.events.emit('close', { code, reason });
    if (this.lastStatus !== 'closed') {
      this.setStatus('connecting');
      const pause_ms = this.retryMs === undefined ? backoffMs(this.tries++) : Math.random() * this.retryMs;
      this.retryMs = undefined;
      this.timer = setTimeout(() => this.connect(), pause_ms);
    }
  }

  /* One row for each type of PROTOCOL.md; types of a later server are passed over. */
  private readonly handlers: Readonly<Record<string, (message: Fields) => void>> = {
    welcome: (message) => this.welcomed(message),
    snapshot: ({ schema, count, t }) => this.mirror.snapshot(schema ?? {}, count as number, t as number),
    datoms: ({ datoms }) => this.mirror.chunk(datoms as readonly Value[]),
    synced: (message) => this.synced(message),
    tx: (message) => this.applyTx(message),
    result: (message) => this.requests.take(message),
    error: (message) => this.failed(message),
    presence: (message) => {
      this.presence.apply(message);
      this.events.emit('presence', this.presence.sessions);
    },
    heartbeat: (message) => this.heartbeat(message),
    goaway: ({ retry_ms }) => {
      this.retryMs = retry_ms as number;
    },
  };

  private receive(message: Fields): void {
    try {
      const type = message['type'] as string;
      if (Object.hasOwn(this.handlers, type)) {
        this.handlers[type]!(message);
      }
    } catch (error) {
      if (!(error instanceof MirrorError)) {
        throw error;
      }
      this.mirror.distrust();
      this.events.emit('fault', error);
      this.connection?.close(error.message);
    }
  }

  private welcomed(message: Fields): void {
    const limits = message['limits'] as Fields;
    this.welcome = message;
    this.refusal = undefined;
    this.tries = 0;
    this.connection!.expectWithin((message['ping_ms'] as number) + SILENCE_GRACE_MS);
    this.setStatus('syncing');
    this.events.emit('welcome', message);
    if (this.state !== this.helloState) {
      this.setState(this.state);
    }
    this.requests.attach(limits['in_flight'] as number, (request) => this.connection!.send(request));
    this.isLoading = message['sync'] === 'snapshot';
    if (!this.isLoading) {
      this.checkLive();
    }
  }

  /* Live: nothing that was committed before the welcome is missing. */
  private checkLive(): void {
    const isBehind =
      this.options.sync !== 'none' && (this.mirror.position?.t ?? -1) < (this.welcome!['t'] as number);
    if (!isBehind) {
      this.setStatus('live');
    }
  }

  private synced(message: Fields): void {
    const t = message['t'] as number;
    if (this.isLoading) {
      const epoch = String(this.welcome!['epoch']);
      const isOtherLog = this.mirror.position !== undefined && this.mirror.position.epoch !== epoch;
      this.mirror.synced(epoch, t, message['checksum'] as string);
      this.isLoading = false;
      this.settle(isOtherLog ? Infinity : t); // of another log, no t is worth waiting for
    } else {
      this.mirror.verify(t, message['checksum'] as string);
    }
    this.checkLive();
  }

  private applyTx(message: Fields): void {
    if (this.options.sync !== 'none') {
      this.mirror.apply(message);
      this.settle(message['t'] as number);
    }
    this.events.emit('tx', message);
    if (this.lastStatus === 'syncing') {
      this.checkLive();
    }
  }

  /* With a mirror, waits until it holds t. Without one, a result already comes after its tx. */
  private applied(t: number): Promise<void> | void {
    const held = this.isLoading ? -1 : (this.mirror.position?.t ?? -1);
    if (this.options.sync !== 'none' && held < t) {
      return new Promise((done) => this.waiting.push({ t, done }));
    }
  }

  private settle(t: number): void {
    const ready = this.waiting.filter((wait) => wait.t <= t);
    this.waiting = this.waiting.filter((wait) => wait.t > t);
    ready.forEach((wait) => wait.done());
  }

  private failed(message: Fields): void {
    if (message['re'] === this.helloId && !this.welcome) {
      this.refusal = new RequestError(message['code'] as string, message['message'] as string, message['data']);
      return;
    }
    if (!this.requests.take(message)) {
      this.events.emit('fault', new RequestError(message['code'] as string, message['message'] as string, message));
    }
  }

  private heartbeat(message: Fields): void {
    const position = this.mirror.position;
    const t = message['t'] as number;
    if (!position || this.lastStatus !== 'live') {
      return;
    }
    if (t > position.t) {
      this.connection!.close(`behind: at t ${position.t}, the server at ${t}`);
    } else {
      this.mirror.verify(t, message['checksum'] as string);
    }
  }
}

function readFields(options: ReadOptions): Fields {
  return {
    as_of: options.asOf,
    since: options.since,
    history: options.history,
    limit: options.limit,
    offset: options.offset,
    timeout_ms: options.timeoutMs,
  };
}
