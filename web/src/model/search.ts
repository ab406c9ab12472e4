/* Finding pages and blocks by what is typed. */
import { datascript } from '../../../client/dist/index.js';
import { pageOf, readId, shown, uidOf, type Db } from './blocks.js';
import { allPages, type PageEntry } from './pages.js';

export interface FoundBlock {
  readonly uid: string;
  readonly text: string;
  /* The title of its page. */
  readonly page: string;
}

/* Titles that hold every word: those that are it first, then those that begin with it, then the shorter. */
export function searchPages(db: Db, query: string, limit: number): PageEntry[] {
  const whole = query.trim().toLowerCase();
  const words = whole.split(/\s+/);
  const rank = (title: string): number => (title === whole ? 0 : title.startsWith(whole) ? 1 : 2);
  return allPages(db)
    .map((page) => ({ page, title: page.title.toLowerCase() }))
    .filter(({ title }) => words.every((word) => title.includes(word)))
    .sort((a, b) => rank(a.title) - rank(b.title) || a.title.length - b.title.length || (a.title < b.title ? -1 : 1))
    .slice(0, limit)
    .map(({ page }) => page);
}

/* Blocks whose text holds every word, the latest first. */
export function searchBlocks(db: Db, query: string, limit: number): FoundBlock[] {
  const words = query.trim().toLowerCase().split(/\s+/);
  const found: FoundBlock[] = [];
  const datoms = datascript.datoms(db, ':aevt', ':block/string');
  for (let i = datoms.length - 1; i >= 0 && found.length < limit; i--) {
    const { e, v } = datoms[i]!;
    const text = shown(v);
    const lower = text.toLowerCase();
    if (!words.every((word) => lower.includes(word))) continue;
    const page = pageOf(db, e);
    if (page !== undefined) found.push({ uid: uidOf(db, e), text, page: readId(db, page).title ?? '' });
  }
  return found;
}
