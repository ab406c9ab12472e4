/* Making, renaming, merging and removing pages. As edit.ts: pure functions that give transaction forms. */
import { datascript } from '../../../client/dist/index.js';
import { childrenOf, idOf, idOfTitle, readId, referrersOf, shown, subtreeOf, uidOf, type Db } from './blocks.js';
import { dayPage } from './dates.js';
import { attach, detach, expectId, makeRoom, pageForms, ref, set, uidFrom, type Form } from './forms.js';
import { renameLinks } from './links.js';

/* A page with one empty block; no forms when it is there and has blocks. */
export function makePage(db: Db, title: string, now: number): { forms: Form[]; uid: string } {
  const { forms, uid } = pageForms(db, title, now);
  return { forms: [...forms, ...firstBlock(db, uid, now)], uid };
}

/* The note of a day. Its uid is the date, whatever other programs call the page. */
export function makeDay(db: Db, date: Date, now: number): { forms: Form[]; uid: string } {
  const { uid, title } = dayPage(date);
  const id = idOf(db, uid) ?? idOfTitle(db, title);
  if (id !== undefined) {
    const known = uidOf(db, id);
    return { forms: firstBlock(db, known, now), uid: known };
  }
  const page = { ':block/uid': uid, ':node/title': title, ':create/time': now };
  return { forms: [page, ...firstBlock(db, uid, now)], uid };
}

/*
 * An empty block for a page that has none, so that there is something to write in. Its uid follows from the page's: of
 * two people who open a new page at once, the second must not bring another block, nor empty what the first has
 * written by then, and so fails with `conflict`.
 */
function firstBlock(db: Db, page: string, now: number): Form[] {
  const id = idOf(db, page);
  if (id !== undefined && childrenOf(db, id).length > 0) return [];
  const uid = uidFrom(db, `${page}\nfirst`);
  return [
    { ':block/uid': uid, ':block/order': 0, ':block/open': true, ':create/time': now, ':edit/time': now },
    [':db/cas', ref(uid), ':block/string', null, ''],
    attach(page, uid),
  ];
}

/* The blocks and pages that link to a title, by :block/refs and by their text. */
function linkersOf(db: Db, id: number, title: string): Set<number> {
  const linkers = new Set(referrersOf(db, id));
  for (const attribute of [':block/string', ':node/title']) {
    for (const { e, v } of datascript.datoms(db, ':aevt', attribute)) {
      if (e !== id && typeof v === 'string' && v.includes(title)) linkers.add(e);
    }
  }
  return linkers;
}

/* Rewrites the links to a title in all texts, and in titles that hold it. */
function rewriteLinks(db: Db, id: number, from: string, to: string, now: number): Form[] {
  return [...linkersOf(db, id, from)].flatMap((each) => {
    const linker = readId(db, each);
    const attribute = linker.title === undefined ? ':block/string' : ':node/title';
    const old = linker.title ?? linker.text;
    const text = renameLinks(old, from, to);
    return text === old ? [] : [set(linker.uid, attribute, text), set(linker.uid, ':edit/time', now)];
  });
}

/* Gives a page another title, in all links to it too. The title must be free: else merge the pages. */
export function renamePage(db: Db, uid: string, title: string, now: number): Form[] {
  const page = readId(db, expectId(db, uid));
  if (page.title === undefined || page.title === title || title.trim() === '') return [];
  if (idOfTitle(db, title) !== undefined) throw new Error(`there is a page "${title}" already`);
  return [
    set(uid, ':node/title', title),
    set(uid, ':edit/time', now),
    ...rewriteLinks(db, page.id, page.title, title, now),
  ];
}

/* Puts the blocks of one page behind those of another, turns its links there, and takes it away. */
export function mergePages(db: Db, from: string, into: string, now: number): Form[] {
  const [source, target] = [readId(db, expectId(db, from)), readId(db, expectId(db, into))];
  if (from === into || source.title === undefined || target.title === undefined) return [];
  const moving = childrenOf(db, source.id).map((block) => block.uid);
  const { orders, forms } = makeRoom(db, into, target.children.length, moving.length);
  const moves = moving.flatMap((uid, i) => [detach(from, uid), attach(into, uid), set(uid, ':block/order', orders[i])]);
  const refs = referrersOf(db, source.id)
    .filter((id) => id !== target.id)
    .map((id) => set(uidOf(db, id), ':block/refs', ref(into)));
  const links = rewriteLinks(db, source.id, source.title, target.title, now);
  return [...forms, ...moves, ...refs, ...links, [':db/retractEntity', ref(from)]];
}

/* Takes a page away with its blocks. Links to it stay as text. */
export function removePage(db: Db, uid: string): Form[] {
  return subtreeOf(db, expectId(db, uid)).map((id) => [':db/retractEntity', ref(uidOf(db, id))]);
}

export interface PageEntry {
  readonly id: number;
  readonly uid: string;
  readonly title: string;
}

export function allPages(db: Db): PageEntry[] {
  return datascript
    .datoms(db, ':aevt', ':node/title')
    .map(({ e, v }) => ({ id: e, uid: uidOf(db, e), title: shown(v) }))
    .filter((page) => page.uid !== '');
}
