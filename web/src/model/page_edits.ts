/*
 * Renaming, merging and removing pages. As edit.ts: pure functions that give transaction forms.
 *
 * Each touches texts and blocks that others may be changing: all that it changes is compared with what was seen, so
 * that the edit is made again when someone was first. What nobody has seen yet cannot be compared: a block that
 * someone puts on a page while it is merged or removed loses its place, and is given another (strays.ts).
 */
import { datascript } from '../../../client/dist/index.js';
import {
  childrenOf, idOfTitle, readId, referrersOf, subtreeOf, uidOf, valueOf, type Block, type Db,
} from './blocks.js';
import { remove } from './edit.js';
import { expectId, hang, makeRoom, ref, set, swap, unset, unwritten, type Form } from './forms.js';
import { isLinkable, renameLinks, repointBlocks } from './links.js';

/* A title as it can be kept: one line without spaces around it. */
export function tidyTitle(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/* Why a text cannot be a title; undefined when it can. */
export function titleFault(title: string): string | undefined {
  if (title === '') return 'A page needs a title.';
  return isLinkable(title) ? undefined : 'No link could lead to this title: close every [[ in it with ]].';
}

function expectPage(db: Db, uid: string): Block & { readonly title: string } {
  const page = readId(db, expectId(db, uid));
  if (page.title === undefined) throw new Error(`${uid} is a block, not a page`);
  return { ...page, title: page.title };
}

/* The blocks and pages that link to a page, by :block/refs and by their text. */
function linkersOf(db: Db, page: number, title: string): Set<number> {
  const linkers = new Set(referrersOf(db, page));
  for (const attribute of [':block/string', ':node/title']) {
    for (const { e, v } of datascript.datoms(db, ':aevt', attribute)) {
      if (e !== page && typeof v === 'string' && v.includes(title)) linkers.add(e);
    }
  }
  linkers.delete(page);
  return linkers;
}

/* Writes texts, and titles that hold links, anew. A title that would be another page's stays. */
function rewrite(db: Db, ids: Iterable<number>, write: (text: string) => string, now: number): Form[] {
  return [...ids].flatMap((id) => {
    const { uid, title, text } = readId(db, id);
    const [attribute, old] = title === undefined ? [':block/string', text] : [':node/title', title];
    const fresh = write(old);
    const isTaken = title !== undefined && idOfTitle(db, fresh) !== undefined;
    return fresh === old || isTaken || uid === '' ? [] : [swap(uid, attribute, old, fresh), set(uid, ':edit/time', now)];
  });
}

/* Gives a page another title, in all links to it too. The title must be free: else merge the pages. */
export function renamePage(db: Db, uid: string, title: string, now: number): Form[] {
  const page = expectPage(db, uid);
  if (page.title === title) return [];
  if (idOfTitle(db, title) !== undefined) throw new Error(`there is a page "${title}" already`);
  return [
    swap(uid, ':node/title', page.title, title),
    set(uid, ':edit/time', now),
    ...relink(db, uid, page.title, title, now),
  ];
}

/* Rewrites the links to a page that still name its old title; none when there is another page of that title. */
export function relink(db: Db, uid: string, from: string, to: string, now: number): Form[] {
  const id = expectId(db, uid);
  const other = idOfTitle(db, from);
  if (other !== undefined && other !== id) return [];
  return rewrite(db, linkersOf(db, id, from), (text) => renameLinks(text, from, to), now);
}

/* Puts the blocks of one page behind those of another, turns its links and references there, and takes it away. */
export function mergePages(db: Db, from: string, into: string, now: number): Form[] {
  const [source, target] = [expectPage(db, from), expectPage(db, into)];
  if (from === into) return [];
  const blocks = childrenOf(db, source.id);
  const isBlank = (block: Block): boolean => block.text === '' && block.children.length === 0;
  const moving = blocks.filter((block) => !isBlank(block)).map((block) => block.uid);
  const { orders, forms } = makeRoom(db, into, target.children.length, moving.length);
  const turn = (text: string): string => repointBlocks(renameLinks(text, source.title, target.title), from, into);
  const linkers = linkersOf(db, source.id, source.title);
  linkers.delete(target.id);
  return [
    ...[source, target].map(({ uid, title }) => swap(uid, ':node/title', title, title)),
    ...forms,
    ...moving.flatMap((uid, i) => [...hang(db, uid, into), set(uid, ':block/order', orders[i])]),
    ...rewrite(db, linkers, turn, now),
    ...referrersOf(db, source.id)
      .filter((id) => id !== target.id)
      .flatMap((id) => [unset(uidOf(db, id), ':block/refs', ref(from)), set(uidOf(db, id), ':block/refs', ref(into))]),
    ...pin(db, source, target),
    ...blocks.filter(isBlank).flatMap(({ uid }) => [...unwritten(db, uid), [':db/retractEntity', ref(uid)]]),
    [':db/retractEntity', ref(from)],
  ];
}

/* The shortcut to a page that goes leads to the one that stays. */
function pin(db: Db, source: Block, target: Block): Form[] {
  const [old, known] = [source, target].map(({ id }) => valueOf(db, id, ':page/sidebar'));
  return old === undefined || known !== undefined ? [] : [set(target.uid, ':page/sidebar', old)];
}

/* Takes a page away with its blocks. Links to it stay as text. */
export function removePage(db: Db, uid: string): Form[] {
  return remove(db, [uid]);
}

/* What goes with a page: its blocks, and the blocks and pages elsewhere that refer to it or to them. */
export function weightOf(db: Db, uid: string): { blocks: number; references: number } {
  const ids = subtreeOf(db, expectId(db, uid));
  const own = new Set(ids);
  const referrers = new Set(ids.flatMap((id) => referrersOf(db, id)).filter((id) => !own.has(id)));
  return { blocks: ids.length - 1, references: referrers.size };
}
