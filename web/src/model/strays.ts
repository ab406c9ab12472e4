/*
 * Blocks that lost their place. What someone puts below a block that another takes away at the same moment cannot be
 * named by the taking away: when it is applied last, the block hangs nowhere. Whoever took the block away gives what hung
 * below it a new place.
 */
import type { Transaction } from '../../../client/dist/index.js';
import { childrenOf, idOf, pageOf, pathOf, shown, uidOf, valueOf, type Db } from './blocks.js';
import { dayPage } from './dates.js';
import { Draft } from './draft.js';
import type { Line } from './edits.js';
import { expectId, hang, isLost, pageForms, reached, set, type Form } from './forms.js';

export interface Stray {
  readonly uid: string;
  /* Where it may hang, the best first: uids of blocks and of a page. */
  readonly places: readonly string[];
  /* The title of a page to be made again when none of them is there. */
  readonly title: string | undefined;
}

/* What a transaction did to blocks and their places; each child has one parent. */
class Moves {
  readonly from = new Map<number, number>();
  readonly to = new Map<number, number>();
  readonly titles = new Map<number, string>();

  constructor(datoms: Transaction['datoms']) {
    for (const [e, attribute, value, , isAdded] of datoms) {
      if (attribute === ':block/children') (isAdded ? this.to : this.from).set(value as number, e);
      else if (attribute === ':node/title' && !isAdded) this.titles.set(e, shown(value));
    }
  }

  /* Where the other children of `gone` went, else the nearest above it that is still there; and what is above that. */
  placesBelow(db: Db, gone: number): Omit<Stray, 'uid'> {
    const passed = new Set<number>();
    for (let at: number | undefined = gone; at !== undefined && !passed.has(at); at = this.from.get(at)) {
      passed.add(at);
      const home = this.homeOf(at) ?? at;
      if (uidOf(db, home) !== '') {
        const page = pageOf(db, home);
        const title = page === undefined ? undefined : shown(valueOf(db, page, ':node/title'));
        return { places: [home, ...pathOf(db, home).reverse()].map((id) => uidOf(db, id)), title };
      }
      const title = this.titles.get(at);
      if (title !== undefined) return { places: [], title };
    }
    return { places: [], title: undefined };
  }

  private homeOf(parent: number): number | undefined {
    const [child] = [...this.from].find(([other, old]) => old === parent && this.to.has(other)) ?? [];
    return child === undefined ? undefined : this.to.get(child);
  }
}

/* The blocks that hang nowhere after a transaction which took their parents away, and where they are to hang. */
export function straysOf(datoms: Transaction['datoms'], after: Db): Stray[] {
  const moves = new Moves(datoms);
  return [...moves.from].flatMap(([child, parent]) => {
    const uid = uidOf(after, child);
    const isStray = uidOf(after, parent) === '' && isLost(after, uid);
    return isStray ? [{ uid, ...moves.placesBelow(after, parent) }] : [];
  });
}

/*
 * Puts strays at the end of their places; those that have been given one meanwhile stay there. A place that is not below a
 * page is none: it may be below the stray itself, or below one that another person puts below this one.
 */
export function adopt(db: Db, strays: readonly Stray[], now: number): Form[] {
  const draft = new Draft(db);
  const next = new Map<string, number>();
  for (const { uid, places, title } of strays) {
    if (!isLost(draft.db, uid)) continue;
    const known = places.find((place) => isBelowPage(draft.db, place));
    const page = known === undefined ? pageForms(draft.db, title ?? dayPage(new Date(now)).title, now) : undefined;
    const parent = known ?? page!.uid;
    draft.add(page?.forms ?? []);
    const order = next.get(parent) ?? endOf(draft.db, parent);
    if (!next.has(parent)) draft.add(reached(draft.db, parent));
    next.set(parent, order + 1);
    draft.add([...hang(draft.db, uid, parent), set(uid, ':block/order', order)]);
  }
  return draft.forms;
}

/* Whether there is a page or block of this uid, and the block is on a page. */
function isBelowPage(db: Db, uid: string): boolean {
  const id = idOf(db, uid);
  return id !== undefined && pageOf(db, id) !== undefined;
}

/* An order behind all children. */
function endOf(db: Db, parent: string): number {
  const last = childrenOf(db, expectId(db, parent)).at(-1)?.order;
  return last === undefined || last === Infinity ? 0 : Math.floor(last) + 1;
}

/* A rescue that fails as often with nothing new from the server waits for something new. */
const TRIES_MAX = 5;

/* The strays of one's own transactions, until each has a place that the server knows of. */
export class Strays {
  private lost: Stray[] = [];
  private tries = 0;
  private isTrying = false;

  constructor(private readonly line: Line) {}

  /* A transaction has come; `datoms` are those of one's own. */
  saw(datoms: Transaction['datoms']): void {
    this.lost.push(...straysOf(datoms, this.line.sent()));
    this.tries = 0;
    this.tend();
  }

  /*
   * Looks after those that have no place yet. What an own edit places that is not answered waits for the answer: it is
   * to be called again when an edit has been refused.
   */
  tend(): void {
    if (this.lost.length === 0) return;
    this.lost = this.lost.filter(({ uid }) => isLost(this.line.sent(), uid));
    const forms = this.isTrying || this.tries >= TRIES_MAX ? [] : adopt(this.line.shown(), this.lost, Date.now());
    if (forms.length === 0) return;
    this.isTrying = true;
    this.tries++;
    const done = (): void => {
      this.isTrying = false;
      this.tend();
    };
    this.line.transact(forms).then(done, done);
  }
}
