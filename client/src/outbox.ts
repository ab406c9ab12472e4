/*
 * The edits of this program that are not done, in order, and their way to the server.
 *
 * One is sent at a time: were two on their way and the first answered with `busy`, the second would be
 * committed before it. Each carries its tx_id, so it may be sent as often as it takes. A definite
 * refusal goes to whoever made the edit, or to `rejected` when that was in an earlier run, and the
 * next one is sent. The refusal is stored before it is told and the edit removed after, so that a
 * kill in between loses no word of it: it may be told twice, and is never sent again.
 *
 * Edits are stored while they are sent, not before: either is enough for an edit to survive, and the
 * user does not wait for the disk.
 *
 * Invariants: at most one edit is `sent`; those before it are `confirmed`, those after it `queued`.
 * Every edit is in the store until it is confirmed, or rejected and told.
 */
import datascript from 'datascript';
import { backoffMs } from './backoff.js';
import { Edit, orphaned, type TransactResult } from './edit.js';
import type { EditStore, StoredEdit } from './edit_store.js';
import { isOwnTempid, renameEntities } from './forms.js';
import { isInLocalRange, type LocalIds } from './local_ids.js';
import type { Mirror } from './mirror.js';
import { RequestError, type Requests } from './requests.js';
import { textForms } from './text_change.js';
import { entriesOf, type Fields, type Value } from './values.js';

export interface OutboxHandlers {
  /* What `edits` holds has changed. */
  changed(): void;
  /* A refused edit that nobody waits for. */
  rejected(edit: Edit, error: RequestError): void;
  /* The store failed: the edits go on, and would not survive the program. */
  fault(error: Error): void;
}

const RETRY: readonly string[] = ['unavailable', 'interrupted', 'busy'];
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 5_000;

/* Somebody else changes the same text each time; by then something else is wrong. */
const MERGE_TRIES_MAX = 100;

/* Closes with these codes are about what the client sent; an edit that meets two of them is to blame. */
const CLOSED_OVER_IT: readonly number[] = [1003, 1007, 1008, 1009];
const BLAME_MAX = 2;

export class Outbox {
  private all: Edit[] = [];
  private session: string | undefined;
  private inFlight: Edit | undefined;
  private blamed: { readonly edit: Edit; readonly times: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastPut: Promise<void> = Promise.resolve(); // puts end in the order of their beginning
  private lastTold: Promise<void> = Promise.resolve(); // refusals are told in the order of their coming
  private lastT = -1; // of the last confirmed edit
  private isOpen = false;
  private isOver = false;

  constructor(
    private readonly store: EditStore,
    private readonly requests: Requests,
    private readonly mirror: Mirror,
    private readonly ids: LocalIds,
    private readonly handlers: OutboxHandlers,
  ) {}

  /* Those that the mirror does not hold yet, in order. */
  get edits(): readonly Edit[] {
    return this.all;
  }

  /* How many the server has not confirmed. */
  get pending(): number {
    return this.all.filter((edit) => !edit.isConfirmed).length;
  }

  /* Brings back what earlier runs left; rejects when the store cannot be had. */
  async open(): Promise<void> {
    const stored = await this.store.open((edits) => this.adopt(edits, this.all.length));
    this.isOpen = true;
    this.adopt(stored, 0);
    this.pump();
  }

  add(edit: Edit): void {
    this.all.push(edit);
    this.handlers.changed(); // shows it, which gives its new entities their local ids
    try {
      this.put(edit);
    } catch (error) {
      this.reject(edit, refusalOf(error as Error)); // it holds what cannot be written
    }
    this.pump();
  }

  /* Sends from now on, in this session. */
  attach(session: string): void {
    this.session = session;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pump();
  }

  /* The socket ended with this code; to be called before what it left unanswered fails. */
  detach(code: number): void {
    this.session = undefined;
    const edit = this.inFlight;
    if (edit && CLOSED_OVER_IT.includes(code)) {
      const times = (this.blamed?.edit === edit ? this.blamed.times : 0) + 1;
      this.blamed = { edit, times };
      if (times >= BLAME_MAX) {
        this.inFlight = undefined;
        this.reject(edit, new RequestError('incorrect', `the server closes the socket over it, with ${code}`, undefined));
      }
    }
  }

  /* The mirror holds t, a transaction of `session`: it is that of the edit that was sent there, the only one. */
  saw(session: string, t: number): void {
    const edit = this.all.find(({ isConfirmed }) => !isConfirmed);
    if (edit?.sessions.has(session) && t > this.lastT) {
      edit.hasAppeared = true;
    }
  }

  /* The mirror holds everything up to t. */
  applied(t: number): void {
    const done = this.all.filter((edit) => edit.result && edit.result.t <= t);
    this.all = this.all.filter((edit) => !done.includes(edit));
    done.forEach((edit) => edit.settle?.resolve(edit.result!));
    this.pump();
  }

  /* Another log begins, in which what the last one confirmed will not come. */
  restart(): void {
    this.applied(Infinity);
    this.lastT = -1;
    this.all.forEach((edit) => {
      edit.hasAppeared = false;
    });
  }

  /* What is open fails for whoever waits for it, and stays in the store. */
  async close(error: Error): Promise<void> {
    this.isOver = true;
    this.session = undefined;
    clearTimeout(this.timer);
    const open = this.all;
    this.all = [];
    open.forEach((edit) => edit.settle?.reject(error));
    await this.lastTold;
    await this.store.close();
  }

  private adopt(stored: readonly StoredEdit[], at: number): void {
    const edits = stored.map(({ text }) => Edit.fromText(text));
    edits.forEach((edit) => edit.localIds.forEach((id) => this.ids.add(id)));
    this.all.splice(at, 0, ...edits.filter(({ refusal }) => !refusal));
    edits.filter(({ refusal }) => refusal).forEach((edit) => this.tell(edit, edit.refusal!));
    this.handlers.changed();
    this.pump();
  }

  /* Resolves when all edits made so far are done or would outlive the program; rejects when they would not. */
  async stored(): Promise<void> {
    await this.lastPut;
  }

  private put(edit: Edit): void {
    this.lastPut = this.store.put({ key: edit.txId.text, text: edit.toText() });
    this.lastPut.catch(this.handlers.fault);
  }

  private remove(edit: Edit): void {
    this.store.remove(edit.txId.text).catch(this.handlers.fault);
  }

  private pump(): void {
    if (!this.isOpen || this.session === undefined || this.inFlight || this.timer !== undefined) {
      return;
    }
    const edit = this.all.find(({ state }) => state === 'queued');
    if (!edit || (edit.text && !this.mirror.position)) {
      return; // what a text is merged with is in the mirror
    }
    let txData: Value;
    try {
      txData = this.wire(edit);
    } catch (error) {
      this.reject(edit, refusalOf(error as Error));
      this.pump();
      return;
    }
    edit.state = 'sent';
    edit.sessions.add(this.session);
    this.inFlight = edit;
    this.requests.askOnce(
      { type: 'transact', tx_id: edit.txId, tx_data: txData, meta: edit.meta },
      { resolve: (result) => this.confirm(edit, result), reject: (error) => this.refused(edit, error) },
    );
  }

  /* What is sent: with the server's ids, since all edits before this one have their answers. */
  private wire(edit: Edit): Value {
    const rename = (id: number | string | undefined): Value | undefined => {
      if (typeof id !== 'number' || !isInLocalRange(id) || this.isInMirror(id)) {
        return undefined;
      }
      const known = this.ids.isLocal(id) ? this.ids.resolve(id) : undefined;
      if (known === undefined) {
        throw orphaned(id);
      }
      return known;
    };
    const forms = edit.text ? textForms(edit.text, this.mirror.db, this.ids) : edit.txData;
    return Array.isArray(forms) ? renameEntities(forms as Value[], this.mirror.schema, rename) : forms;
  }

  /* A graph that was imported may have entities of its own where local ones are. */
  private isInMirror(id: number): boolean {
    return !this.ids.isLocal(id) && datascript.datoms(this.mirror.db, ':eavt', id).length > 0;
  }

  private confirm(edit: Edit, answer: Fields): void {
    this.inFlight = undefined;
    const entries = entriesOf((answer['tempids'] ?? {}) as Fields).map(([key, id]) => [String(key), id as number] as const);
    const tempids = Object.fromEntries(entries);
    const own = Object.fromEntries(entries.filter(([key]) => !isOwnTempid(key)));
    edit.result = { t: answer['t'] as number, tx: answer['tx'] as number, tempids: own };
    edit.state = 'confirmed';
    this.lastT = edit.result.t;
    edit.hasAppeared ||= (this.mirror.position?.t ?? -1) >= edit.result.t;
    this.learn(edit, tempids);
    this.remove(edit);
    this.handlers.changed();
    this.pump();
  }

  /* Whoever speaks of the edit's new entities in the store must have the server's ids before it is gone. */
  private learn(edit: Edit, tempids: TransactResult['tempids']): void {
    const learnt = new Set<number>();
    for (const [tempid, local] of edit.localIds) {
      const id = tempids[tempid];
      if (id !== undefined) {
        this.ids.confirm(local, id);
        learnt.add(local);
      }
    }
    for (const later of learnt.size > 0 ? this.all : []) {
      if (!later.isConfirmed && later.rename((id) => (learnt.has(id) ? this.ids.resolve(id) : undefined), this.mirror.schema)) {
        this.put(later);
      }
    }
  }

  private refused(edit: Edit, error: Error): void {
    if (this.isOver || this.inFlight !== edit) {
      return;
    }
    this.inFlight = undefined;
    const refusal = refusalOf(error);
    const { code } = refusal;
    const isMerge = edit.text !== undefined && code === 'conflict' && edit.tries < MERGE_TRIES_MAX;
    if (isMerge || RETRY.includes(code)) {
      edit.state = 'queued';
      this.pause(backoffMs(isMerge ? 0 : edit.tries, RETRY_FIRST_MS, RETRY_LAST_MS));
      edit.tries += 1;
    } else {
      this.reject(edit, refusal);
      this.pump();
    }
  }

  private pause(ms: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, this.session === undefined ? 0 : ms);
  }

  private reject(edit: Edit, error: RequestError): void {
    edit.refusal = error;
    this.all = this.all.filter((other) => other !== edit);
    this.handlers.changed();
    const marked = this.mark(edit);
    this.lastTold = this.lastTold.then(() => marked).then(() => this.tell(edit, error));
  }

  /* Resolves when the store knows that the edit is refused, or will never know. */
  private async mark(edit: Edit): Promise<void> {
    try {
      this.put(edit);
      await this.lastPut;
    } catch {
      // That the store failed was told as a fault, and what cannot be written is not in it.
    }
  }

  private tell(edit: Edit, error: RequestError): void {
    if (edit.settle) {
      edit.settle.reject(error);
    } else {
      this.handlers.rejected(edit, error);
    }
    this.remove(edit);
  }
}

/* What cannot even be written is refused here, in the server's words. */
function refusalOf(error: Error): RequestError {
  return error instanceof RequestError ? error : new RequestError('incorrect', error.message, undefined);
}
