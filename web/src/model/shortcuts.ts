/* Pages kept at hand in the sidebar: :page/sidebar holds their place there, as in Roam and Athens. */
import { datascript } from '../../../client/dist/index.js';
import { idOf, shown, uidOf, valueOf, type Db } from './blocks.js';
import { set, unset, type Form } from './forms.js';
import { place } from './order.js';
import type { PageEntry } from './pages.js';

export interface Shortcut extends PageEntry {
  readonly at: number;
}

export function shortcuts(db: Db): Shortcut[] {
  return datascript
    .datoms(db, ':aevt', ':page/sidebar')
    .map(({ e, v }) => ({ id: e, uid: uidOf(db, e), title: shown(valueOf(db, e, ':node/title')), at: Number(v) }))
    .filter((page) => page.uid !== '' && page.title !== '')
    .sort((a, b) => a.at - b.at || (a.uid < b.uid ? -1 : 1));
}

export function isShortcut(db: Db, uid: string): boolean {
  return placeOf(db, uid) !== undefined;
}

function placeOf(db: Db, uid: string): unknown {
  const id = idOf(db, uid);
  return id === undefined ? undefined : valueOf(db, id, ':page/sidebar');
}

/* Adds a page at the end, or takes it out. */
export function setShortcut(db: Db, uid: string, isWanted: boolean): Form[] {
  const place = placeOf(db, uid);
  if (isWanted === (place !== undefined) || idOf(db, uid) === undefined) return [];
  const places = datascript.datoms(db, ':aevt', ':page/sidebar').map((datom) => Number(datom.v));
  return [isWanted ? set(uid, ':page/sidebar', Math.max(-1, ...places) + 1) : unset(uid, ':page/sidebar', place)];
}

/* Puts a shortcut where it has `index` of the others before it. */
export function moveShortcut(db: Db, uid: string, index: number): Form[] {
  const all = shortcuts(db);
  const others = all.filter((page) => page.uid !== uid);
  const from = all.findIndex((page) => page.uid === uid);
  const to = Math.max(0, Math.min(others.length, index));
  if (from < 0 || from === to) return [];
  const { orders, moved } = place(others.map((page) => page.at), to, 1);
  const room = [...moved].map(([i, at]) => set(others[i]!.uid, ':page/sidebar', at));
  return [...room, set(uid, ':page/sidebar', orders[0])];
}
