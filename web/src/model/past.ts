/*
 * A page as it was: what the server tells of an earlier moment, how two moments differ, and the edits that bring an
 * earlier one back. A past block has the uid that the block has now, if it is still there.
 */
import { isFields, type Fields, type Value } from '../../../client/dist/index.js';
import { diffTokens, type Run } from '../../../client/dist/diff.js';
import { childrenOf, idOf, parentOf, readBlock, subtreeOf, uidOf, type Block, type Db } from './blocks.js';
import { Draft } from './draft.js';
import { todoOf, withoutTodo } from './edit.js';
import {
  attach, expectId, freeTitle, hang, makeRoom, ref, refForms, set, still, swap, storedText, unset, type Form,
} from './forms.js';

export interface PastBlock {
  readonly uid: string;
  readonly text: string;
  readonly heading: number;
  readonly isOpen: boolean;
  readonly order: number;
  readonly children: readonly PastBlock[];
}

export interface PastPage extends PastBlock {
  readonly title: string;
}

/* What to pull of a page. */
export const PAST_PATTERN =
  '[:node/title :block/uid :block/string :block/heading :block/open :block/order {[:block/children :limit nil] ...}]';

/* A pulled page; undefined when it was not there. */
export function readPast(pulled: Value): PastPage | undefined {
  const title = isFields(pulled) ? pulled[':node/title'] : undefined;
  return typeof title === 'string' ? { ...readPastBlock(pulled as Fields), title } : undefined;
}

function readPastBlock(block: Fields): PastBlock {
  const order = block[':block/order'];
  return {
    uid: String(block[':block/uid'] ?? ''),
    text: String(block[':block/string'] ?? ''),
    heading: Number(block[':block/heading'] ?? 0) || 0,
    isOpen: block[':block/open'] !== false,
    order: typeof order === 'number' ? order : Infinity,
    children: ((block[':block/children'] ?? []) as readonly Fields[])
      .map(readPastBlock)
      .filter((child) => child.uid !== '')
      .sort((a, b) => (a.order === b.order ? (a.uid < b.uid ? -1 : 1) : a.order - b.order)),
  };
}

// --- how two moments differ ---

export type PastKind = 'same' | 'added' | 'removed' | 'changed' | 'moved';

export interface PastRow {
  readonly block: PastBlock;
  readonly depth: number;
  readonly kind: PastKind;
  /* Of a changed text: what was kept, added and removed. */
  readonly runs: readonly TextRun[];
}

export interface TextRun {
  readonly kind: Run['kind'];
  readonly text: string;
}

/* Beyond so many changed words a text counts as written anew. */
const EDITS_MAX = 500;

/* A text's words with the blanks behind them. */
const WORDS = /\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+/gu;

export function diffTexts(from: string, to: string): TextRun[] {
  if (from === to) return from === '' ? [] : [{ kind: 'kept', text: from }];
  const runs = diffTokens(from.match(WORDS) ?? [], to.match(WORDS) ?? [], EDITS_MAX);
  const whole: TextRun[] = [{ kind: 'removed', text: from }, { kind: 'added', text: to }];
  return (runs?.map(({ kind, tokens }) => ({ kind, text: tokens.join('') })) ?? whole).filter(({ text }) => text !== '');
}

interface Place {
  readonly block: PastBlock;
  readonly parent: string;
}

function placesOf(page: PastBlock | undefined): Map<string, Place> {
  const places = new Map<string, Place>();
  const walk = (parent: PastBlock): void =>
    parent.children.forEach((block) => {
      places.set(block.uid, { block, parent: parent.uid });
      walk(block);
    });
  if (page) walk(page);
  return places;
}

/* The rows of a page at one moment, marked by what had changed since another, with those that had gone. */
export function comparePast(before: PastPage | undefined, after: PastPage | undefined): PastRow[] {
  const [old, fresh] = [placesOf(before), placesOf(after)];
  const rows: PastRow[] = [];
  const walk = (children: readonly PastBlock[], had: readonly PastBlock[], depth: number): void => {
    for (const block of woven(children, had.filter(({ uid }) => !fresh.has(uid)), had)) {
      const now = fresh.get(block.uid);
      const marks = now ? mark(old.get(block.uid), now) : { kind: 'removed' as const, runs: [] };
      rows.push({ block, depth, ...marks });
      walk(now?.block.children ?? [], old.get(block.uid)?.block.children ?? [], depth + 1);
    }
  };
  walk(after?.children ?? [], before?.children ?? [], 0);
  return rows;
}

function mark(old: Place | undefined, now: Place): { kind: PastKind; runs: readonly TextRun[] } {
  if (!old) return { kind: 'added', runs: [] };
  const [a, b] = [old.block, now.block];
  if (a.text !== b.text || a.heading !== b.heading) return { kind: 'changed', runs: diffTexts(drawn(a.text), drawn(b.text)) };
  return { kind: old.parent !== now.parent || a.order !== b.order ? 'moved' : 'same', runs: [] };
}

/* The text with its task as a box, as it is seen. */
function drawn(text: string): string {
  const box = { TODO: '☐ ', DONE: '☑ ', none: '' }[todoOf(text) ?? 'none'];
  return box + withoutTodo(text);
}

/* The children of a block with those that have gone, each behind what it followed. */
function woven(children: readonly PastBlock[], gone: readonly PastBlock[], had: readonly PastBlock[]): PastBlock[] {
  const all = [...children];
  let behind = 0;
  for (const child of had) {
    const at = all.findIndex((each) => each.uid === child.uid);
    if (at >= 0) behind = at + 1;
    else if (gone.includes(child)) all.splice(behind++, 0, child);
  }
  return all;
}

// --- bringing back ---

/* Whether bringing a block back would change anything. */
export function isRestorable(db: Db, past: PastBlock): boolean {
  const now = readBlock(db, past.uid);
  return !now || now.text !== past.text || now.heading !== past.heading;
}

/* Gives a block its text again; one that has gone comes back below `parent`, or the page, with what was below it. */
export function restoreBlock(db: Db, page: string, parent: string, past: PastBlock, now: number): Form[] {
  const draft = new Draft(db);
  if (readBlock(db, past.uid)) {
    draft.add(rewrite(db, past, now));
  } else {
    const under = idOf(db, parent) === undefined ? page : parent;
    const { index, order } = placeAmong(db, under, past);
    const { orders, forms } = makeRoom(db, under, index, 1);
    draft.add([...forms, ...made(past, order ?? orders[0]!, now), attach(under, past.uid)]);
    bringBelow(draft, past, now);
  }
  refer(draft, past, now);
  return draft.forms;
}

/* Where a block goes among siblings: by its order, which stays when it is free. */
function placeAmong(db: Db, parent: string, past: PastBlock): { index: number; order: number | undefined } {
  const orders = childrenOf(db, expectId(db, parent)).map((sibling) => sibling.order);
  const index = orders.findIndex((order) => order >= past.order);
  const isFree = Number.isFinite(past.order) && !orders.includes(past.order);
  return { index: index < 0 ? orders.length : index, order: isFree ? past.order : undefined };
}

/* The blocks below one that came back, as far as they are nowhere else. */
function bringBelow(draft: Draft, past: PastBlock, now: number): void {
  for (const child of past.children) {
    if (idOf(draft.db, child.uid) !== undefined) continue;
    draft.add([...made(child, child.order, now), attach(past.uid, child.uid)]);
    bringBelow(draft, child, now);
  }
}

/*
 * Makes the blocks of a page what they were: texts, headings, places and order. Blocks that came since go, those that went come
 * back, and those that moved to other pages do too. The page keeps its title.
 */
export function restorePage(db: Db, past: PastPage, now: number): Form[] {
  const draft = new Draft(db);
  const wanted = placesOf(past);
  const present = idOf(db, past.uid);
  if (present === undefined) {
    draft.add([{ ':block/uid': past.uid, ':node/title': freeTitle(db, past.title), ':create/time': now }]);
  }
  for (const { block, parent } of wanted.values()) {
    const known = readBlock(draft.db, block.uid);
    if (known?.title !== undefined) continue;
    draft.add(known ? [...rewrite(draft.db, block, now), ...moved(draft.db, known, block, parent)]
      : [...made(block, block.order, now), attach(parent, block.uid)]);
  }
  const extra = present === undefined ? [] : subtreeOf(db, present).slice(1).map((id) => uidOf(db, id));
  const going = extra.filter((uid) => !wanted.has(uid));
  draft.add(going.map((uid) => still(uidOf(db, parentOf(db, idOf(db, uid)!)!), uid)));
  draft.add(going.map((uid) => [':db/retractEntity', ref(uid)]));
  wanted.forEach(({ block }) => draft.add(refForms(draft.db, block.uid, block.text, true, now)));
  return areGuards(draft.forms) ? [] : draft.forms;
}

/* Whether forms only compare. */
function areGuards(forms: readonly Form[]): boolean {
  return forms.every((form) => Array.isArray(form) && form[0] === ':db/cas' && JSON.stringify(form[3]) === JSON.stringify(form[4]));
}

function made(past: PastBlock, order: number, now: number): Form[] {
  const heading = past.heading > 0 ? { ':block/heading': past.heading } : {};
  return [{
    ':block/uid': past.uid,
    ':block/open': past.isOpen,
    ...(Number.isFinite(order) ? { ':block/order': order } : {}),
    ':create/time': now,
    ':edit/time': now,
    ...heading,
  }, swap(past.uid, ':block/string', null, past.text)];
}

function rewrite(db: Db, past: PastBlock, now: number): Form[] {
  const { uid, text, heading } = readBlock(db, past.uid)!;
  const forms: Form[] = [];
  if (text !== past.text) forms.push(swap(uid, ':block/string', storedText(db, uid), past.text));
  if (heading !== past.heading) {
    forms.push(past.heading > 0 ? set(uid, ':block/heading', past.heading) : unset(uid, ':block/heading', heading));
  }
  return forms.length > 0 ? [...forms, set(uid, ':edit/time', now)] : [];
}

function moved(db: Db, known: Block, past: PastBlock, parent: string): Form[] {
  const place = hang(db, past.uid, parent);
  const isPlaced = known.order === past.order || !Number.isFinite(past.order);
  return isPlaced ? place : [...place, set(past.uid, ':block/order', past.order)];
}

function refer(draft: Draft, past: PastBlock, now: number): void {
  draft.add(refForms(draft.db, past.uid, past.text, true, now));
  past.children.forEach((child) => {
    if (readBlock(draft.db, child.uid)?.text === child.text) refer(draft, child, now);
  });
}
