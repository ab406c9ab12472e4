/*
 * All pages with what they are sorted by. The whole graph is gone through once, by attribute: to ask for each page's
 * blocks one after another would take ten times as long.
 */
import type { Steps } from '../../../client/dist/slices.js';
import { shown, type Db } from './blocks.js';
import { STEP, datomsOf } from './search.js';

export interface PageRow {
  /* The uid. */
  readonly key: string;
  readonly title: string;
  readonly blocks: number;
  /* References to the page itself. */
  readonly links: number;
  /* Milliseconds since 1970; 0 where nothing says when. `edited` is the latest of the page and its blocks. */
  readonly created: number;
  readonly edited: number;
}

export type Column = Exclude<keyof PageRow, 'key'>;

/* In no order. */
export function* pageRows(db: Db): Steps<PageRow[]> {
  const titles = yield* valuesByEntity(db, ':node/title');
  const uids = yield* valuesByEntity(db, ':block/uid');
  const created = yield* valuesByEntity(db, ':create/time');
  const edited = yield* valuesByEntity(db, ':edit/time');
  const pages = yield* pagesOfBlocks(db, titles);
  const links = new Map<number, number>();
  yield* each(db, ':block/refs', (_, target) => links.set(target as number, (links.get(target as number) ?? 0) + 1));
  const blocks = new Map<number, number>();
  const latest = new Map<number, number>();
  for (const [i, [block, page]] of [...pages].entries()) {
    if (i % STEP === 0) yield;
    blocks.set(page, (blocks.get(page) ?? 0) + 1);
    latest.set(page, Math.max(latest.get(page) ?? 0, timeOf(edited, block)));
  }
  return [...titles].filter(([id]) => uids.has(id)).map(([id, title]) => ({
    key: String(uids.get(id)),
    title: shown(title),
    blocks: blocks.get(id) ?? 0,
    links: links.get(id) ?? 0,
    created: timeOf(created, id),
    edited: Math.max(timeOf(edited, id), latest.get(id) ?? 0, timeOf(created, id)),
  }));
}

const timeOf = (times: ReadonlyMap<number, unknown>, id: number): number => Number(times.get(id) ?? 0) || 0;

function* each(db: Db, attribute: string, fn: (entity: number, value: unknown) => void): Steps {
  for (const [i, { e, v }] of datomsOf(db, attribute).entries()) {
    if (i % STEP === 0) yield;
    fn(e, v);
  }
}

function* valuesByEntity(db: Db, attribute: string): Steps<Map<number, unknown>> {
  const values = new Map<number, unknown>();
  yield* each(db, attribute, (entity, value) => values.set(entity, value));
  return values;
}

/* The page of each block; not of those that hang on none. */
function* pagesOfBlocks(db: Db, titles: ReadonlyMap<number, unknown>): Steps<Map<number, number>> {
  const parents = new Map<number, number>();
  yield* each(db, ':block/children', (parent, child) => parents.set(child as number, parent));
  const pages = new Map<number, number>();
  for (const [i, block] of [...parents.keys()].entries()) {
    if (i % STEP === 0) yield;
    const way = new Set<number>();
    let at = block;
    // A circle, which two moves at once could make, ends where it began.
    while (parents.has(at) && !pages.has(at) && !way.has(at)) {
      way.add(at);
      at = parents.get(at)!;
    }
    const page = pages.get(at) ?? at;
    if (titles.has(page) && !parents.has(page)) way.forEach((each) => pages.set(each, page));
  }
  return pages;
}

/* The other way round where `isDown`; equal ones by title. */
export function sortRows(rows: readonly PageRow[], column: Column, isDown: boolean): PageRow[] {
  const sign = isDown ? -1 : 1;
  const byTitle = (a: PageRow, b: PageRow): number => BY_TITLE.compare(a.title, b.title);
  if (column === 'title') return [...rows].sort((a, b) => sign * byTitle(a, b));
  return [...rows].sort((a, b) => sign * (a[column] - b[column]) || byTitle(a, b));
}

const BY_TITLE = new Intl.Collator(undefined, { numeric: true });
