/*
 * What a key does to the block that is being written, or to the selection. Each is the model's pure function made into
 * an edit of the graph, with the caret put where it belongs.
 */
import { batch, computed } from '@preact/signals';
import { focus, graph, selection, type Focus, type Selection } from './desk.js';
import type { Edit, Form } from './model/forms.js';
import { newUid, refForms, set } from './model/forms.js';
import { childrenOf, idOf, parentOf, readBlock, rowsBelow, uidOf, type Db } from './model/blocks.js';
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

/* The uids of a root's rows as they are seen. */
function seen(root: string): string[] {
  const uid = rootUid(root);
  const id = idOf(graph.db.value, uid);
  const below = id === undefined ? [] : rowsBelow(graph.db.value, id).map((row) => row.uid);
  return root.includes('<') ? [uid, ...below] : below;
}

export function stepTo(at: Focus, by: -1 | 1, column: number): boolean {
  const uid = neighbour(at, by);
  if (uid === undefined) return false;
  focus.value = { root: at.root, uid, at: by < 0 && column === END ? END : column };
  return true;
}

export const moveIn = (uids: readonly string[]): void => change((db) => model.indent(db, uids)?.forms);

export const moveOut = (root: string, uids: readonly string[]): void =>
  change((db) => model.outdent(db, rootUid(root), uids)?.forms);

export const moveBy = (uids: readonly string[], by: -1 | 1): void => change((db) => model.shift(db, uids, by)?.forms);

export const moveTo = (uids: readonly string[], parent: string, index: number): void =>
  change((db) => model.moveTo(db, uids, parent, index));

export function setOpen(uid: string, isOpen: boolean): void {
  change((db) => (readBlock(db, uid) ? [set(uid, ':block/open', isOpen)] : []));
}

export function cycleTodo(uid: string): void {
  change((db) => model.setText(db, uid, model.cycleTodo(textOf(db, uid)), true, Date.now()));
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
    const parent = block && parentOf(db, block.id);
    if (!block || parent === undefined) return undefined;
    const index = childrenOf(db, parent).findIndex((sibling) => sibling.uid === at.uid) + 1;
    return [
      ...model.setText(db, at.uid, mergeText(draft.base, written, block.text), true, Date.now()),
      ...(first.heading ? [set(at.uid, ':block/heading', first.heading)] : []),
      ...model.insert(db, at.uid, block.children.length, first.children, Date.now()),
      ...model.insert(db, uidOf(db, parent), index, rest, Date.now()),
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
  if (how === 'in') moveIn(uids);
  else if (how === 'out') moveOut(at.root, uids);
  else moveBy(uids, how === 'up' ? -1 : 1);
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
