/*
 * The graph that the interface shows: the only file that knows the client library.
 *
 * `db` is what the server sent with one's own unanswered edits on top, so that a key shows at once. An edit is a
 * function of a database. It is made against `db`; when the server refuses it because someone else was there first
 * (`conflict`), it is made again against what is there now, and only told as rejected when it has
 * nothing to do there or fails for another reason.
 */
import { batch, signal } from '@preact/signals';
import { Client, Keyword, RequestError, datascript, type Fields, type Session, type Value } from '../../client/dist/index.js';
import { SCHEMA, type Db } from './model/blocks.js';
import type { Form } from './model/forms.js';
import { History, heldForms } from './model/undo.js';

export { mergeText } from '../../client/dist/index.js';

export type Status = 'connecting' | 'syncing' | 'live' | 'offline' | 'closed';

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

export type EditFn = (db: Db) => readonly Form[];

interface Pending {
  readonly forms: readonly Form[];
  readonly fn: EditFn;
}

export interface GraphOptions {
  readonly urls: readonly string[];
  readonly graph: string;
  readonly user: { readonly name: string; readonly color: string };
}

/* An edit that loses again and again is told as rejected. */
const TRIES_MAX = 5;

/* No connection for this long is told as being offline. */
const OFFLINE_MS = 2_000;

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
  readonly people = signal<readonly Person[]>([]);
  readonly rejections = signal<readonly Rejection[]>([]);
  private readonly client: Client;
  private readonly history = new History();
  private pending: readonly Pending[] = [];
  private offlineTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: GraphOptions) {
    this.client = new Client({ ...options, user: { ...options.user }, protocol: 'msgpack' });
    this.client.on('status', () => this.followStatus());
    this.client.on('tx', (message) => this.refresh(movesRows(message)));
    this.client.on('presence', (sessions) => this.followPeople(sessions));
    this.followStatus();
  }

  /* Makes an edit and shows it at once. Resolves, whatever became of it, when the server has answered. */
  async edit(fn: EditFn, run?: string): Promise<void> {
    const forms = fn(this.db.value);
    if (forms.length === 0) return;
    this.history.add(this.db.value, forms, run);
    await this.send(forms, fn);
  }

  async undo(): Promise<void> {
    await this.sendPlain(this.history.undo(this.db.value));
  }

  async redo(): Promise<void> {
    await this.sendPlain(this.history.redo(this.db.value));
  }

  /* What this user looks at and writes in. */
  setPlace(page: string | undefined, block: string | undefined): void {
    this.client.setState({ ...(page ? { page } : {}), ...(block ? { block } : {}) });
  }

  dismissRejections(): void {
    this.rejections.value = [];
  }

  /* A query on the server, as EDN text. */
  query(text: string): Promise<Value> {
    return this.client.query(text);
  }

  private async sendPlain(forms: readonly Form[]): Promise<void> {
    if (forms.length > 0) await this.send(forms, () => []);
  }

  private async send(first: readonly Form[], fn: EditFn): Promise<void> {
    let forms = first;
    for (let tries = 1; forms.length > 0; tries++) {
      const entry = { forms, fn };
      this.setPending([...this.pending, entry]);
      let problem: unknown;
      try {
        await this.client.transact(forms as Value);
      } catch (error) {
        problem = error;
      }
      this.setPending(this.pending.filter((each) => each !== entry));
      if (problem === undefined) return;
      const isLost = problem instanceof RequestError && problem.code === 'conflict' && tries < TRIES_MAX;
      forms = isLost ? fn(this.db.value) : [];
      if (!isLost) this.reject(entry, problem as Error);
    }
  }

  private reject(entry: Pending, error: Error): void {
    const rejection = { message: error.message, texts: textsOf(entry.forms) };
    this.rejections.value = [...this.rejections.value, rejection];
  }

  private setPending(pending: readonly Pending[]): void {
    const before = this.pending;
    this.pending = pending;
    this.pendingCount.value = pending.length;
    const changed = [...pending, ...before].filter((each) => !(pending.includes(each) && before.includes(each)));
    this.refresh(changed.some((each) => each.forms.some(formMovesRows)));
  }

  private refresh(movesRows: boolean): void {
    batch(() => {
      this.db.value = this.pending.reduce(withEdit, this.client.mirror.db);
      if (movesRows) this.shape.value++;
    });
  }

  private followStatus(): void {
    const status = this.client.status;
    clearTimeout(this.offlineTimer);
    if (status === 'connecting' && this.isLoaded.value) {
      this.offlineTimer = setTimeout(() => (this.status.value = 'offline'), OFFLINE_MS);
      if (this.status.value === 'offline') return;
    }
    this.status.value = status;
    if (status === 'live') void this.follow();
  }

  /* The graph is here, perhaps again: with the schema that it needs, it is shown. */
  private async follow(): Promise<void> {
    if (!hasSchema(this.client.mirror.db)) {
      await this.client.transact(schemaForms());
    }
    this.refresh(true);
    this.isLoaded.value = true;
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

/*
 * The database with an unanswered edit in it. One that others have overtaken shows as it will be made again; one that
 * has nothing to do any more is left out.
 */
function withEdit(db: Db, { forms, fn }: Pending): Db {
  for (const make of [() => forms, () => fn(db)]) {
    try {
      return datascript.db_with(db, heldForms(make()));
    } catch {
      // The server will refuse it likewise.
    }
  }
  return db;
}

/* Others choose their colours: nothing but a colour may come into a style. */
function safeColor(color: string | undefined): string {
  return color && /^#[0-9a-f]{6}$/i.test(color) ? color : '#6b7280';
}

function movesRows(message: Fields): boolean {
  const datoms = (message['datoms'] ?? []) as readonly (readonly Value[])[];
  return message['schema'] !== undefined || datoms.some((datom) => SHAPE.has(String(datom[1])));
}

function formMovesRows(form: Form): boolean {
  return !Array.isArray(form) || form[0] === ':db/retractEntity' || SHAPE.has(String(form[2]));
}

function textsOf(forms: readonly Form[]): string[] {
  return forms.flatMap((form) => {
    const text = Array.isArray(form)
      ? form[2] === ':block/string' && form.at(-1)
      : (form as Fields)[':block/string'];
    return typeof text === 'string' && text !== '' ? [text] : [];
  });
}

/* Whether DataScript can look up blocks: reading an index that the schema does not ask for throws. */
function hasSchema(db: Db): boolean {
  try {
    datascript.datoms(db, ':avet', ':block/uid', '');
    datascript.datoms(db, ':avet', ':node/title', '');
    datascript.datoms(db, ':avet', ':block/children', 0);
    datascript.datoms(db, ':avet', ':block/refs', 0);
    return true;
  } catch {
    return false;
  }
}

function schemaForms(): Value {
  const value = (text: string): Value => Keyword.of(text.slice(1));
  return Object.entries(SCHEMA).map(([ident, properties]) => ({
    ':db/ident': value(ident),
    ...Object.fromEntries(Object.entries(properties).map(([key, text]) => [key, value(text)])),
  }));
}
