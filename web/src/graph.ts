/*
 * The graph that the interface shows: the only file that knows the client library.
 *
 * `db` is what the server sent with one's own unanswered edits on top, so that a key shows at once. A text is sent as
 * what its writer made of what they saw, and the client merges it with what others have made of it. Any other
 * edit is a function of a database (model/edits.ts).
 */
import { batch, signal } from '@preact/signals';
import {
  Client, Keyword, datascript, type Fields, type RequestError, type Session, type State, type Value,
} from '../../client/dist/index.js';
import { SCHEMA, carryBlocks, readBlock, type Db } from './model/blocks.js';
import { Edits, textsOf, type EditFn } from './model/edits.js';
import { GoneError, ref, set, type Form } from './model/forms.js';
import { hasPages } from './model/pages.js';

export { mergeText } from '../../client/dist/index.js';

export type Status = State['status'];

export interface Person {
  readonly session: string;
  readonly name: string;
  readonly color: string;
  readonly page: string | undefined;
  readonly block: string | undefined;
  readonly isMe: boolean;
}

export interface Rejection {
  readonly message: string;
  /* The texts that the edit would have written. */
  readonly texts: readonly string[];
}

export interface GraphOptions {
  readonly urls: readonly string[];
  readonly graph: string;
  readonly user: { readonly name: string; readonly color: string };
}

/* After such a pause, typing goes on in another step of undoing. */
const RUN_PAUSE_MS = 2_000;

/* What the server says of it names forms and uids; the view may learn of the removal later. */
const WRITTEN_GONE = new GoneError('Someone has removed the block that this was written in. Copy the text to keep it.');

/* No connection for this long is told as being offline. */
const OFFLINE_MS = 1_500;

/* Changes of these move rows; others change only what a row shows. */
const SHAPE = new Set([':block/children', ':block/order', ':block/open', ':node/title', ':block/uid', ':block/refs']);

export class Graph {
  readonly db = signal<Db>(datascript.init_db([], SCHEMA));
  /* Goes up with each change that may move rows. */
  readonly shape = signal(0);
  readonly status = signal<Status>('connecting');
  readonly pendingCount = signal(0);
  /* Whether there is a graph to show: never before the first snapshot, always after it. */
  readonly isLoaded = signal(false);
  /* Why this graph cannot be shown: it uses an attribute of the outliner's in another way. */
  readonly misfit = signal<string | undefined>(undefined);
  /* What the server says while it refuses: there is no such graph, say. */
  readonly refusal = signal<string | undefined>(undefined);
  /* Whether nobody had written anything when it was loaded. */
  readonly isEmpty = signal(false);
  readonly people = signal<readonly Person[]>([]);
  readonly rejections = signal<readonly Rejection[]>([]);
  private readonly client: Client;
  private readonly edits: Edits;
  /* All that this page has been to the server, in its life. */
  private readonly sessions = new Set<string>();
  private lastStatus: Status | undefined;
  /* What has happened since `db`. */
  private readonly changed = new Set<number>();
  private isReplaced = false;
  private hasMoved = false;
  private run = { count: 0, at_ms: 0 };
  private offlineTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: GraphOptions) {
    this.client = new Client({ ...options, user: { ...options.user }, protocol: 'msgpack' });
    this.edits = new Edits({
      shown: () => this.db.peek(),
      sent: () => this.client.mirror.db,
      transact: (forms) => this.transact(forms),
      rejected: (error, texts) => this.reject(error, texts),
    });
    datascript.listen(this.client.conn, ({ tx_data, tx_meta }) => {
      this.isReplaced ||= (tx_meta as Fields | null)?.['type'] === 'snapshot';
      this.hasMoved ||= this.isReplaced || tx_data.some(({ a }) => SHAPE.has(a));
      for (const { e } of tx_data) this.changed.add(e);
    });
    // DataScript's listeners are called before the client is done with a change; these are called after.
    this.client.onTransaction(({ session, datoms }) => {
      this.refresh();
      this.edits.saw(datoms, this.sessions.has(session ?? ''));
    });
    this.client.on('welcome', ({ session }) => this.sessions.add(session as string));
    this.client.onState((state) => this.followState(state));
    this.client.onPresence((sessions) => this.followPeople(sessions));
    this.client.onRejected(({ error, txData, text }) => {
      this.reject(error, text ? [text.mine] : textsOf(txData as readonly Form[]));
    });
  }

  /*
   * Makes an edit and shows it at once. Resolves, whatever became of it, when the server has answered. Edits of one
   * `run` that follow each other are undone together.
   */
  edit(fn: EditFn, run?: string): Promise<void> {
    return this.edits.edit(fn, run);
  }

  /* An edit that nobody would think of undoing, such as the page that opening a link makes. */
  prepare(fn: EditFn): Promise<void> {
    return this.edits.prepare(fn);
  }

  /*
   * Sets a block's text to what its writer has made of `base`, and makes the edits that follow from it. All that is
   * typed without a pause is one step of undoing.
   */
  async write(uid: string, text: string, base: string, after: EditFn): Promise<void> {
    const waiting: Promise<void>[] = [];
    if (text !== base) {
      if (readBlock(this.db.value, uid)) this.edits.note([set(uid, ':block/string', text)], this.runOf(uid));
      const sent = this.client.editText(ref(uid), ':block/string', text, base);
      waiting.push(sent.then(() => {}, (error: RequestError) => {
        const isGone = error.code === 'not-found' || !readBlock(this.db.value, uid);
        this.reject(isGone ? WRITTEN_GONE : error, [text]);
      }));
      this.refresh();
    }
    waiting.push(this.prepare(after));
    await Promise.all(waiting);
  }

  private runOf(uid: string): string {
    const now_ms = Date.now();
    if (now_ms - this.run.at_ms > RUN_PAUSE_MS) this.run.count++;
    this.run.at_ms = now_ms;
    return `${uid} ${this.run.count}`;
  }

  undo(): Promise<void> {
    return this.edits.undo();
  }

  redo(): Promise<void> {
    return this.edits.redo();
  }

  /* An edit that is undone by nobody, such as a part of an import. Rejects when the server refuses it. */
  load(fn: EditFn): Promise<void> {
    return this.edits.load(fn);
  }

  private async transact(forms: readonly Form[]): Promise<void> {
    const sent = this.client.transact(forms as Value);
    this.refresh();
    await sent;
  }

  /* Questions that the server answers, of the graph as it is or as it was. */
  get server(): Pick<Client, 'query' | 'pull' | 'explain'> {
    return this.client;
  }

  /* Who this user is from now on, for others and for the history. */
  setUser(user: GraphOptions['user']): void {
    this.client.setUser({ ...user });
  }

  /* What this user looks at and writes in. */
  setPlace(page: string | undefined, block: string | undefined): void {
    this.client.setState({ ...(page ? { page } : {}), ...(block ? { block } : {}) });
  }

  dismissRejections(): void {
    this.rejections.value = [];
  }

  /* How far this copy of the graph is, and what it is: copies with the same checksum are the same. */
  get state(): { readonly status: Status; readonly pending: number; readonly t: number | undefined; readonly checksum: string } {
    const { position, checksumText } = this.client.mirror;
    return { status: this.client.status, pending: this.pendingCount.value, t: position?.t, checksum: checksumText };
  }

  /* Tries to connect now. */
  reconnect(): void {
    this.client.reconnect();
  }

  private reject(error: Error, texts: readonly string[]): void {
    const rejection = { message: error.message, texts: texts.filter((text) => text !== '') };
    this.rejections.value = [...this.rejections.value, rejection];
  }

  private refresh(): void {
    if (!this.hasSchema() || this.db.peek() === this.client.db) return;
    batch(() => {
      if (!this.isReplaced) carryBlocks(this.db.peek(), this.client.db, this.changed);
      this.db.value = this.client.db;
      if (this.hasMoved) this.shape.value++;
      this.hasMoved = this.isReplaced = false;
      this.changed.clear();
    });
  }

  private followState(state: State): void {
    const { status, pending } = state;
    this.pendingCount.value = pending;
    this.refresh();
    if (status === this.lastStatus) return;
    this.lastStatus = status;
    this.refusal.value = state.status === 'rejected' ? state.error.message : undefined;
    clearTimeout(this.offlineTimer);
    if (status === 'offline') {
      this.offlineTimer = setTimeout(() => (this.status.value = 'offline'), OFFLINE_MS);
    } else {
      this.status.value = status;
    }
    if (status === 'live') void this.follow();
  }

  /* The graph is here, perhaps again: with the schema that it needs, it is shown. */
  private async follow(): Promise<void> {
    this.misfit.value = await this.prepareSchema();
    if (this.misfit.value !== undefined) return;
    this.hasMoved = true;
    this.refresh();
    this.isEmpty.value = !this.isLoaded.value && !hasPages(this.db.value);
    this.isLoaded.value = true;
  }

  /* Why the graph cannot have the schema; undefined when it has it. */
  private async prepareSchema(): Promise<string | undefined> {
    const { schema } = this.client.mirror;
    const other = Object.keys(SCHEMA).find((attribute) => schema[attribute] && !isAlike(attribute, schema));
    if (other !== undefined) return `Its attribute ${other} is of another kind than an outline's.`;
    if (this.hasSchema()) return undefined;
    return this.client.transact(schemaForms()).then(() => undefined, (error: Error) => error.message);
  }

  /* Whether blocks can be looked up: reading an index that the schema does not ask for throws. */
  private hasSchema(): boolean {
    const { schema } = this.client.mirror;
    return Object.entries(SCHEMA).every(([attribute, wanted]: [string, Properties]) =>
      isAlike(attribute, schema) && (!wanted[':db/unique'] || schema[attribute]?.[':db/unique'] !== undefined));
  }

  private followPeople(sessions: readonly Session[]): void {
    const text = (fields: Fields, key: string): string | undefined =>
      typeof fields[key] === 'string' ? (fields[key] as string) : undefined;
    this.people.value = sessions.map(({ session, user, state }) => ({
      session,
      name: text(user, 'name') ?? 'anonymous',
      color: safeColor(text(user, 'color')),
      page: text(state, 'page'),
      block: text(state, 'block'),
      isMe: session === this.client.session,
    }));
  }
}

type Properties = Readonly<Record<string, string | boolean>>;

/* Whether an attribute's values are entities or not, one or many, as in an outline. */
function isAlike(attribute: string, schema: Readonly<Record<string, Properties>>): boolean {
  const kindOf = (properties: Properties | undefined): string =>
    `${properties?.[':db/valueType'] === ':db.type/ref'} ${properties?.[':db/cardinality'] === ':db.cardinality/many'}`;
  return kindOf(schema[attribute]) === kindOf(SCHEMA[attribute as keyof typeof SCHEMA]);
}

/* Others choose their colours: nothing but a colour may come into a style. */
function safeColor(color: string | undefined): string {
  return color && /^#[0-9a-f]{6}$/i.test(color) ? color : '#6b7280';
}

function schemaForms(): Value {
  const value = (text: string): Value => Keyword.of(text.slice(1));
  return Object.entries(SCHEMA).map(([ident, properties]) => ({
    ':db/ident': value(ident),
    ...Object.fromEntries(Object.entries(properties).map(([key, text]) => [key, value(text)])),
  }));
}
