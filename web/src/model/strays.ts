/*
 * Blocks that lost their place. What someone puts below a block that another takes away at the same moment cannot be
 * named by the taking away: when it is applied last, the block hangs nowhere. Whoever took the block away gives what hung
 * below it a new place. As edit.ts: pure functions, here of a transaction's datoms and the database after it.
 */
import type { Transaction } from '../../../client/dist/index.js';
import { childrenOf, idOf, parentOf, shown, uidOf, valueOf, type Db } from './blocks.js';
import { attach, pageForms, unplaced, type Form } from './forms.js';

export interface Stray {
  readonly uid: string;
  /* The uid of a block or page; the title where that page went as well, and is to be made again. */
  readonly place: { readonly parent: string } | { readonly title: string };
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

  /* Where the other children of `gone` went, else the nearest above it that is still there. */
  placeBelow(db: Db, gone: number): Stray['place'] | undefined {
    const passed = new Set<number>();
    for (let at: number | undefined = gone; at !== undefined && !passed.has(at); at = this.from.get(at)) {
      passed.add(at);
      const uid = uidOf(db, this.homeOf(at) ?? at);
      if (uid !== '') return { parent: uid };
      const title = this.titles.get(at);
      if (title !== undefined) return { title };
    }
    return undefined;
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
    const isStray = uid !== '' && uidOf(after, parent) === '' && isLost(after, child);
    const place = isStray ? moves.placeBelow(after, parent) : undefined;
    return place ? [{ uid, place }] : [];
  });
}

/* Puts strays at the end of their places; those that have been given one meanwhile stay there. */
export function adopt(db: Db, strays: readonly Stray[], now: number): Form[] {
  const next = new Map<string, number>();
  const pages = new Map<string, { forms: Form[]; uid: string }>();
  const lost = strays.filter(({ uid }) => isLost(db, idOf(db, uid)));
  const forms = lost.flatMap(({ uid, place }) => {
    const page = 'title' in place ? (pages.get(place.title) ?? pageForms(db, place.title, now)) : undefined;
    if (page && 'title' in place) pages.set(place.title, page);
    const parent = page?.uid ?? (place as { parent: string }).parent;
    const order = next.get(parent) ?? endOf(db, idOf(db, parent));
    next.set(parent, order + 1);
    return [unplaced(db, uid, order), attach(parent, uid)];
  });
  return [...[...pages.values()].flatMap((page) => page.forms), ...forms];
}

function isLost(db: Db, id: number | undefined): boolean {
  return id !== undefined && parentOf(db, id) === undefined && valueOf(db, id, ':node/title') === undefined;
}

/* An order behind all children. */
function endOf(db: Db, parent: number | undefined): number {
  const last = parent === undefined ? undefined : childrenOf(db, parent).at(-1)?.order;
  return last === undefined || last === Infinity ? 0 : Math.floor(last) + 1;
}
