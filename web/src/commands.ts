/*
 * What a key does to the block that is being written, or to the selection. Each is the model's pure function made into
 * an edit of the graph, with the caret put where it belongs.
 */
import { batch, computed } from '@preact/signals';
import { focus, goTo, graph, selection, type Focus, type Selection } from './desk.js';
import type { Edit, Form } from './model/forms.js';
import { newUid, refForms, set, siblingsOf } from './model/forms.js';
import { idOf, parentOf, readBlock, rowsBelow, uidOf, type Db } from './model/blocks.js';
import * as model from './model/edit.js';
import { readMarkdown, writeMarkdown } from './model/markdown.js';
import { mergeText } from './graph.js';
import { rootUid } from './view/items.js';

/* What the editor holds. `base` is the text of the graph that it began from. */
export interface Draft {
  readonly base: string;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const END = Number.MAX_SAFE_INTEGER;

const textOf = (db: Db, uid: string): string => readBlock(db, uid)?.text ?? '';

/* The draft with what others have written into the block since. */
function currentText(db: Db, uid: string, draft: Draft): string {
  return mergeText(draft.base, draft.text, textOf(db, uid));
}

/*
 * Saves what is typed. References to pages that do not exist wait until the block is left, as does the time of the edit.
 */
export function save(uid: string, draft: Draft, isLeft: boolean, isChanged = false): Promise<void> {
  const now = Date.now();
  const settle = (db: Db): readonly Form[] => {
    const block = readBlock(db, uid);
    if (!block) return [];
    const time = isLeft && isChanged ? [set(uid, ':edit/time', now)] : [];
    return [...time, ...refForms(db, uid, block.text, isLeft, now)];
  };
  return graph.write(uid, draft.text, draft.base, settle);
}

/* Makes an edit whose outcome says where the caret goes; false when it has nothing to do. */
function perform(at: Focus, fn: (db: Db) => Edit | undefined): boolean {
  const edit = fn(graph.db.value);
  if (!edit) return false;
  let first: Edit | undefined = edit;
  batch(() => {
    void graph.edit((db) => {
      const made = first ?? fn(db);
      first = undefined;
      return made?.forms ?? [];
    });
    if (edit.caret) focus.value = { root: at.root, ...edit.caret };
  });
  return true;
}

export function enter(at: Focus, draft: Draft): boolean {
  const fresh = newUid();
  return perform(at, (db) => model.split(db, rootUid(at.root), at.uid, currentText(db, at.uid, draft), draft.from, fresh, Date.now()));
}

export function backspace(at: Focus, draft: Draft): boolean {
  return perform(at, (db) => model.mergeUp(db, rootUid(at.root), at.uid, currentText(db, at.uid, draft), Date.now()));
}

/* Delete at the end: the block seen below comes up. */
export function mergeNext(at: Focus): boolean {
  const next = neighbour(at, 1);
  if (!next) return false;
  return perform(at, (db) => model.mergeUp(db, rootUid(at.root), next, textOf(db, next), Date.now()));
}

/* The block seen above or below. */
export function neighbour(at: { root: string; uid: string }, by: -1 | 1): string | undefined {
  const uids = seen(at.root);
  return uids[uids.indexOf(at.uid) + by];
}

/* The rows of the root that was asked for last: they are as before until something moves. */
let known: { root: string; shape: number; uids: readonly string[] } | undefined;

/* The uids of a root's rows as they are seen; a block that is a root is its own first row. */
function seen(root: string): readonly string[] {
  const shape = graph.shape.value;
  if (known?.root === root && known.shape === shape) return known.uids;
  const db = graph.db.peek();
  const block = readBlock(db, rootUid(root));
  const isClosed = block && !block.isOpen && root.includes('<');
  const below = block && !isClosed ? rowsBelow(db, block.id).map((row) => row.uid) : [];
  const uids = block && block.title === undefined ? [block.uid, ...below] : below;
  known = { root, shape, uids };
  return uids;
}

/* Puts the caret into the block above or below: at a place in its text, or as near to `x` as its line allows. */
export function stepTo(at: Focus, by: -1 | 1, place: number, x?: number): boolean {
  const uid = neighbour(at, by);
  if (uid === undefined) return false;
  focus.value = { root: at.root, uid, at: place, x };
  return true;
}

/* A block whose inside is shown is not moved from there: it would be gone from view. */
const movable = (root: string, uids: readonly string[]): boolean => !uids.includes(rootUid(root));

export function moveIn(root: string, uids: readonly string[]): void {
  if (movable(root, uids)) change((db) => model.indent(db, uids)?.forms);
}

export function moveOut(root: string, uids: readonly string[]): void {
  if (movable(root, uids)) change((db) => model.outdent(db, rootUid(root), uids)?.forms);
}

export function moveBy(root: string, uids: readonly string[], by: -1 | 1): void {
  if (movable(root, uids)) change((db) => model.shift(db, uids, by)?.forms);
}

export const moveTo = (uids: readonly string[], parent: string, index: number): void =>
  change((db) => model.moveTo(db, uids, parent, index));

export function setOpen(uid: string, isOpen: boolean): void {
  change((db) => (readBlock(db, uid) ? [set(uid, ':block/open', isOpen)] : []));
}

/* The same for the block that is written: the caret stays between its letters. */
export function cycleWritten(at: Focus, draft: Draft): boolean {
  return perform(at, (db) => {
    const text = currentText(db, at.uid, draft);
    const cycled = model.cycleTodo(text);
    const forms = model.setText(db, at.uid, cycled, true, Date.now());
    return { forms, caret: { uid: at.uid, at: Math.max(0, draft.from + cycled.length - text.length) } };
  });
}

export function cycleTodo(...uids: string[]): void {
  change((db) => uids.flatMap((uid) => model.setText(db, uid, model.cycleTodo(textOf(db, uid)), true, Date.now())));
}

/* 1 to 3; 0 makes ordinary text of a block. */
export function setHeading(uid: string, heading: number): void {
  change((db) => (readBlock(db, uid) ? [set(uid, ':block/heading', heading), set(uid, ':edit/time', Date.now())] : []));
}

/* Shows a block by itself, with the caret in it. */
export const zoomIn = (uid: string): void => goTo(uid, () => edit({ root: uid, uid }));

/* Shows what the root is in. */
export function zoomOut(root: string): void {
  const uid = rootUid(root);
  const id = idOf(graph.db.value, uid);
  const parent = id === undefined ? undefined : parentOf(graph.db.value, id);
  if (parent === undefined) return;
  const over = uidOf(graph.db.value, parent);
  goTo(over, () => edit({ root: over, uid }));
}

function change(fn: (db: Db) => readonly Form[] | undefined): void {
  void graph.edit((db) => fn(db) ?? []);
}

/* A block at the end of a page, with the caret in it. */
export function append(root: string): void {
  const fresh = newUid();
  const uid = rootUid(root);
  change((db) => {
    const parent = readBlock(db, uid);
    return parent && model.insert(db, uid, parent.children.length, [model.tree(fresh, '')], Date.now());
  });
  focus.value = { root, uid: fresh, at: 0 };
}

/* Pastes several lines: the first into the text, the others as blocks below it. */
export function paste(at: Focus, draft: Draft, text: string): void {
  const [first, ...rest] = readMarkdown(text, newUid);
  if (!first) return;
  const before = draft.text.slice(0, draft.from) + first.text;
  const written = before + draft.text.slice(draft.to);
  change((db) => {
    const block = readBlock(db, at.uid);
    if (!block) return undefined;
    const { parent, index } = at.uid === rootUid(at.root) ? { parent: at.uid, index: -1 } : siblingsOf(db, at.uid);
    return [
      ...model.setText(db, at.uid, mergeText(draft.base, written, block.text), true, Date.now()),
      ...(first.heading ? [set(at.uid, ':block/heading', first.heading)] : []),
      ...model.insert(db, at.uid, block.children.length, first.children, Date.now()),
      ...model.insert(db, parent, index + 1, rest, Date.now()),
    ];
  });
  const last = rest.at(-1);
  focus.value = last ? { root: at.root, uid: last.uid, at: END } : { root: at.root, uid: at.uid, at: before.length };
}

/* --- the selection --- */

/* The chosen blocks as they are seen. */
export function selectedUids({ root, anchor, head }: Selection): string[] {
  const uids = seen(root);
  const [from, to] = [uids.indexOf(anchor), uids.indexOf(head)].sort((a, b) => a - b) as [number, number];
  return from < 0 ? [] : uids.slice(from, to + 1);
}

/* The same, for rows to ask whether they are among them. */
export const selectedSet = computed(() => new Set(selection.value ? selectedUids(selection.value) : []));

const chosen = (at: Selection): string[] => model.topmost(graph.db.value, selectedUids(at));

export function selectBlock(at: Focus): void {
  batch(() => {
    focus.value = undefined;
    selection.value = { root: at.root, anchor: at.uid, head: at.uid };
  });
}

/* All blocks of a root. */
export function selectAll({ root }: { root: string }): void {
  const uids = seen(root).filter((uid) => uid !== rootUid(root));
  if (uids.length === 0) return;
  batch(() => {
    focus.value = undefined;
    selection.value = { root, anchor: uids[0]!, head: uids.at(-1)! };
  });
}

export function extendSelection(at: Selection, by: -1 | 1): void {
  const head = neighbour({ root: at.root, uid: at.head }, by);
  if (head !== undefined) selection.value = { ...at, head };
}

export function removeSelected(at: Selection): void {
  const uids = chosen(at);
  const all = selectedUids(at);
  const above = neighbour({ root: at.root, uid: all[0]! }, -1);
  const below = neighbour({ root: at.root, uid: all.at(-1)! }, 1);
  batch(() => {
    change((db) => model.remove(db, uids.filter((uid) => idOf(db, uid) !== undefined)));
    const next = above ?? below;
    selection.value = next === undefined ? undefined : { root: at.root, anchor: next, head: next };
  });
}

export function moveSelected(at: Selection, how: 'in' | 'out' | 'up' | 'down'): void {
  const uids = chosen(at);
  if (uids.length === 0) return;
  if (how === 'in') moveIn(at.root, uids);
  else if (how === 'out') moveOut(at.root, uids);
  else moveBy(at.root, uids, how === 'up' ? -1 : 1);
}

/* Puts pasted lines behind the last of the chosen blocks, and chooses them. */
export function pasteBehind(at: Selection, text: string): void {
  const trees = readMarkdown(text, newUid);
  const last = chosen(at).at(-1);
  if (trees.length === 0 || last === undefined || !movable(at.root, [last])) return;
  batch(() => {
    change((db) => {
      if (idOf(db, last) === undefined) return undefined;
      const { parent, index } = siblingsOf(db, last);
      return model.insert(db, parent, index + 1, trees, Date.now());
    });
    selection.value = { root: at.root, anchor: trees[0]!.uid, head: trees.at(-1)!.uid };
  });
}

export function selectedMarkdown(at: Selection): string {
  const ids = chosen(at).map((uid) => idOf(graph.db.value, uid)!);
  return writeMarkdown(graph.db.value, ids);
}

/* Puts the caret at the end of a block. */
export function edit(at: { root: string; uid: string }): void {
  batch(() => {
    selection.value = undefined;
    focus.value = { ...at, at: END };
  });
}
