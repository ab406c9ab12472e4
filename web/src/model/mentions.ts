/*
 * Unlinked references: titles of pages that stand in texts without being links. They are found as whole words, however
 * they are written, and not in links, code, addresses or {{...}}.
 */
import type { Steps } from '../../../client/dist/slices.js';
import { pageOf, readBlock, shown, type Db } from './blocks.js';
import { setText } from './edit.js';
import type { Form } from './forms.js';
import { codeIn, linksOf } from './links.js';
import { datomsOf, escaped, STEP, type Part } from './search.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

/* More are of no use to anybody; short titles stand in nearly every text. */
const MENTIONS_MAX = 500;

const ADDRESS = /https?:\/\/\S+|\]\([^)]*\)|\{\{[^}]*\}\}/g;
const EDGE = /[\p{L}\p{N}_]/u;

/* Where a text names the page. */
export function mentionsIn(text: string, title: string): Span[] {
  const [before, after] = [EDGE.test(title[0] ?? '') ? '(?<![\\p{L}\\p{N}_])' : '', EDGE.test(title.at(-1) ?? '') ? '(?![\\p{L}\\p{N}_])' : ''];
  return spansOf(text, new RegExp(before + escaped(title) + after, 'giu'));
}

function spansOf(text: string, pattern: RegExp): Span[] {
  const found = matches(text, pattern);
  if (found.length === 0) return [];
  const taken: Span[] = [...linksOf(text), ...codeIn(text), ...matches(text, ADDRESS)];
  return found.filter(({ start, end }) => !taken.some((each) => start < each.end && each.start < end));
}

function matches(text: string, pattern: RegExp): Span[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: all }) => ({ start: index, end: index + all.length }));
}

/* The blocks of other pages that name this one, the latest last; none for what is no page. */
export function* findMentions(db: Db, uid: string): Steps<number[]> {
  const page = readBlock(db, uid);
  const title = page?.title?.trim();
  if (!page || !title) return [];
  const found: number[] = [];
  const lower = title.toLowerCase();
  const datoms = datomsOf(db, ':block/string');
  for (let i = datoms.length - 1; i >= 0 && found.length < MENTIONS_MAX; i--) {
    if (i % STEP === 0) yield;
    const { e, v } = datoms[i]!;
    const text = shown(v);
    if (!text.toLowerCase().includes(lower) || mentionsIn(text, title).length === 0) continue;
    const at = pageOf(db, e);
    if (at !== undefined && at !== page.id) found.push(e);
  }
  return found.reverse();
}

/* A text in pieces, of which the hits are where it names the page. */
export function mentionParts(text: string, title: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { start, end } of mentionsIn(text, title)) {
    parts.push({ text: text.slice(at, start), isHit: false }, { text: text.slice(start, end), isHit: true });
    at = end;
  }
  return [...parts, { text: text.slice(at), isHit: false }].filter((part) => part.text !== '');
}

/* Makes links of all that names the page in these blocks. */
export function linkMentions(db: Db, uids: readonly string[], page: string, now: number): Form[] {
  const title = readBlock(db, page)?.title;
  if (title === undefined) return [];
  return uids.flatMap((uid) => {
    const block = readBlock(db, uid);
    if (!block) return [];
    const text = mentionParts(block.text, title)
      .map((part) => (part.isHit ? `[[${title}]]` : part.text))
      .join('');
    return text === block.text ? [] : setText(db, uid, text, true, now);
  });
}
