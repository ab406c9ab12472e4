/* Blocks are dragged by their bullet; a line shows where they would go. */
import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import * as commands from '../commands.js';
import { graph, selection } from '../desk.js';
import { childrenOf, idOf, parentOf, readBlock, uidOf } from '../model/blocks.js';
import { topmost } from '../model/edit.js';

/* To the right of this, a block is dropped below the other one, not beside it. */
const INSIDE_PX = 56;

type Place = 'above' | 'below' | 'inside';

export function dragBlock(element: HTMLElement | null, uid: string): () => void {
  if (!element) return () => {};
  return draggable({ element, getInitialData: () => ({ uids: draggedWith(uid) }) });
}

/* The selection goes along when the block is in it. */
function draggedWith(uid: string): string[] {
  const chosen = selection.value ? topmost(graph.db.value, commands.selectedUids(selection.value)) : [];
  return chosen.includes(uid) ? chosen : [uid];
}

export function dropOnBlock(element: HTMLElement | null, root: string, uid: string): () => void {
  if (!element) return () => {};
  const mark = (place?: Place): void => {
    if (place) element.dataset['drop'] = place;
    else delete element.dataset['drop'];
  };
  const placeAt = (input: { clientX: number; clientY: number }): Place => {
    const box = element.getBoundingClientRect();
    const text = element.querySelector('.bullet')!.getBoundingClientRect().left;
    if (input.clientY < box.top + box.height / 3) return 'above';
    return input.clientX > text + INSIDE_PX ? 'inside' : 'below';
  };
  return dropTargetForElements({
    element,
    canDrop: ({ source: { data } }) => Array.isArray(data['uids']) && !data['uids'].includes(uid),
    onDrag: ({ location }) => mark(placeAt(location.current.input)),
    onDragLeave: () => mark(),
    onDrop: ({ source, location }) => {
      mark();
      drop(source.data['uids'] as string[], uid, root, placeAt(location.current.input));
    },
  });
}

function drop(uids: string[], target: string, root: string, place: Place): void {
  const db = graph.db.value;
  const block = readBlock(db, target);
  if (!block) return;
  const isFirstInside = place === 'inside' || (place === 'below' && block.isOpen && block.children.length > 0);
  const parent = isFirstInside ? block.id : parentOf(db, block.id);
  if (parent === undefined) return;
  const staying = childrenOf(db, parent).map((child) => child.uid).filter((uid) => !uids.includes(uid));
  const beside = staying.indexOf(target) + (place === 'above' ? 0 : 1);
  commands.moveTo(uids, uidOf(db, parent), isFirstInside ? 0 : beside);
  if (isFirstInside && !block.isOpen) commands.setOpen(target, true);
  if (idOf(db, root) !== undefined) selection.value = undefined;
}
