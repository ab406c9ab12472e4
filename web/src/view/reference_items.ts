/* The rows below a page: what links to it, and what names it without a link, by the pages where that stands. */
import { pathOf, readId, rowsBelow, uidOf, type Db, type Row } from '../model/blocks.js';
import { countOf, groupByPage, linkedReferences, type Group } from '../model/references.js';
import { isFolded } from '../folds.js';
import { rowKey, type Item } from './items.js';

/* With more references than this only the pages where they stand are listed at first. */
const SHOWN_MAX = 200;

export const mentionsKey = (uid: string): string => `${uid}?`;

export function linkedItems(db: Db, id: number, uid: string): Item[] {
  const groups = linkedReferences(db, id);
  const count = countOf(groups);
  if (count === 0) return [];
  const key = `${uid}<`;
  const isOpen = !isFolded(key, false);
  const text = count === 1 ? '1 linked reference' : `${count} linked references`;
  const heading: Item = { key, kind: 'section', text, isOpen, mentions: [] };
  const draw = (block: number): Item[] => referrerItems(db, block, uid);
  return isOpen ? [heading, ...groups.flatMap((group) => groupItems(group, key, count > SHOWN_MAX, draw))] : [heading];
}

/* `found` is undefined until it is known; looking for mentions begins when the section is opened. */
export function mentionItems(db: Db, uid: string, found: readonly number[] | undefined): Item[] {
  const key = mentionsKey(uid);
  const isOpen = !isFolded(key, true);
  if (!isOpen) return [{ key, kind: 'section', text: 'Unlinked references', isOpen, mentions: [] }];
  const groups = groupByPage(db, found ?? []);
  const count = countOf(groups);
  const text = count === 1 ? '1 unlinked reference' : `${found ? count : ''} unlinked references`.trim();
  const mentions = groups.flatMap(({ blocks }) => blocks.map((block) => uidOf(db, block)));
  const note: Item[] = count > 0 ? [] : [{ key: `${key}none`, kind: 'note', text: found ? 'No other page names this one.' : 'Looking …' }];
  const draw = (block: number): Item[] => mentionRow(db, block, uid);
  return [{ key, kind: 'section', text, isOpen, mentions }, ...note, ...groups.flatMap((group) => groupItems(group, key, false, draw))];
}

function groupItems({ page, blocks }: Group, prefix: string, isFoldedAtFirst: boolean, draw: (block: number) => Item[]): Item[] {
  const key = `${prefix}${page.uid}`;
  const isOpen = !isFolded(key, isFoldedAtFirst);
  const source: Item = { key, kind: 'source', uid: page.uid, isOpen, count: blocks.length };
  return isOpen ? [source, ...blocks.flatMap(draw)] : [source];
}

/* The path of a block that does not stand at the top of its page. */
function pathItems(db: Db, id: number, root: string, uid: string): Item[] {
  return pathOf(db, id).length > 1 ? [{ key: `${root}^`, kind: 'crumbs', uid, isInside: true }] : [];
}

/* A block that refers to the page, with what is below it. */
function referrerItems(db: Db, id: number, page: string): Item[] {
  const block = readId(db, id);
  const root = `${page}<${block.uid}`;
  const hasChildren = block.children.length > 0;
  const own: Row = { uid: block.uid, depth: 0, hasChildren, isOpen: block.isOpen };
  const below = hasChildren && block.isOpen ? rowsBelow(db, id) : [];
  return [
    ...pathItems(db, id, root, block.uid),
    ...[own, ...below.map((row) => ({ ...row, depth: row.depth + 1 }))].map(
      (row): Item => ({ key: rowKey(root, row.uid), kind: 'block', row, root }),
    ),
  ];
}

function mentionRow(db: Db, id: number, page: string): Item[] {
  const uid = uidOf(db, id);
  const root = `${page}?${uid}`;
  return [...pathItems(db, id, root, uid), { key: root, kind: 'mention', uid, page }];
}
