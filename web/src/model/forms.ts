/*
 * The transaction forms that edits are made of. All name pages and blocks by uid, so that they mean the same
 * however many edits of others the server takes first.
 *
 * A block that is moved or taken away was seen at a place. The form `still` makes the transaction fail with
 * `conflict` when it is not there any more: without it, two people who move one block at once would
 * leave it in two places, and two who move blocks into each other would cut both off from their page.
 */
import { dayUidOfTitle } from './dates.js';
import { linksOf } from './links.js';
import { childrenOf, idOf, idOfTitle, parentOf, readBlock, uidOf, valueOf, valuesOf, type Db } from './blocks.js';
import { place } from './order.js';

export type Form = readonly unknown[] | Readonly<Record<string, unknown>>;

/* Where the caret goes after an edit. */
export interface Caret {
  readonly uid: string;
  readonly at: number;
}

export interface Edit {
  readonly forms: readonly Form[];
  readonly caret?: Caret | undefined;
}

/* Uids of blocks: as long as Roam's, from letters that need no quoting in a ((reference)). */
const UID_LENGTH = 9;
const UID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

export const ref = (uid: string): readonly [string, string] => [':block/uid', uid];

export const set = (uid: string, attribute: string, value: unknown): Form => [':db/add', ref(uid), attribute, value];

export const unset = (uid: string, attribute: string, value: unknown): Form => [
  ':db/retract', ref(uid), attribute, value,
];

export const still = (parent: string, child: string): Form => [
  ':db/cas', ref(parent), ':block/children', ref(child), ref(child),
];

/* Sets a value that must be `old` still; null: that there must be none. */
export const swap = (uid: string, attribute: string, old: unknown, fresh: unknown): Form => [
  ':db/cas', ref(uid), attribute, old, fresh,
];

/* That nobody has written in a block that is taken away: what someone writes there meanwhile must not go with it. */
export function unwritten(db: Db, uid: string): Form[] {
  const text = storedText(db, uid);
  return text === null ? [] : [swap(uid, ':block/string', text, text)];
}

/* A block's text as a transaction compares it: null where it has none, which shows as an empty one. */
export function storedText(db: Db, uid: string): string | null {
  const block = readBlock(db, uid);
  return block && valueOf(db, block.id, ':block/string') !== undefined ? block.text : null;
}

/*
 * That a block hangs nowhere still. A transaction cannot ask for that, so all that rely on it compare and change one
 * attribute: of two at once the second fails. It must be so in what the server sent, too (edits.ts).
 */
function unplaced(db: Db, uid: string): Form {
  const old = valueOf(db, expectId(db, uid), ':edit/time') as number | undefined;
  return swap(uid, ':edit/time', old ?? null, (old ?? 0) + 1);
}

/* The blocks that forms compare as hanging nowhere. */
export function unplacedIn(forms: readonly Form[]): string[] {
  return forms.flatMap((form) => {
    const [op, entity, attribute] = Array.isArray(form) ? form : [];
    return op === ':db/cas' && attribute === ':edit/time' ? [entity[1] as string] : [];
  });
}

/* Whether a block is there and hangs nowhere. */
export function isLost(db: Db, uid: string): boolean {
  const id = idOf(db, uid);
  return id !== undefined && parentOf(db, id) === undefined && valueOf(db, id, ':node/title') === undefined;
}

export const attach = (parent: string, child: string): Form => set(parent, ':block/children', ref(child));

export const detach = (parent: string, child: string): Form => unset(parent, ':block/children', ref(child));

/* Puts a block, from wherever it hangs, below another one. */
export function hang(db: Db, child: string, parent: string): Form[] {
  const old = parentOf(db, expectId(db, child));
  if (old === undefined) return [unplaced(db, child), attach(parent, child)];
  const from = uidOf(db, old);
  return from === parent ? [still(from, child)] : [still(from, child), detach(from, child), attach(parent, child)];
}

/* Where blocks are to hang that hang elsewhere yet, or are not there: uids of children to those of their parents. */
export type Moved = ReadonlyMap<string, string>;

/* A block and all that it is in, up to its page, when `moved` have been moved. */
export function wayUp(db: Db, uid: string, moved: Moved = new Map()): string[] {
  const way = new Set<string>();
  for (let at: string | undefined = uid; at !== undefined && !way.has(at); at = moved.get(at) ?? overOf(db, at)) way.add(at);
  return [...way];
}

function overOf(db: Db, uid: string): string | undefined {
  const id = idOf(db, uid);
  const over = id === undefined ? undefined : parentOf(db, id);
  return over === undefined ? undefined : uidOf(db, over);
}

/* That a block is where it was seen still, in all that it is in: what is put into it is then not put into itself. */
export function reached(db: Db, uid: string, moved: Moved = new Map()): Form[] {
  const way = wayUp(db, uid, moved);
  const steps = way.slice(1).flatMap((over, i) => (moved.has(way[i]!) ? [] : [still(over, way[i]!)]));
  const top = way.at(-1)!;
  return isLost(db, top) ? [...steps, unplaced(db, top)] : steps;
}

/* Whether a block is `uid` or below it. */
export function isWithin(db: Db, block: string, uid: string): boolean {
  return wayUp(db, block).includes(uid);
}

export function newUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(UID_LENGTH));
  return Array.from(bytes, (byte) => UID_LETTERS[byte % 64]).join('');
}

/*
 * A uid that follows from a text: two people who make the page of one title at once make the same one. A page keeps its
 * uid when it is renamed; what is then made from the old text gets the next uid of a series.
 */
export function uidFrom(db: Db, text: string): string {
  for (let series = 0; ; series++) {
    const uid = hashUid(series === 0 ? text : `${text}\n${series}`);
    if (idOf(db, uid) === undefined) return uid;
  }
}

/* FNV-1a (draft-eastlake-fnv), 64 bits, of the UTF-8 text: 54 of them as nine letters. */
function hashUid(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return Array.from({ length: UID_LENGTH }, (_, i) => UID_LETTERS[Number((hash >> BigInt(6 * i)) & 63n)]).join('');
}

/* What an edit is about is not there, or not in a place, any more. */
export class GoneError extends Error {
  override readonly name = 'GoneError';
}

/* A block that exists; throws a GoneError where it does not. The interface only edits what it shows, but someone may be faster. */
export function expectId(db: Db, uid: string): number {
  const id = idOf(db, uid);
  if (id === undefined) throw new GoneError(`there is no block ${uid}`);
  return id;
}

export function parentUid(db: Db, uid: string): string {
  const parent = parentOf(db, expectId(db, uid));
  if (parent === undefined) throw new GoneError(`the block ${uid} has no parent`);
  return uidOf(db, parent);
}

/* The parent's children, and where `uid` is among them. */
export function siblingsOf(db: Db, uid: string): { parent: string; uids: string[]; index: number } {
  const parent = parentUid(db, uid);
  const uids = childrenOf(db, expectId(db, parent)).map((block) => block.uid);
  return { parent, uids, index: uids.indexOf(uid) };
}

/* Orders for `count` blocks at `index` among the children, and the forms that make room for them. */
export function makeRoom(
  db: Db, parent: string, index: number, count: number, leaving: ReadonlySet<string> = new Set(),
): { orders: readonly number[]; forms: Form[] } {
  const staying = childrenOf(db, expectId(db, parent)).filter((block) => !leaving.has(block.uid));
  const { orders, moved } = place(staying.map((block) => block.order), index, count);
  const forms = [...moved]
    .filter(([i, order]) => staying[i]!.order !== order)
    .map(([i, order]) => set(staying[i]!.uid, ':block/order', order));
  return { orders, forms };
}

/* A title that no page has, for a page that comes back. */
export function freeTitle(db: Db, title: string): string {
  let free = title;
  for (let count = 2; idOfTitle(db, free) !== undefined; count++) free = `${title} (${count})`;
  return free;
}

/* A page that a text names; `uid` is settled when it is new. A link to a day makes its daily note. */
export function pageForms(db: Db, title: string, now: number): { forms: Form[]; uid: string } {
  const id = idOfTitle(db, title);
  if (id !== undefined) {
    return { forms: [], uid: uidOf(db, id) };
  }
  const day = dayUidOfTitle(title);
  const uid = day !== undefined && idOf(db, day) === undefined ? day : uidFrom(db, title);
  return { forms: [{ ':block/uid': uid, ':node/title': title, ':create/time': now }], uid };
}

/*
 * The forms that give `uid` the references of `text`, and take away those that are not in it any more. With
 * `makePages`, pages that do not exist are made, as they are when a block is left; while it is written,
 * half a title would leave a page behind with each letter.
 */
export function refForms(db: Db, uid: string, text: string, makePages: boolean, now: number): Form[] {
  const forms: Form[] = [];
  const wanted = new Set<string>();
  for (const link of linksOf(text)) {
    if (link.kind === 'block') {
      if (idOf(db, link.target) !== undefined) wanted.add(link.target);
    } else if (makePages || idOfTitle(db, link.target) !== undefined) {
      const page = pageForms(db, link.target, now);
      if (!wanted.has(page.uid)) forms.push(...page.forms);
      wanted.add(page.uid);
    }
  }
  const id = idOf(db, uid);
  const present = id === undefined ? [] : refUids(db, id);
  forms.push(...present.filter((each) => !wanted.has(each)).map((each) => unset(uid, ':block/refs', ref(each))));
  const added = [...wanted].filter((each) => !present.includes(each));
  forms.push(...added.map((each) => set(uid, ':block/refs', ref(each))));
  return forms;
}

function refUids(db: Db, id: number): string[] {
  const targets = valuesOf(db, id, ':block/refs') as number[];
  return targets.map((target) => uidOf(db, target)).filter((uid) => uid !== '');
}
