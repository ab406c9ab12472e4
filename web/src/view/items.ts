/* The rows of each view, from top to bottom: what virtual_list.tsx draws a part of. */
import {
  idOf, pageOf, pathOf, readBlock, readId, referrersOf, rowsBelow, type Db, type Row,
} from '../model/blocks.js';
import { dayOfUid, dayPage } from '../model/dates.js';
import { allPages } from '../model/pages.js';

export type Item = { readonly key: string } & (
  | { readonly kind: 'title'; readonly uid: string; readonly hint?: string }
  | { readonly kind: 'crumbs'; readonly uid: string }
  | { readonly kind: 'zoomed'; readonly uid: string; readonly root: string }
  | { readonly kind: 'block'; readonly row: Row; readonly root: string }
  | { readonly kind: 'add'; readonly uid: string }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'source'; readonly uid: string }
  | { readonly kind: 'earlier' }
  | { readonly kind: 'gone' }
);

/* The root of rows that stand elsewhere than in their page begins with where that is. */
export function rootUid(root: string): string {
  return root.slice(root.lastIndexOf('<') + 1).replace('!', '');
}

export const rowKey = (root: string, uid: string): string => `${root}/${uid}`;

function outline(db: Db, root: string): Item[] {
  const id = idOf(db, root);
  if (id === undefined) return [];
  const rows = rowsBelow(db, id).map((row): Item => ({ key: rowKey(root, row.uid), kind: 'block', row, root }));
  return rows.length > 0 ? rows : [{ key: `${root}+`, kind: 'add', uid: root }];
}

/* A page, or a block that was zoomed into, with what refers to it below. */
export function pageItems(db: Db, uid: string): Item[] {
  const block = readBlock(db, uid);
  if (!block) return [{ key: 'gone', kind: 'gone' }];
  const top: Item[] =
    block.title !== undefined
      ? [{ key: `${uid}!`, kind: 'title', uid }]
      : [{ key: `${uid}^`, kind: 'crumbs', uid }, { key: `${uid}!`, kind: 'zoomed', uid, root: `${uid}!` }];
  return [...top, ...outline(db, uid), ...referenceItems(db, block.id, uid)];
}

function referenceItems(db: Db, id: number, uid: string): Item[] {
  const groups = new Map<number, number[]>();
  for (const referrer of referrersOf(db, id)) {
    const page = pageOf(db, referrer);
    if (page !== undefined && page !== referrer) groups.set(page, [...(groups.get(page) ?? []), referrer]);
  }
  const count = [...groups.values()].reduce((sum, blocks) => sum + blocks.length, 0);
  if (count === 0) return [];
  const pages = [...groups].map(([page, blocks]) => ({ page: readId(db, page), blocks }));
  pages.sort((a, b) => a.page.title!.localeCompare(b.page.title!));
  const items = pages.flatMap(({ page, blocks }): Item[] => [
    { key: `${uid}<${page.uid}`, kind: 'source', uid: page.uid },
    ...blocks.flatMap((block) => referrerItems(db, block, uid)),
  ]);
  const text = count === 1 ? '1 linked reference' : `${count} linked references`;
  return [{ key: `${uid}<`, kind: 'heading', text }, ...items];
}

/* A block that refers to the page, with what is below it. */
function referrerItems(db: Db, id: number, page: string): Item[] {
  const block = readId(db, id);
  const root = `${page}<${block.uid}`;
  const hasChildren = block.children.length > 0;
  const own: Row = { uid: block.uid, depth: 0, hasChildren, isOpen: block.isOpen };
  const below = hasChildren && block.isOpen ? rowsBelow(db, id) : [];
  const crumbs: Item[] = pathOf(db, id).length > 1 ? [{ key: `${root}^`, kind: 'crumbs', uid: block.uid }] : [];
  return [
    ...crumbs,
    ...[own, ...below.map((row) => ({ ...row, depth: row.depth + 1 }))].map(
      (row): Item => ({ key: rowKey(root, row.uid), kind: 'block', row, root }),
    ),
  ];
}

/* Today's note and the latest ones before it. */
export function dayItems(db: Db, today: Date, count: number): Item[] {
  const now = dayPage(today).uid;
  const days = allPages(db)
    .map(({ uid }) => ({ uid, time: dayOfUid(uid)?.getTime() ?? Infinity }))
    .filter((day) => day.time <= today.getTime())
    .sort((a, b) => b.time - a.time);
  const items = days.slice(0, count).flatMap(({ uid }): Item[] => [
    { key: `${uid}!`, kind: 'title', uid, ...(uid === now ? { hint: 'Today' } : {}) },
    ...outline(db, uid),
  ]);
  return days.length > count ? [...items, { key: 'earlier', kind: 'earlier' }] : items;
}
