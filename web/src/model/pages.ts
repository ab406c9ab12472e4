/* Making and listing pages. As edit.ts: pure functions that give transaction forms. */
import { datascript } from '../../../client/dist/index.js';
import { childrenOf, idOf, idOfTitle, shown, uidOf, valueOf, type Db } from './blocks.js';
import { dayOfUid, dayPage } from './dates.js';
import { attach, pageForms, ref, uidFrom, type Form } from './forms.js';

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

export interface PageEntry {
  readonly id: number;
  readonly uid: string;
  readonly title: string;
}

const MONTHS = Array.from({ length: 12 }, (_, i) => String(i + 1).padStart(2, '0'));

/* The uids of the latest daily notes up to a day, from the last one back, and no more than `count`. */
export function latestDays(db: Db, last: Date, count: number): string[] {
  const days = MONTHS.flatMap((month) => datascript.index_range(db, ':block/uid', `${month}-`, `${month}-~`))
    .map(({ e, v }) => ({ id: e, uid: v as string, time: dayOfUid(v as string)?.getTime() ?? Infinity }))
    .filter(({ time }) => time <= last.getTime())
    .sort((a, b) => b.time - a.time);
  const uids: string[] = [];
  for (const { id, uid } of days) {
    if (uids.length === count) break;
    if (valueOf(db, id, ':node/title') !== undefined) uids.push(uid);
  }
  return uids;
}

export function hasPages(db: Db): boolean {
  return datascript.datoms(db, ':aevt', ':node/title').some(({ e }) => uidOf(db, e) !== '');
}

export function allPages(db: Db): PageEntry[] {
  return datascript
    .datoms(db, ':aevt', ':node/title')
    .map(({ e, v }) => ({ id: e, uid: uidOf(db, e), title: shown(v) }))
    .filter((page) => page.uid !== '');
}
