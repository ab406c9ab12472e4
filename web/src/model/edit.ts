/*
 * What the keyboard does to blocks, as pure functions from a database to transaction forms: they change nothing, and
 * the same database and arguments give the same forms. `now` is milliseconds since 1970.
 *
 * An edit that makes no sense where it was asked for (the first block indented) is undefined.
 */
import {
  childrenOf, idOf, parentOf, pathOf, readBlock, readId, referrersOf, seenAbove, subtreeOf, uidOf, valueOf, type Block, type Db,
} from './blocks.js';
import {
  attach, expectId, hang, isWithin, makeRoom, parentUid, reached, ref, refForms, set, siblingsOf, still, swap, storedText, unset,
  unwritten,
  type Edit, type Form,
} from './forms.js';
import { repointBlocks } from './links.js';

/* A block to be made, with those below it. */
export interface Tree {
  readonly uid: string;
  readonly text: string;
  readonly heading?: number;
  readonly isOpen?: boolean;
  readonly children: readonly Tree[];
}

export function tree(uid: string, text: string, children: readonly Tree[] = []): Tree {
  return { uid, text, children };
}

/*
 * Sets a block's text and its references. `makePages` as for refForms. Fails with `conflict` when someone else has
 * changed the text meanwhile: it is then made again from the text as it is (edits.ts).
 */
export function setText(db: Db, uid: string, text: string, makePages: boolean, now: number): Form[] {
  const old = storedText(db, uid);
  const changed = old === text ? [] : [swap(uid, ':block/string', old, text), set(uid, ':edit/time', now)];
  return [...changed, ...refForms(db, uid, text, makePages, now)];
}

/* Makes blocks below `parent`, before its child `index`. */
export function insert(db: Db, parent: string, index: number, trees: readonly Tree[], now: number): Form[] {
  const { orders, forms } = makeRoom(db, parent, index, trees.length);
  trees.forEach((each, i) => insertTree(db, parent, each, orders[i]!, now, forms));
  return forms;
}

function insertTree(db: Db, parent: string, node: Tree, order: number, now: number, forms: Form[]): void {
  forms.push({
    ':block/uid': node.uid,
    ':block/string': node.text,
    ':block/order': order,
    ':block/open': node.isOpen ?? true,
    ':create/time': now,
    ':edit/time': now,
    ...(node.heading ? { ':block/heading': node.heading } : {}),
  });
  forms.push(attach(parent, node.uid), ...refForms(db, node.uid, node.text, true, now));
  node.children.forEach((child, i) => insertTree(db, node.uid, child, i, now, forms));
}

/*
 * Enter, with the caret at `at` of `text` (what the editor holds; it may be newer than the database). `root` is what the
 * view shows the inside of. An empty last block moves out a level; at the start an empty block comes above; below an
 * open block with children the rest becomes its first child, and below the root itself; else it becomes the next sibling.
 */
export function split(
  db: Db, root: string, uid: string, text: string, at: number, fresh: string, now: number,
): Edit | undefined {
  const block = readBlock(db, uid);
  if (!block) return undefined;
  if (uid === root) {
    const [kept, rest] = at === 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
    const opening = block.isOpen ? [] : [set(uid, ':block/open', true)];
    const forms = [...setText(db, uid, kept, true, now), ...insert(db, uid, 0, [tree(fresh, rest)], now), ...opening];
    return { forms, caret: { uid: fresh, at: 0 } };
  }
  const { parent, uids, index } = siblingsOf(db, uid);
  if (text === '' && block.children.length === 0 && parent !== root && index === uids.length - 1) {
    const out = outdent(db, root, [uid]);
    if (out) return { ...out, caret: { uid, at: 0 } };
  }
  if (at === 0 && text !== '') {
    return { forms: [...insert(db, parent, index, [tree(fresh, '')], now)], caret: { uid, at: 0 } };
  }
  const rest = tree(fresh, text.slice(at));
  const isInside = block.isOpen && block.children.length > 0;
  const forms = [
    ...setText(db, uid, text.slice(0, at), true, now),
    ...(isInside ? insert(db, uid, 0, [rest], now) : insert(db, parent, index + 1, [rest], now)),
  ];
  return { forms, caret: { uid: fresh, at: 0 } };
}

/*
 * Backspace at the start: the block's text and children go to the block that is seen above it, references to it too.
 * Undefined for the root, and for the first block of a page, unless it is empty and others follow.
 */
export function mergeUp(db: Db, root: string, uid: string, text: string, now: number): Edit | undefined {
  const block = readBlock(db, uid);
  const rootId = idOf(db, root);
  if (!block || rootId === undefined || uid === root) return undefined;
  const aboveUid = seenAbove(db, rootId, uid);
  const above = aboveUid === undefined ? undefined : readBlock(db, aboveUid);
  if (!above) {
    const next = siblingsOf(db, uid).uids[1];
    const isSpare = text === '' && block.children.length === 0 && next !== undefined;
    return isSpare ? { forms: remove(db, [uid]), caret: { uid: next, at: 0 } } : undefined;
  }
  const parent = parentUid(db, uid);
  const children = childrenOf(db, block.id).map((child) => child.uid);
  const isIntoParent = above.uid === parent;
  const index = isIntoParent ? 0 : childrenOf(db, above.id).length;
  const room = makeRoom(db, above.uid, index, children.length, new Set([uid]));
  const forms = [
    ...reached(db, above.uid), still(parent, uid), ...unwritten(db, uid),
    ...room.forms,
    ...children.flatMap((child, i) => [...hang(db, child, above.uid), set(child, ':block/order', room.orders[i])]),
    ...(children.length > 0 && !above.isOpen ? [set(above.uid, ':block/open', true)] : []),
    ...setText(db, above.uid, above.text + text, true, now),
    ...repoint(db, block, above, now),
    [':db/retractEntity', ref(uid)],
  ];
  return { forms, caret: { uid: above.uid, at: above.text.length } };
}

/* Turns the references to a block that goes to another one. */
function repoint(db: Db, from: Block, to: Block, now: number): Form[] {
  return referrersOf(db, from.id).flatMap((id) => {
    const referrer = readId(db, id);
    const text = repointBlocks(referrer.text, from.uid, to.uid);
    const forms = [swap(referrer.uid, ':block/string', referrer.text, text), set(referrer.uid, ':edit/time', now)];
    return text === referrer.text || id === from.id || id === to.id
      ? []
      : [...forms, unset(referrer.uid, ':block/refs', ref(from.uid)), set(referrer.uid, ':block/refs', ref(to.uid))];
  });
}

/* Moves blocks below `parent` before its child `index`, counted without the moved ones. They keep their sequence. */
export function moveTo(db: Db, uids: readonly string[], parent: string, index: number): Form[] | undefined {
  if (uids.some((uid) => isWithin(db, parent, uid))) return undefined;
  const { orders, forms } = makeRoom(db, parent, index, uids.length, new Set(uids));
  const moves = uids.flatMap((uid, i) => [...hang(db, uid, parent), set(uid, ':block/order', orders[i])]);
  return [...reached(db, parent), ...forms, ...moves];
}

/* Tab: the blocks, which are siblings in sequence, go below the one before them. */
export function indent(db: Db, uids: readonly string[]): Edit | undefined {
  const { uids: siblings, index } = siblingsOf(db, uids[0]!);
  const above = index > 0 ? readBlock(db, siblings[index - 1]!) : undefined;
  if (!above) return undefined;
  const forms = moveTo(db, uids, above.uid, above.children.length);
  return forms && { forms: above.isOpen ? forms : [...forms, set(above.uid, ':block/open', true)] };
}

/* Shift-Tab: the blocks go behind their parent; never out of `root`. */
export function outdent(db: Db, root: string, uids: readonly string[]): Edit | undefined {
  const parent = parentUid(db, uids[0]!);
  if (parent === root || valueOf(db, expectId(db, parent), ':node/title') !== undefined) return undefined;
  const { parent: over, index } = siblingsOf(db, parent);
  const forms = moveTo(db, uids, over, index + 1);
  return forms && { forms };
}

/* Moves siblings in sequence by one place; undefined at either end. */
export function shift(db: Db, uids: readonly string[], by: -1 | 1): Edit | undefined {
  const { parent, uids: siblings, index } = siblingsOf(db, uids[0]!);
  const to = index + by;
  if (to < 0 || to + uids.length > siblings.length) return undefined;
  const forms = moveTo(db, uids, parent, to);
  return forms && { forms };
}

/* Takes away blocks and pages with all below them; not what someone moves elsewhere in time. */
export function remove(db: Db, uids: readonly string[]): Form[] {
  const all = [...new Set(uids.flatMap((uid) => subtreeOf(db, expectId(db, uid))))];
  const guards = all.flatMap((id) => {
    const parent = parentOf(db, id);
    return parent === undefined ? [] : [still(uidOf(db, parent), uidOf(db, id))];
  });
  return [...guards, ...all.map((id) => [':db/retractEntity', ref(uidOf(db, id))])];
}

/* Of a selection, the blocks that are below no other one of it, in the given sequence. */
export function topmost(db: Db, uids: readonly string[]): string[] {
  const chosen = new Set(uids);
  return uids.filter((uid) => {
    const id = idOf(db, uid);
    return id !== undefined && !pathOf(db, id).some((above) => chosen.has(uidOf(db, above)));
  });
}

const TODO = /^\{\{(?:\[\[)?(TODO|DONE)(?:\]\])?\}\} ?/;

/* What stands before a text: nothing, TODO or DONE. */
export function todoOf(text: string): 'TODO' | 'DONE' | undefined {
  return TODO.exec(text)?.[1] as 'TODO' | 'DONE' | undefined;
}

/* The text without its mark. */
export function withoutTodo(text: string): string {
  return text.replace(TODO, '');
}

/* Ctrl-Enter: from nothing to TODO, to DONE, to nothing. */
export function cycleTodo(text: string): string {
  const rest = withoutTodo(text);
  const next = { none: '{{[[TODO]]}} ', TODO: '{{[[DONE]]}} ', DONE: '' }[todoOf(text) ?? 'none'];
  return next + rest;
}
