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
  const last = useRef<{ text: string; seen: Seen | undefined }>({ text: '', seen: undefined });
  return useComputed(() => {
    const block = readBlock(graph.db.value, uid);
    const seen = block && { block, referrers: referrersOf(graph.db.value, block.id).length };
    const text = JSON.stringify(seen ?? null);
    if (text !== last.current.text) last.current = { text, seen };
    return last.current.seen;
  }).value;
}
