/* What refers to a page or block, by the pages where that stands. */
import { pageOf, readId, referrersOf, type Block, type Db } from './blocks.js';
import { dayOfUid } from './dates.js';

export interface Group {
  readonly page: Block;
  readonly blocks: readonly number[];
}

/* The blocks that refer to `id`. */
export function linkedReferences(db: Db, id: number): Group[] {
  return groupByPage(db, referrersOf(db, id));
}

/* Blocks by their pages: daily notes first, the latest before the others, then by title. What hangs on no page is left out. */
export function groupByPage(db: Db, ids: readonly number[]): Group[] {
  const groups = new Map<number, number[]>();
  for (const id of ids) {
    const page = pageOf(db, id);
    if (page === undefined || page === id) continue;
    const blocks = groups.get(page);
    if (blocks) blocks.push(id);
    else groups.set(page, [id]);
  }
  const found = [...groups].map(([page, blocks]) => ({ page: readId(db, page), blocks }));
  return found.sort((a, b) => timeOf(b) - timeOf(a) || BY_TITLE.compare(a.page.title!, b.page.title!));
}

const BY_TITLE = new Intl.Collator();

/* Of the day that a daily note is for; of others, before all days. */
function timeOf({ page }: Group): number {
  return dayOfUid(page.uid)?.getTime() ?? Number.MIN_SAFE_INTEGER;
}

export function countOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { blocks }) => sum + blocks.length, 0);
}
