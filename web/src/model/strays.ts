/*
 * Blocks that lost their place. What someone puts below a block that another takes away at the same moment cannot be
 * named by the taking away: when it is applied last, the block hangs nowhere. Whoever took the block away gives what hung
 * below it a new place.
 */
import type { Transaction } from '../../../client/dist/index.js';
import { childrenOf, idOf, pageOf, parentOf, pathOf, shown, uidOf, valueOf, type Db } from './blocks.js';
import { dayPage } from './dates.js';
import type { Line } from './edits.js';
import { hang, isWithin, pageForms, reached, set, type Form } from './forms.js';

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

/* Puts strays at the end of their places; those that have been given one meanwhile stay there. */
export function adopt(db: Db, strays: readonly Stray[], now: number): Form[] {
  const next = new Map<string, number>();
  const pages = new Map<string, { forms: Form[]; uid: string }>();
  const pageOfTitle = (title: string): string => {
    const page = pages.get(title) ?? pageForms(db, title, now);
    pages.set(title, page);
    return page.uid;
  };
  const forms = strays.filter(({ uid }) => isLost(db, uid)).flatMap(({ uid, places, title }) => {
    const known = places.find((place) => idOf(db, place) !== undefined && !isWithin(db, place, uid));
    const parent = known ?? pageOfTitle(title ?? dayPage(new Date(now)).title);
    const order = next.get(parent) ?? endOf(db, idOf(db, parent));
    next.set(parent, order + 1);
    const way = known === undefined ? [] : reached(db, known);
    return [...way, ...hang(db, uid, parent), set(uid, ':block/order', order)];
  });
  return [...[...pages.values()].flatMap((page) => page.forms), ...forms];
}

/* Whether a block is there and hangs nowhere. */
function isLost(db: Db, uid: string): boolean {
  const id = idOf(db, uid);
  return id !== undefined && parentOf(db, id) === undefined && valueOf(db, id, ':node/title') === undefined;
}

/* An order behind all children. */
function endOf(db: Db, parent: number | undefined): number {
  const last = parent === undefined ? undefined : childrenOf(db, parent).at(-1)?.order;
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
