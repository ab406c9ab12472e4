/*
 * Reading pages and blocks out of a DataScript database.
 *
 * The schema is that of Roam and Athens, so their graphs need no conversion:
 *
 *   page    :node/title, :block/uid, :block/children
 *   block   :block/uid, :block/string, :block/order, :block/open, :block/children, :block/refs, :block/heading
 *
 * A block's parent is the entity that has it in :block/children; nothing else says where it is. Siblings
 * are sorted by :block/order, then by uid. In the interface and in forms a page or block is known by its
 * uid: entity ids of edits that the server has not answered are not final.
 */
import { datascript, held } from '../../../client/dist/index.js';
import type { Database } from 'datascript';

export type Db = Database;

/* The schema that these forms need; the graph may have more. */
export const SCHEMA = {
  ':block/uid': { ':db/unique': ':db.unique/identity' },
  ':node/title': { ':db/unique': ':db.unique/identity' },
  ':block/children': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
  ':block/refs': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
} as const;

/* The ways up from a block end at its page; two moves at once could make a circle. */
const DEPTH_MAX = 1000;

export interface Block {
  readonly id: number;
  readonly uid: string;
  /* Of a block; '' for a page. */
  readonly text: string;
  /* Of a page; undefined for a block. */
  readonly title: string | undefined;
  readonly order: number;
  readonly isOpen: boolean;
  /* 1 to 3, or 0 for ordinary text. */
  readonly heading: number;
  readonly children: readonly number[];
}

export function idOf(db: Db, uid: string): number | undefined {
  return datascript.datoms(db, ':avet', ':block/uid', uid)[0]?.e;
}

export function idOfTitle(db: Db, title: string): number | undefined {
  return datascript.datoms(db, ':avet', ':node/title', held(title))[0]?.e;
}

/* The first value of an attribute. */
export function valueOf(db: Db, id: number, attribute: string): unknown {
  return datascript.datoms(db, ':eavt', id, attribute)[0]?.v;
}

export function valuesOf(db: Db, id: number, attribute: string): unknown[] {
  return datascript.datoms(db, ':eavt', id, attribute).map((datom) => datom.v);
}

export function uidOf(db: Db, id: number): string {
  return (valueOf(db, id, ':block/uid') as string | undefined) ?? '';
}

export function readBlock(db: Db, uid: string): Block | undefined {
  const id = idOf(db, uid);
  return id === undefined ? undefined : readId(db, id);
}

/*
 * Blocks that were read, by database. They are kept from one to the next (`carryBlocks`): to read the ten thousand of a
 * long page anew for each edit takes a tenth of a second.
 */
const known = new WeakMap<Db, Map<number, Block>>();

/* More than the longest pages have. */
const KNOWN_MAX = 50_000;

/* What is known of `from` is known of `to`, which differs from it in the entities `changed` alone. */
export function carryBlocks(from: Db, to: Db, changed: Iterable<number>): void {
  const blocks = known.get(from);
  if (!blocks || from === to) return;
  known.delete(from);
  for (const id of changed) blocks.delete(id);
  known.set(to, blocks);
}

export function readId(db: Db, id: number): Block {
  let blocks = known.get(db);
  if (!blocks || blocks.size >= KNOWN_MAX) known.set(db, (blocks = new Map()));
  let block = blocks.get(id);
  if (!block) blocks.set(id, (block = readAnew(db, id)));
  return block;
}

function readAnew(db: Db, id: number): Block {
  const found = new Map<string, unknown>();
  const children: number[] = [];
  for (const { a, v } of datascript.datoms(db, ':eavt', id)) {
    if (a === ':block/children') children.push(v as number);
    else found.set(a, v);
  }
  return {
    id,
    uid: (found.get(':block/uid') as string | undefined) ?? '',
    text: shown(found.get(':block/string')),
    title: found.has(':node/title') ? shown(found.get(':node/title')) : undefined,
    order: orderOf(found.get(':block/order')),
    isOpen: found.get(':block/open') !== false,
    heading: Number(found.get(':block/heading') ?? 0) || 0,
    children,
  };
}

/* Mirrors hold text that begins with ~, ^ or a backtick behind one more ~ (client/src/mirror.ts). */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : String(value);
  return /^~[~^`]/.test(text) ? text.slice(1) : text;
}

function orderOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : Infinity;
}

/* The children of a block or page, in order. */
export function childrenOf(db: Db, id: number): Block[] {
  return readId(db, id)
    .children.map((child) => readId(db, child))
    .filter((block) => block.uid !== '')
    .sort(bySiblingOrder);
}

export function bySiblingOrder(a: Block, b: Block): number {
  return a.order === b.order ? (a.uid < b.uid ? -1 : 1) : a.order - b.order;
}

export function parentOf(db: Db, id: number): number | undefined {
  return datascript.datoms(db, ':avet', ':block/children', id)[0]?.e;
}

/* From the page down to the parent; [] for a page. */
export function pathOf(db: Db, id: number): number[] {
  const path: number[] = [];
  for (let at = parentOf(db, id); at !== undefined && path.length < DEPTH_MAX; at = parentOf(db, at)) {
    path.unshift(at);
  }
  return path;
}

/* The page of a block, which for a page is itself; undefined for one that hangs nowhere. */
export function pageOf(db: Db, id: number): number | undefined {
  const top = pathOf(db, id)[0] ?? id;
  return valueOf(db, top, ':node/title') === undefined ? undefined : top;
}

/* A block and all below it, parents first. */
export function subtreeOf(db: Db, id: number): number[] {
  const all = [id];
  const seen = new Set(all);
  for (let i = 0; i < all.length; i++) {
    for (const { v } of datascript.datoms(db, ':eavt', all[i], ':block/children')) {
      if (!seen.has(v as number)) {
        seen.add(v as number);
        all.push(v as number);
      }
    }
  }
  return all;
}

/* The blocks and pages whose text names this one. */
export function referrersOf(db: Db, id: number): number[] {
  return datascript.datoms(db, ':avet', ':block/refs', id).map((datom) => datom.e);
}

export interface Row {
  readonly uid: string;
  readonly depth: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
}

/* What is seen below `id` when its closed blocks are closed, from top to bottom. */
export function rowsBelow(db: Db, id: number): Row[] {
  const rows: Row[] = [];
  const add = (parent: number, depth: number): void => {
    if (depth > DEPTH_MAX) return;
    for (const block of childrenOf(db, parent)) {
      const hasChildren = block.children.length > 0;
      rows.push({ uid: block.uid, depth, hasChildren, isOpen: block.isOpen });
      if (hasChildren && block.isOpen) add(block.id, depth + 1);
    }
  };
  add(id, 0);
  return rows;
}

/* The uid of the block that is seen above this one within `root`; undefined for the first of a page. */
export function seenAbove(db: Db, root: number, uid: string): string | undefined {
  const rows = rowsBelow(db, root);
  const at = rows.findIndex((row) => row.uid === uid);
  if (at > 0) return rows[at - 1]!.uid;
  return at === 0 && valueOf(db, root, ':node/title') === undefined ? uidOf(db, root) : undefined;
}
