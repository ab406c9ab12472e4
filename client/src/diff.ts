/*
 * The difference between two sequences: a shortest script of insertions and deletions (Myers'
 * algorithm), by npm's `diff`. The build puts that package into dist/diff.js, so that the client's
 * users install nothing for it; these types are our own for the same reason.
 */
import { diffArrays } from 'diff';

/* A run of tokens that both have, or that only the first (removed) or the second (added) has. */
export interface Run {
  readonly kind: 'kept' | 'removed' | 'added';
  readonly tokens: readonly string[];
}

/* The runs from `from` to `to`; undefined when more than `editsMax` tokens differ. Time grows with
 * the product of the length and the number of edits, hence the bound. */
export function diffTokens(from: readonly string[], to: readonly string[], editsMax: number): Run[] | undefined {
  return diffArrays([...from], [...to], { maxEditLength: editsMax })?.map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'kept',
    tokens: value,
  }));
}
