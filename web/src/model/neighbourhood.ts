/*
 * The pages around a page: those that it links to and those that link to it, with their blocks, and from them on to a
 * depth. When there are too many, those with the fewest links to the nearer ones are left out.
 */
import type { Steps } from '../../../client/dist/slices.js';
import { datascript } from '../../../client/dist/index.js';
import { idOf, pageOf, readId, referrersOf, valuesOf, type Db } from './blocks.js';

export interface PageNode {
  readonly uid: string;
  readonly title: string;
  /* Links from the page in the middle. */
  readonly distance: number;
  /* How many of the others it is linked with. */
  readonly links: number;
}

/* Two pages that are linked, named as d3-force names the ends of a line. */
export interface Edge<End> {
  readonly source: End;
  readonly target: End;
}

export interface Neighbourhood {
  /* The nearest first; the first is the page in the middle. */
  readonly nodes: readonly PageNode[];
  readonly edges: readonly Edge<string>[];
  /* Pages within the depth that are not among them. */
  readonly leftOut: number;
}

/* Blocks between two yields. */
const STEP = 32;

/* Nothing for what hangs on no page. */
export function* neighbourhood(db: Db, uid: string, depth: number, limit: number): Steps<Neighbourhood> {
  const id = idOf(db, uid);
  const middle = id === undefined ? undefined : pageOf(db, id);
  if (middle === undefined) return { nodes: [], edges: [], leftOut: 0 };
  const distances = new Map([[middle, 0]]);
  const linked = new Map<number, ReadonlyMap<number, number>>();
  const leftOut = new Set<number>();
  for (let distance = 0, ring = [middle]; distance < depth; distance++) {
    const found = new Map<number, number>();
    for (const page of ring) {
      linked.set(page, yield* neighboursOf(db, page));
      linked.get(page)!.forEach((count, other) => distances.has(other) || found.set(other, (found.get(other) ?? 0) + count));
    }
    const best = [...found].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([page]) => page);
    ring = best.slice(0, limit - distances.size);
    ring.forEach((page) => distances.set(page, distance + 1));
    best.slice(ring.length).forEach((page) => leftOut.add(page));
  }
  for (const page of distances.keys()) {
    if (!linked.has(page)) linked.set(page, yield* neighboursOf(db, page));
  }
  const edges = edgesOf([...distances.keys()], linked);
  const nodes = [...distances].map(([page, distance]) => {
    const { uid: own, title } = readId(db, page);
    return { uid: own, title: title ?? '', distance, links: edges.filter((edge) => edge.includes(page)).length };
  });
  const uids = new Map([...distances.keys()].map((page) => [page, readId(db, page).uid]));
  return {
    nodes,
    edges: edges.map(([source, target]) => ({ source: uids.get(source)!, target: uids.get(target)! })),
    leftOut: [...leftOut].filter((page) => !distances.has(page)).length,
  };
}

/* Each two pages that are linked, once. */
function edgesOf(pages: readonly number[], linked: ReadonlyMap<number, ReadonlyMap<number, number>>): [number, number][] {
  return pages.flatMap((page, i) =>
    pages.slice(i + 1).filter((other) => linked.get(page)!.has(other)).map((other): [number, number] => [page, other]),
  );
}

/* The pages that a page is linked with, either way, and by how many links. */
function* neighboursOf(db: Db, page: number): Steps<Map<number, number>> {
  const counts = new Map<number, number>();
  const blocks = [page];
  const seen = new Set(blocks);
  for (let i = 0; i < blocks.length; i++) {
    if (i % STEP === STEP - 1) yield;
    const block = blocks[i]!;
    for (const other of [...(valuesOf(db, block, ':block/refs') as number[]), ...referrersOf(db, block)]) {
      const at = pageOf(db, other);
      if (at !== undefined && at !== page) counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    for (const { v } of datascript.datoms(db, ':eavt', block, ':block/children')) {
      if (!seen.has(v as number)) blocks.push(v as number);
      seen.add(v as number);
    }
  }
  return counts;
}
