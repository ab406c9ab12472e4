/* Says to screen readers what is only seen: which blocks are chosen. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import * as commands from '../commands.js';
import { graph, selection } from '../desk.js';
import { readBlock } from '../model/blocks.js';

export function Announcer(): VNode {
  const text = useComputed(() => {
    const at = selection.value;
    if (!at) return '';
    const count = commands.selectedSet.value.size;
    return `${count === 1 ? '1 block' : `${count} blocks`} chosen: ${readBlock(graph.db.value, at.head)?.text ?? ''}`;
  }).value;
  return <p class="unseen" role="status">{text}</p>;
}
