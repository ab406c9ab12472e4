/*
 * A client of one graph: a connection that comes back, a mirror kept in step, an outbox of own edits,
 * the view of both, presence, and reads.
 *
 * Its life: connect, hello with the mirror's position, be synced by log or snapshot, live; and from
 * the start again on the next gateway whenever the socket ends, until close() or until the server
 * says that coming back is no use.
 */
import type { Connection as Conn, Database } from 'datascript';
import { CODECS } from './codec.js';
import type { ClientEvents, ClientOptions, Rejected } from './client_options.js';
import { Connector } from './connector.js';
import { Edit, type TransactResult } from './edit.js';
import { Events } from './events.js';
import { Inbox } from './inbox.js';
import { LocalIds } from './local_ids.js';
import { Mirror, MirrorError } from './mirror.js';
import { Outbox } from './outbox.js';
import type { Platform } from './platform.js';
import { Presence, type Session } from './presence.js';
import { Reader, type IndexOptions, type IndexPage, type ReadOptions } from './reader.js';
import { RequestError, Requests } from './requests.js';
import { inIdleSlices, type Steps } from './slices.js';
import type { Progress, State, Status } from './state.js';
import { transactionOf, type Transaction } from './transaction.js';
import { View } from './view.js';
import { Uuid, type Fields, type Value } from './values.js';

type Off = () => void;

/* A socket that is silent this much longer than the server's ping interval is given up. */
const SILENCE_GRACE_MS = 10_000;

/* The server's answer to a look at whether the socket still leads anywhere. */
const ALIVE_MS = 5_000;

/* The datoms are counted anew at heartbeats, in at most this share of the time. */
const RECOUNT_SHARE = 0.01;

const CLOSE_POLICY = 1008;

/* What the clients of browsers and Node have in common; connect() makes one of them. */
export class BaseClient {
  /* What the server sent, without the own pending edits. */
  readonly mirror = new Mirror();
  /* Who else is there. */
  readonly presence = new Presence();
  private readonly events = new Events<ClientEvents>();
  private readonly requests = new Requests();
  private readonly reader = new Reader(this.requests);
  private readonly ids = new LocalIds();
  private readonly view = new View(this.mirror, this.ids);
  private readonly outbox: Outbox;
  private readonly connector: Connector;
  private readonly stopWaking: Off;
  private inbox: Inbox | undefined;
  private isOpening = true; // the outbox
  private welcome: Fields | undefined;
  private helloId = 0;
  private helloError: RequestError | undefined;
  private user: Fields | undefined;
  private presenceState: Fields;
  private saidState: Fields | undefined;
  private now: State = { status: 'connecting', pending: 0 };
  private since = 0; // the mirror's t at the welcome
  private recountedAt_ms = 0;
  private recountTook_ms = 0;
  private isChecking = false;
  private divergences = 0; // since the datoms were last found to be right
  private arrived: Fields[] = []; // transactions that listeners have not been told of

  constructor(
    private readonly options: ClientOptions,
    platform: Platform,
  ) {
    const { urls, graph = 'main', protocol = 'json' } = options;
    this.user = options.user;
    this.presenceState = options.state ?? {};
    this.connector = new Connector(urls, graph, CODECS[protocol], options.socketClass ?? platform.socketClass, {
      opened: () => this.opened(),
      messages: (messages) => this.inbox?.add(messages),
      ended: (code, reason) => this.ended(code, reason),
      refused: (error) => this.refused(error),
    });
    const store = platform.openStore(options.queue, `${[...urls].sort()[0]} ${graph}`);
    this.outbox = new Outbox(store, this.requests, this.mirror, this.ids, {
      changed: () => this.edited(),
      rejected: ({ txId, txData, meta, text }, error) =>
        this.events.emit('rejected', { txId, txData, meta, text, error }),
      fault: (error) => this.events.emit('fault', error),
    });
    this.stopWaking = platform.onWake(() => this.wake());
    this.start();
  }

  /* The socket comes about while the queue is opened; what it brings waits for that. */
  private start(): void {
    try {
      this.connector.start();
    } catch (error) {
      queueMicrotask(() => this.connector.refuse(new RequestError('incorrect', (error as Error).message, undefined)));
    }
    void this.outbox.open()
      .catch((error: Error) => this.connector.refuse(new RequestError('conflict', error.message, undefined)))
      .then(() => {
        this.isOpening = false;
        this.inbox?.release();
      });
  }

  // --- what an application sees ---

  /* How the client stands with its server now; onState() tells of changes. */
  get state(): State {
    return this.now;
  }

  /* That of `state`. */
  get status(): Status {
    return this.now.status;
  }

  /* This connection's session; undefined while not welcomed. */
  get session(): string | undefined {
    return this.welcome?.['session'] as string | undefined;
  }

  /*
   * The optimistic view: the mirror with the pending edits on top. It is the client's to write; listen
   * to it with DataScript's listen().
   */
  get conn(): Conn {
    return this.view.shown.conn;
  }

  /* The database of `conn`, as it is now. */
  get db(): Database {
    return this.view.db;
  }

  /* The own edits that the mirror does not hold yet, in order. */
  get pending(): readonly Edit[] {
    return this.outbox.edits;
  }

  /* The server's id of an entity of the view; undefined while it has none. */
  entityId(id: number): number | undefined {
    return this.ids.resolve(id);
  }

  /* Called at each event of that name. What it returns ends the listening, as with onState() and its like. */
  on<Name extends keyof ClientEvents>(name: Name, fn: (event: ClientEvents[Name]) => void): Off {
    return this.events.on(name, fn);
  }

  /* Called at once, and at each change. */
  onState(fn: (state: State) => void): Off {
    fn(this.now);
    return this.on('state', fn);
  }

  /* Called with each transaction of the graph, one's own too, once the mirror and the view hold it. */
  onTransaction(fn: (transaction: Transaction) => void): Off {
    return this.on('transaction', fn);
  }

  /* Called with the whole list of sessions at each change of it. */
  onPresence(fn: (sessions: readonly Session[]) => void): Off {
    return this.on('presence', fn);
  }

  /* Called with each refused edit that nobody waits for: it was made in an earlier run. */
  onRejected(fn: (rejected: Rejected) => void): Off {
    return this.on('rejected', fn);
  }

  /* Called when the mirror differs from the server's graph; the client loads a snapshot by itself. */
  onDivergence(fn: (error: MirrorError) => void): Off {
    return this.on('divergence', fn);
  }

  /* Resolves when the client is live, now or later; rejects when it is closed or rejected before that. */
  live(): Promise<void> {
    return new Promise((resolve, reject) => {
      let off: Off | undefined;
      const settle = (state: State): void => {
        if (state.status === 'live') resolve();
        else if (state.status === 'closed') reject(closedError());
        else if (state.status === 'rejected') reject(state.error);
        else return;
        off?.();
      };
      settle(this.now);
      off = this.on('state', settle);
    });
  }

  /* Tries to connect at once, also after the server has refused. */
  reconnect(): void {
    if (this.now.status === 'rejected' || this.now.status === 'offline') {
      this.requests.begin();
      this.become({ status: 'connecting', pending: this.outbox.pending });
      this.connector.start();
    }
  }

  // --- writing ---

  /*
   * Commits forms (or EDN text of them) once, however often it takes to send them. Resolves when the
   * server has made them durable and the mirror holds them; until then they are in the view. Edits
   * reach the server in the order of the calls. Rejects with the server's RequestError.
   */
  async transact(txData: Value, options: { txId?: Uuid; meta?: Value } = {}): Promise<TransactResult> {
    const edit = new Edit({ txId: options.txId ?? Uuid.random(), txData, meta: options.meta });
    this.view.prepare(edit);
    return this.add(edit);
  }

  /*
   * Sets a string attribute to what the user has made of `base`, by default the string as the view
   * shows it. Where somebody else has changed the string meanwhile, both changes are merged.
   */
  async editText(entity: Value, attribute: string, mine: string, base?: string): Promise<TransactResult> {
    const name = `:${attribute.replace(/^:/, '')}`;
    const text = { entity, attribute: name, base: base ?? this.view.text(entity, name), mine };
    return this.add(new Edit({ txId: Uuid.random(), txData: [], text }));
  }

  /*
   * Resolves when the edits made so far would survive the end of the program: they are stored, or done.
   * Without a queue there is nothing to wait for.
   */
  stored(): Promise<void> {
    return this.outbox.stored();
  }

  /* Tells the others what this user looks at; replaces what was told before. */
  setState(state: Fields): void {
    this.presenceState = state;
    if (this.welcome) {
      this.sayState();
    }
  }

  /* Tells the others who this user is from now on. A session has one user: another one begins. */
  setUser(user: Fields): void {
    this.user = user;
    this.connector.drop('another user');
  }

  /* Ends for good; what is open fails. Edits that are not confirmed stay in the queue for the next run. */
  async close(): Promise<void> {
    if (this.now.status === 'closed') {
      return;
    }
    this.become({ status: 'closed', pending: this.outbox.pending });
    this.connector.stop();
    this.stopWaking();
    this.requests.end(closedError());
    await this.outbox.close(closedError());
  }

  // --- reading on the server ---

  /* `query` is EDN text, or the same as data. `args` match its :in, without the graph. */
  query(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.reader.query(query, args, options);
  }

  /* Runs a query and tells, in place of its rows, the steps by which they were found. */
  explain(query: Value, args: readonly Value[] = [], options: ReadOptions = {}): Promise<Value> {
    return this.reader.explain(query, args, options);
  }

  /* `eid` is an id or a lookup ref, or a list of them with `many`. */
  pull(pattern: Value, eid: Value, options: ReadOptions & { many?: boolean } = {}): Promise<Value> {
    return this.reader.pull(pattern, eid, options);
  }

  /* A page of `eavt`, `aevt`, `avet` or `vaet`, of what begins with these components. */
  index(index: string, components: readonly Value[] = [], options: IndexOptions = {}): Promise<IndexPage> {
    return this.reader.index(index, components, options);
  }

  /* Reads of the graph as it was at t. */
  asOf(t: number): Reader {
    return new Reader(this.requests, { asOf: t });
  }

  // --- edits ---

  private add(edit: Edit): Promise<TransactResult> {
    return new Promise((resolve, reject) => {
      edit.settle = { resolve, reject };
      this.take(edit);
    });
  }

  /* An edit that a listener makes waits until all have been told: the view is being written. */
  private take(edit: Edit): void {
    if (this.now.status === 'closed') {
      edit.settle!.reject(closedError());
    } else if (this.view.shown.isTelling || this.events.isTelling) {
      queueMicrotask(() => this.take(edit));
    } else {
      this.outbox.add(edit);
    }
  }

  private edited(): void {
    this.show();
    this.become({ ...this.now, pending: this.outbox.pending });
  }

  private show(): void {
    if (this.options.optimistic !== false && this.options.sync !== 'none') {
      this.view.refresh(this.outbox.edits.filter(({ hasAppeared }) => !hasAppeared));
    }
  }

  // --- the socket ---

  private opened(): void {
    const { token, sync = 'auto' } = this.options;
    const position = this.mirror.position;
    this.inbox = new Inbox(this.isOpening, (message) => this.receive(message), () => this.settle(), (error) => this.failed(error));
    this.helloId = this.requests.newId();
    this.helloError = undefined;
    this.saidState = this.presenceState;
    this.connector.send({
      type: 'hello',
      id: this.helloId,
      user: this.user,
      token,
      state: this.presenceState,
      sync: position && sync === 'snapshot' ? 'auto' : sync,
      epoch: position && new Uuid(position.epoch),
      since: position?.t,
    });
  }

  private ended(code: number, reason: string): void {
    const wasWelcome = this.welcome !== undefined;
    this.inbox?.close();
    this.inbox = undefined;
    this.welcome = undefined;
    this.outbox.detach(code);
    this.requests.detach();
    if (this.presence.sessions.length > 0) {
      this.presence.clear();
      this.events.emit('presence', []);
    }
    this.events.emit('close', { code, reason });
    if (code === CLOSE_POLICY && !wasWelcome && this.helloError) {
      this.connector.refuse(this.helloError);
    } else if (this.now.status !== 'closed' && this.now.status !== 'rejected') {
      this.become({ status: 'offline', pending: this.outbox.pending, retryAt: this.connector.retryAt });
    }
  }

  /* Edits wait for a reconnect(); reads do not. */
  private refused(refusal: RequestError): void {
    const error = this.helloError ?? refusal;
    this.requests.end(error);
    this.become({ status: 'rejected', pending: this.outbox.pending, error });
  }

  /* One row for each type of PROTOCOL.md; types of a later server are passed over. */
  private readonly handlers: Readonly<Record<string, (message: Fields) => Steps | void>> = {
    welcome: (message) => this.welcomed(message),
    snapshot: ({ schema, count, t }) => this.mirror.snapshot(schema ?? {}, count as number, t as number),
    datoms: ({ datoms }) => this.mirror.chunk(datoms as readonly Value[]),
    synced: (message) => this.synced(message),
    tx: (message) => this.apply(message),
    result: (message) => {
      this.requests.take(message);
    },
    error: (message) => this.told(message),
    presence: (message) => {
      this.presence.apply(message);
      this.events.emit('presence', this.presence.sessions);
    },
    heartbeat: (message) => this.heartbeat(message),
    goaway: ({ retry_ms }) => this.connector.goaway(retry_ms as number),
  };

  private receive(message: Fields): Steps | void {
    const type = message['type'] as string;
    return Object.hasOwn(this.handlers, type) ? this.handlers[type]!(message) : undefined;
  }

  /* A message that cannot be right. */
  private failed(error: Error): void {
    if (error instanceof MirrorError) {
      this.diverged(error);
    } else {
      this.events.emit('fault', error);
      this.connector.drop(error.message);
    }
  }

  private diverged(error: MirrorError): void {
    this.divergences += 1;
    this.mirror.distrust();
    this.events.emit('divergence', error);
    this.events.emit('fault', error);
    this.connector.drop(error.message);
  }

  private welcomed(message: Fields): void {
    const limits = message['limits'] as Fields;
    this.welcome = message;
    this.since = this.mirror.position?.t ?? 0;
    this.connector.agree((message['ping_ms'] as number) + SILENCE_GRACE_MS, (limits['frame_bytes'] as number | undefined) ?? Infinity);
    this.events.emit('welcome', message);
    if (this.presenceState !== this.saidState) {
      this.sayState();
    }
    if (this.mirror.position && this.mirror.position.epoch !== String(message['epoch'])) {
      this.mirror.distrust();
      this.outbox.restart();
    }
    this.requests.attach(limits['in_flight'] as number, (request) => this.connector.send(request));
    this.outbox.attach(message['session'] as string);
    this.settle(message['sync'] === 'snapshot');
  }

  private *synced(message: Fields): Steps {
    const [t, checksum] = [message['t'] as number, message['checksum'] as string];
    if (this.mirror.progress) {
      yield* this.mirror.synced(String(this.welcome!['epoch']), t, checksum);
      this.view.reset({ type: 'snapshot', t });
      this.outbox.applied(t);
    } else {
      this.mirror.verify(t, checksum);
    }
    this.recount();
  }

  private *apply(message: Fields): Steps {
    const t = message['t'] as number;
    if (this.options.sync !== 'none') {
      this.view.note(yield* this.mirror.apply(message, this.view.shown));
      this.outbox.saw(message['session'] as string, t);
    }
    this.arrived.push(message);
  }

  /* The end of a slice: what has changed is shown, and the state told. */
  private settle(isLoading = this.mirror.progress !== undefined): void {
    if (!this.welcome) {
      return;
    }
    const held = this.mirror.position?.t ?? -1;
    this.outbox.applied(this.options.sync === 'none' ? Infinity : held);
    this.show();
    this.tell();
    const isBehind = this.options.sync !== 'none' && (isLoading || held < (this.welcome['t'] as number));
    const pending = this.outbox.pending;
    if (isBehind) {
      this.become({ status: 'syncing', pending, progress: this.progress(held) });
    } else {
      if (this.now.status !== 'live' && this.divergences === 0) {
        this.connector.steady();
      }
      this.become({ status: 'live', pending });
    }
  }

  private tell(): void {
    for (const message of this.arrived.splice(0)) {
      this.events.emit('tx', message);
      this.events.emit('transaction', transactionOf(message));
    }
  }

  private progress(held: number): Progress {
    const t = this.welcome!['t'] as number;
    return this.mirror.progress ?? { done: Math.max(0, held - this.since), total: Math.max(0, t - this.since) };
  }

  private told(message: Fields): void {
    const error = new RequestError(message['code'] as string, message['message'] as string, message['data']);
    if (message['re'] === this.helloId && !this.welcome) {
      this.helloError = error;
    } else if (!this.requests.take(message)) {
      this.events.emit('fault', error);
    }
  }

  private heartbeat(message: Fields): void {
    const position = this.mirror.position;
    const t = message['t'] as number;
    if (!position || this.now.status !== 'live') {
      return;
    }
    if (t > position.t) {
      this.connector.drop(`behind: at t ${position.t}, the server at ${t}`);
    } else {
      this.mirror.verify(t, message['checksum'] as string);
      this.recount();
    }
  }

  /* Looks in the background whether the datoms are still what came. */
  private recount(): void {
    const now_ms = performance.now();
    if (this.isChecking || now_ms - this.recountedAt_ms < this.recountTook_ms / RECOUNT_SHARE) {
      return;
    }
    this.isChecking = true;
    this.recountedAt_ms = now_ms;
    inIdleSlices(this.mirror.recount())
      .then((took_ms) => {
        this.recountTook_ms = took_ms;
        this.divergences = 0;
      })
      .catch((error: Error) => this.now.status === 'closed' || this.diverged(new MirrorError(error.message)))
      .finally(() => {
        this.isChecking = false;
      });
  }

  /* The page is visible again, or the network back: is the socket? */
  private wake(): void {
    if (!this.welcome) {
      this.connector.wake();
      return;
    }
    const { session } = this;
    const timer = setTimeout(() => {
      if (this.session === session) {
        this.connector.drop('no answer after a wake-up');
      }
    }, ALIVE_MS);
    const answered = (): void => clearTimeout(timer);
    const asker = { resolve: answered, reject: answered }; // that txd is away is an answer too
    this.requests.askOnce({ type: 'index', index: 'eavt', components: [], limit: 1 }, asker);
  }

  private sayState(): void {
    this.saidState = this.presenceState;
    this.connector.send({ type: 'presence', state: this.presenceState });
  }

  private become(state: State): void {
    const before = this.now;
    this.now = state;
    if (JSON.stringify(before) !== JSON.stringify(state)) {
      this.events.emit('state', state);
    }
    if (before.status !== state.status) {
      this.events.emit('status', state.status);
    }
  }
}

function closedError(): Error {
  return new Error('the client is closed');
}
