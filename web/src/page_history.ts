/*
 * The changes of a page and what it was after each, fetched from the server: the list at once, each state when it is
 * looked at. While someone slides over them, the states that are passed meanwhile are left out.
 */
import { signal } from '@preact/signals';
import { Keyword, type Value } from '../../client/dist/index.js';
import { graph } from './desk.js';
import { PAST_PATTERN, comparePast, readPast, type PastPage, type PastRow } from './model/past.js';

export interface Change {
  readonly t: number;
  /* Undefined: before the first change that is known, as after an import. */
  readonly at: Date | undefined;
  readonly user: string;
}

/* What a page was after a change. */
export interface Moment {
  readonly index: number;
  readonly page: PastPage | undefined;
  readonly before: PastPage | undefined;
  readonly rows: readonly PastRow[];
}

/* The entity of transaction t is this and t. */
const TX_BASE = 2 ** 29;

/* What makes a page what it is; that someone closed a block does not. */
const TOLD = ['block/string', 'block/children', 'block/order', 'block/heading', 'node/title'];

/* Transactions that touched the page or a block that is or was on it. */
const CHANGES = `[:find ?tx ?at ?user
  :in $ % ?uid [?attribute ...]
  :where [?page :block/uid ?uid] (on ?page ?block) [?block ?attribute _ ?tx]
         [?tx :db/txInstant ?at] [(get-else $ ?tx :tx/user "") ?user]]`;

const RULES = `[[(on ?page ?block) [?page :block/uid] [(identity ?page) ?block]]
  [(on ?page ?block) [?page :block/children ?child] (on ?child ?block)]]`;

/* A hundred states of a large page are some megabytes. */
const STATES_MAX = 100;

export class PageHistory {
  readonly changes = signal<readonly Change[] | undefined>(undefined);
  /* The change that is wanted, and what is shown until it is there. */
  readonly index = signal(0);
  readonly moment = signal<Moment | undefined>(undefined);
  readonly error = signal<string | undefined>(undefined);
  private readonly states = new Map<number, Promise<PastPage | undefined>>();
  private isBusy = false;

  constructor(readonly uid: string) {}

  /* Whether what is shown is what is wanted. */
  get isShown(): boolean {
    return this.moment.value?.index === this.index.value;
  }

  /* Fetches the changes, and shows the last. */
  async open(): Promise<void> {
    try {
      const args: Value[] = [RULES, this.uid, TOLD.map((name) => Keyword.of(name))];
      const rows = (await graph.server.query(CHANGES, args, { history: true })) as [number, Date, string][];
      const changes: Change[] = rows.map(([tx, at, user]) => ({ t: tx - TX_BASE, at, user })).sort((a, b) => a.t - b.t);
      const first = changes[0] && { t: changes[0].t - 1, at: undefined, user: '' };
      const wasThere = first && (await this.stateAt(first.t).catch(() => undefined)) !== undefined;
      this.changes.value = wasThere ? [first, ...changes] : changes;
      this.moment.value = undefined;
      this.go(this.changes.value.length - 1);
    } catch (error) {
      this.error.value = (error as Error).message;
    }
  }

  go(index: number): void {
    this.index.value = Math.max(0, Math.min(index, (this.changes.value?.length ?? 0) - 1));
    if (!this.isBusy) void this.follow();
  }

  private async follow(): Promise<void> {
    this.isBusy = true;
    try {
      while (!this.isShown && this.changes.value!.length > 0) {
        this.moment.value = await this.fetch(this.index.value);
      }
      this.error.value = undefined;
    } catch (error) {
      this.error.value = (error as Error).message;
    } finally {
      this.isBusy = false;
    }
  }

  private async fetch(index: number): Promise<Moment> {
    const [last, change] = [this.changes.value![index - 1], this.changes.value![index]!];
    const isFirst = change.at === undefined;
    const [before, page] = await Promise.all([last && this.stateAt(last.t), this.stateAt(change.t)]);
    return { index, page, before, rows: comparePast(isFirst ? page : before, page) };
  }

  private stateAt(t: number): Promise<PastPage | undefined> {
    const known = this.states.get(t);
    if (known) return known;
    const state = graph.server.pull(PAST_PATTERN, [Keyword.of('block/uid'), this.uid], { asOf: t }).then(readPast);
    this.states.set(t, state);
    state.catch(() => this.states.delete(t));
    if (this.states.size > STATES_MAX) this.states.delete(this.states.keys().next().value!);
    return state;
  }
}
