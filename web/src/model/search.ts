/*
 * Finding pages and blocks by what is typed. A text is found when it holds every word, wherever it stands and
 * however it is written. Best is what is the query itself, then what begins with it, then where each word begins one of
 * the text's. Reading 100,000 texts takes a tenth of a second, so it is done in steps (client/src/slices.ts).
 */
import type { Datom } from 'datascript';
import { datascript } from '../../../client/dist/index.js';
import type { Steps } from '../../../client/dist/slices.js';
import { pageOf, readId, shown, uidOf, type Db } from './blocks.js';
import type { PageEntry } from './pages.js';

export interface FoundBlock {
  readonly uid: string;
  readonly text: string;
  /* The title of its page. */
  readonly page: string;
}

/* A piece of a text, and whether it is what was looked for. */
export interface Part {
  readonly text: string;
  readonly isHit: boolean;
}

/* Texts between two yields: well below a millisecond. */
export const STEP = 512;

interface Match {
  readonly id: number;
  readonly text: string;
  readonly rank: number;
}

/* Pages whose titles hold every word; of equally good ones the shortest. */
export function* findPages(db: Db, query: string, limit: number): Steps<PageEntry[]> {
  const compare = (a: Match, b: Match): number =>
    a.rank - b.rank || a.text.length - b.text.length || (a.text < b.text ? -1 : 1);
  const best = yield* findBest(db, ':node/title', query, limit, compare, (id) => uidOf(db, id) !== '');
  return best.map(({ id, text }) => ({ id, uid: uidOf(db, id), title: text }));
}

/* Blocks whose texts hold every word; of equally good ones the latest. Without a word, none. */
export function* findBlocks(db: Db, query: string, limit: number): Steps<FoundBlock[]> {
  if (query.trim() === '') return [];
  const compare = (a: Match, b: Match): number => a.rank - b.rank || b.id - a.id;
  const best = yield* findBest(db, ':block/string', query, limit, compare, (id) => pageOf(db, id) !== undefined);
  return best.map(({ id, text }) => ({ uid: uidOf(db, id), text, page: readId(db, pageOf(db, id)!).title ?? '' }));
}

/* The `limit` best, in order; `isWanted` is asked of those alone that would be among them. */
function* findBest(
  db: Db, attribute: string, query: string, limit: number,
  compare: (a: Match, b: Match) => number, isWanted: (id: number) => boolean,
): Steps<Match[]> {
  const rank = ranking(query);
  const best: Match[] = [];
  const datoms = datomsOf(db, attribute);
  for (let i = datoms.length - 1; i >= 0; i--) {
    if (i % STEP === 0) yield;
    const { e: id, v } = datoms[i]!;
    const text = shown(v);
    const match = { id, text, rank: rank(text) };
    const isFull = best.length === limit;
    if (match.rank === Infinity || (isFull && compare(best.at(-1)!, match) <= 0) || !isWanted(id)) continue;
    if (isFull) best.pop();
    const after = best.findIndex((each) => compare(match, each) < 0);
    best.splice(after < 0 ? best.length : after, 0, match);
  }
  return best;
}

/* All datoms of an attribute. Listing them is the one step that cannot be cut, so it is done once for a database. */
export function datomsOf(db: Db, attribute: string): readonly Datom[] {
  const known = listed.get(db) ?? new Map<string, readonly Datom[]>();
  listed.set(db, known);
  const datoms = known.get(attribute) ?? datascript.datoms(db, ':aevt', attribute);
  known.set(attribute, datoms);
  return datoms;
}

const listed = new WeakMap<Db, Map<string, readonly Datom[]>>();

/* How well a text fits: from 0, the best; Infinity when it does not. */
function ranking(query: string): (text: string) => number {
  const whole = query.trim().toLowerCase();
  const words = wordsOf(whole);
  return (text) => {
    const lower = text.toLowerCase();
    if (!words.every((word) => lower.includes(word))) return Infinity;
    if (lower === whole) return 0;
    if (lower.startsWith(whole)) return 1;
    return words.every((word) => beginsAWord(lower, word)) ? 2 : 3;
  };
}

function wordsOf(query: string): string[] {
  return query.split(/\s+/).filter((word) => word !== '');
}

const LETTER = /[\p{L}\p{N}]/u;

function beginsAWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at === 0 || !LETTER.test(text[at - 1]!)) return true;
  }
  return false;
}

/* What a found text is cut to: this much of it comes before the first hit. */
const BEFORE_HIT = 32;
const EXCERPT = 200;

/* A text on one line without its marks, from shortly before the first hit, in pieces. */
export function excerpt(text: string, query: string): Part[] {
  const plain = text.replace(/\{\{\[\[(TODO|DONE)\]\]\}\}|\[\[|\]\]|\*\*|__|\^\^|~~|```/g, '').replace(/\s+/g, ' ').trim();
  const hits = hitPattern(query);
  const first = hits ? plain.search(hits) : -1;
  if (first <= BEFORE_HIT) return partsOf(plain.slice(0, EXCERPT), hits);
  const from = Math.min(plain.indexOf(' ', first - BEFORE_HIT) + 1 || first, first);
  return partsOf(`… ${plain.slice(from, from + EXCERPT)}`, hits);
}

function hitPattern(query: string): RegExp | undefined {
  const words = wordsOf(query).sort((a, b) => b.length - a.length);
  return words.length === 0 ? undefined : new RegExp(`(${words.map(escaped).join('|')})`, 'iu');
}

export function escaped(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function partsOf(text: string, hits: RegExp | undefined): Part[] {
  // What a group of the pattern matches stands at the odd places.
  const pieces = hits ? text.split(hits) : [text];
  return pieces.map((piece, i) => ({ text: piece, isHit: i % 2 === 1 })).filter((part) => part.text !== '');
}
