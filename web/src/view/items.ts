/* The rows of each view, from top to bottom: what virtual_list.tsx draws a part of. */
import { idOf, readBlock, rowsBelow, type Db, type Row } from '../model/blocks.js';
import { dayPage } from '../model/dates.js';
import { latestDays } from '../model/pages.js';
import { linkedItems, mentionItems } from './reference_items.js';

export type Item = { readonly key: string } & (
  | { readonly kind: 'title'; readonly uid: string; readonly hint?: string }
  | { readonly kind: 'crumbs'; readonly uid: string; readonly isInside?: boolean }
  | { readonly kind: 'zoomed'; readonly uid: string }
  | { readonly kind: 'block'; readonly row: Row; readonly root: string }
  | { readonly kind: 'add'; readonly uid: string }
  | { readonly kind: 'section'; readonly text: string; readonly isOpen: boolean; readonly mentions: readonly string[] }
  | { readonly kind: 'source'; readonly uid: string; readonly isOpen: boolean; readonly count: number }
  | { readonly kind: 'mention'; readonly uid: string; readonly page: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'earlier' }
  | { readonly kind: 'gone' }
);

/* The root of rows that stand elsewhere than in their page begins with where that is. */
export function rootUid(root: string): string {
  return root.slice(root.lastIndexOf('<') + 1);
}

export const rowKey = (root: string, uid: string): string => `${root}/${uid}`;

function outline(db: Db, root: string): Item[] {
  const id = idOf(db, root);
  if (id === undefined) return [];
  const rows = rowsBelow(db, id).map((row): Item => ({ key: rowKey(root, row.uid), kind: 'block', row, root }));
  return rows.length > 0 ? rows : [{ key: `${root}+`, kind: 'add', uid: root }];
}

/* A page, or a block that was zoomed into, with what refers to it below; `mentions` as for mentionItems. */
export function pageItems(db: Db, uid: string, mentions: readonly number[] | undefined): Item[] {
  const block = readBlock(db, uid);
  if (!block) return [{ key: 'gone', kind: 'gone' }];
  const top: Item[] =
    block.title !== undefined
      ? [{ key: `${uid}!`, kind: 'title', uid }]
      : [{ key: `${uid}^`, kind: 'crumbs', uid }, { key: rowKey(uid, uid), kind: 'zoomed', uid }];
  const unlinked = block.title === undefined ? [] : mentionItems(db, uid, mentions);
  return [...top, ...outline(db, uid), ...linkedItems(db, block.id, uid), ...unlinked];
}

/* Today's note and the latest ones before it. */
export function dayItems(db: Db, today: Date, count: number): Item[] {
  const now = dayPage(today).uid;
  const days = latestDays(db, today, count + 1);
  const items = days.slice(0, count).flatMap((uid): Item[] => [
    { key: `${uid}!`, kind: 'title', uid, ...(uid === now ? { hint: 'Today' } : {}) },
    ...outline(db, uid),
  ]);
  return days.length > count ? [...items, { key: 'earlier', kind: 'earlier' }] : items;
}
