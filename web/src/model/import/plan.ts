/*
 * What was read, as transactions for the graph as it is.
 *
 *   a page whose title is there gets the blocks behind its own
 *   a block that is there already (its uid, with the same text on a page of that title) is passed over
 *   a uid that something else has is replaced by a new one, in the references to it too
 *
 * Transactions are of a bounded size. Between those of which `isWhole` is true every page is whole, and so is each
 * reference: one to a block that comes later is made with that block.
 */
import { childrenOf, idOf, idOfTitle, pageOf, readId, uidOf, type Db } from '../blocks.js';
import { attach, newUid, ref, set, swap, uidFrom, type Form } from '../forms.js';
import { isLinkable, linksOf, repointBlocks } from '../links.js';
import type { ReadBlock, ReadPage } from './reading.js';

export interface Batch {
  readonly forms: readonly Form[];
  /* Whether pages end with it. */
  readonly isWhole: boolean;
  readonly counts: Counts;
}

/* What has been done up to and with a batch. */
export interface Counts {
  readonly pages: number;
  readonly newPages: number;
  readonly blocks: number;
  readonly present: number;
  readonly renewed: number;
}

/* A transaction ends with the block that passes this. */
export const FORMS_MAX = 2000;

/* Small pages go together until they are so many. */
const FORMS_MIN = 1000;

interface Planned {
  readonly uid: string;
  readonly text: string;
  readonly isPresent: boolean;
  readonly source: ReadBlock;
  readonly children: readonly Planned[];
}

export class Plan {
  /* New uids for those that something else has. */
  private readonly renamed = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly pageUids = new Map<string, string>();
  private readonly made = new Set<string>();
  /* References to blocks that are not there yet, by those blocks. */
  private readonly awaited = new Map<string, string[]>();
  private readonly counted = { pages: 0, newPages: 0, blocks: 0, present: 0, renewed: 0 };
  private forms: Form[] = [];

  constructor(
    private readonly db: Db,
    private readonly pages: readonly ReadPage[],
    private readonly now: number,
    private readonly freshUid: () => string = newUid,
  ) {}

  *batches(): Generator<Batch, void, void> {
    for (const page of this.pages) this.namePage(page);
    const planned = this.pages.map((page) => ({ page, blocks: page.children.map((block) => this.place(block, page.title)) }));
    for (const { page, blocks } of planned) {
      const uid = this.makePage(page.title, page.createTime);
      for (const [i, block] of blocks.entries()) yield* this.makeBlock(uid, block, this.firstOrder(uid) + i);
      this.counted.pages += 1;
      if (idOfTitle(this.db, page.title) === undefined) this.counted.newPages += 1;
      if (this.forms.length >= FORMS_MIN) yield this.cut(true);
    }
    yield this.cut(true);
  }

  private cut(isWhole: boolean): Batch {
    const batch = { forms: this.forms, isWhole, counts: { ...this.counted } };
    this.forms = [];
    return batch;
  }

  /* --- uids --- */

  private isFree(uid: string): boolean {
    return !this.taken.has(uid) && idOf(this.db, uid) === undefined;
  }

  private namePage({ title, uid }: ReadPage): void {
    const id = idOfTitle(this.db, title);
    const known = id === undefined ? undefined : uidOf(this.db, id);
    const own = known ?? (uid !== undefined && isUid(uid) && this.isFree(uid) ? uid : this.titleUid(title));
    if (uid !== undefined && uid !== own) this.renamed.set(uid, own);
    this.taken.add(own);
    this.pageUids.set(title, own);
  }

  private titleUid(title: string): string {
    const uid = uidFrom(this.db, title);
    return this.taken.has(uid) ? this.freshUid() : uid;
  }

  /* Settles the uid of a block and of all below it; texts are turned when all are settled. */
  private place(source: ReadBlock, title: string): Planned {
    const { uid: wanted } = source;
    const id = wanted === undefined || this.taken.has(wanted) ? undefined : idOf(this.db, wanted);
    const isPresent = id !== undefined && isSame(this.db, id, source, title);
    let uid = wanted;
    if (uid === undefined || !isUid(uid)) uid = this.freshUid();
    else if (!isPresent && !this.isFree(uid)) {
      uid = this.freshUid();
      this.counted.renewed += 1;
      if (!this.renamed.has(wanted!)) this.renamed.set(wanted!, uid);
    }
    this.taken.add(uid);
    return { uid, text: source.text, isPresent, source, children: source.children.map((child) => this.place(child, title)) };
  }

  private turned(text: string): string {
    let result = text;
    for (const { kind, target } of linksOf(text)) {
      const fresh = kind === 'block' ? this.renamed.get(target) : undefined;
      if (fresh !== undefined) result = repointBlocks(result, target, fresh);
    }
    return result;
  }

  /* --- forms --- */

  /* A page of a title, made when it is first named. */
  private makePage(title: string, createTime = this.now): string {
    const id = idOfTitle(this.db, title);
    if (id !== undefined) return uidOf(this.db, id);
    const uid = this.pageUids.get(title) ?? this.titleUid(title);
    this.pageUids.set(title, uid);
    if (!this.made.has(uid)) {
      this.taken.add(uid);
      this.made.add(uid);
      this.forms.push({ ':block/uid': uid, ':node/title': title, ':create/time': createTime });
    }
    return uid;
  }

  private firstOrder(uid: string): number {
    const id = idOf(this.db, uid);
    const last = id === undefined ? undefined : childrenOf(this.db, id).at(-1)?.order;
    return last === undefined || last === Infinity ? 0 : Math.floor(last) + 1;
  }

  private *makeBlock(parent: string, { uid, text, isPresent, source, children }: Planned, order: number): Generator<Batch, void, void> {
    if (isPresent) this.counted.present += 1;
    else {
      const { heading, isOpen = true, createTime = this.now, editTime = createTime } = source;
      const words = this.turned(text);
      this.counted.blocks += 1;
      this.made.add(uid);
      this.forms.push(
        {
          ':block/uid': uid, ':block/order': order, ':block/open': isOpen,
          ':create/time': createTime, ':edit/time': editTime,
          ...(heading !== undefined && heading >= 1 && heading <= 3 ? { ':block/heading': heading } : {}),
        },
        swap(uid, ':block/string', null, words),
        attach(parent, uid),
      );
      this.refer(uid, words);
      if (this.forms.length >= FORMS_MAX) yield this.cut(false);
    }
    const first = isPresent ? this.firstOrder(uid) : 0;
    for (const [i, child] of children.entries()) yield* this.makeBlock(uid, child, first + i);
  }

  private refer(uid: string, text: string): void {
    const targets = new Set<string>();
    for (const { kind, target } of linksOf(text)) {
      if (kind !== 'block') targets.add(this.makePage(target));
      else if (this.made.has(target) || idOf(this.db, target) !== undefined) targets.add(target);
      else if (this.taken.has(target)) this.awaited.set(target, [...(this.awaited.get(target) ?? []), uid]);
    }
    this.forms.push(...[...targets].map((target) => set(uid, ':block/refs', ref(target))));
    const waiting = new Set(this.awaited.get(uid));
    this.awaited.delete(uid);
    this.forms.push(...[...waiting].map((each) => set(each, ':block/refs', ref(uid))));
  }
}

/*
 * A batch for the graph as it is by now. What someone else has made meanwhile, by importing the same, stays as it is; what
 * they make at the same moment makes the transaction fail, so that no block comes to a second place.
 */
export function stillToMake(db: Db, forms: readonly Form[]): readonly Form[] {
  const isThere = (uid: unknown): boolean => idOf(db, uid as string) !== undefined;
  return forms.filter((form) => {
    if (!Array.isArray(form)) return !isThere((form as Readonly<Record<string, unknown>>)[':block/uid']);
    const [, entity, attribute, value] = form;
    if (attribute === ':block/string') return !isThere(entity[1]);
    return attribute !== ':block/children' || !isThere(value[1]);
  });
}

/* References are made of these letters. */
const isUid = (uid: string): boolean => /^[\w-]{1,64}$/.test(uid);

/* Whether a block is what would be imported. */
function isSame(db: Db, id: number, source: ReadBlock, title: string): boolean {
  const page = pageOf(db, id);
  const block = readId(db, id);
  return block.title === undefined && block.text === source.text && page !== undefined && readId(db, page).title === title;
}

/* Pages of one title as one, under titles that links can lead to: what a plan is made of. */
export function mergedPages(pages: readonly ReadPage[]): ReadPage[] {
  const merged = new Map<string, ReadPage>();
  for (const page of pages) {
    const title = linkableTitle(page.title);
    const known = merged.get(title);
    merged.set(title, known ? { ...known, children: [...known.children, ...page.children] } : { ...page, title });
  }
  return [...merged.values()];
}

function linkableTitle(title: string): string {
  const line = title.trim().replace(/\s+/g, ' ');
  if (isLinkable(line)) return line;
  return line.replaceAll('[', '(').replaceAll(']', ')') || 'Untitled';
}
