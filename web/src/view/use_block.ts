/* A block as it is now; a component that uses it is drawn again only when what is read here changes. */
import { useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { graph } from '../desk.js';
import { readBlock, referrersOf, type Block } from '../model/blocks.js';

export interface Seen {
  readonly block: Block;
  readonly referrers: number;
}

export function useBlock(uid: string): Seen | undefined {
  const last = useRef<Seen | undefined>(undefined);
  return useComputed(() => {
    const block = readBlock(graph.db.value, uid);
    const referrers = block ? referrersOf(graph.db.value, block.id).length : 0;
    // A block that was not changed is the same object as before.
    if (block !== last.current?.block || referrers !== last.current?.referrers) last.current = block && { block, referrers };
    return last.current;
  }).value;
}
