/*
 * Blocks chosen with the mouse: by dragging from one to another, or with Shift and a click from where the caret or
 * the selection is. What the browser would choose of their texts meanwhile is not shown, and let go at the end.
 */
import { batch } from '@preact/signals';
import { focus, selection } from '../desk.js';

interface Place {
  readonly root: string;
  readonly uid: string;
}

/* The block at a point of the window. */
function placeAt(x: number, y: number): Place | undefined {
  const row = document.elementFromPoint(x, y)?.closest<HTMLElement>('.block[data-root]');
  return row ? { root: row.dataset['root']!, uid: row.dataset['uid']! } : undefined;
}

function choose(from: Place, to: Place): void {
  batch(() => {
    focus.value = undefined;
    selection.value = { root: from.root, anchor: from.uid, head: to.uid };
  });
}

/* Follows the mouse over the rows of an element. Returns how to stop. */
export function chooseByMouse(element: HTMLElement): () => void {
  let from: Place | undefined;
  let isChoosing = false;

  const down = (event: PointerEvent): void => {
    const isControl = event.target instanceof Element && event.target.closest('a, button, input, img');
    from = undefined;
    isChoosing = false;
    if (event.pointerType !== 'mouse' || event.button !== 0 || isControl) return;
    const place = placeAt(event.clientX, event.clientY);
    const start = focus.value ?? (selection.value && { root: selection.value.root, uid: selection.value.anchor });
    if (event.shiftKey && place && start?.root === place.root && start.uid !== place.uid) {
      isChoosing = true;
      choose(start, place);
      document.body.classList.add('choosing');
    } else {
      from = place;
    }
  };
  const move = (event: PointerEvent): void => {
    if (!from || (event.buttons & 1) === 0) return;
    const place = placeAt(event.clientX, event.clientY);
    if (!place || place.root !== from.root || (!isChoosing && place.uid === from.uid)) return;
    if (!isChoosing) document.body.classList.add('choosing');
    isChoosing = true;
    if (selection.value?.head !== place.uid) choose(from, place);
  };
  const up = (): void => {
    from = undefined;
    if (!isChoosing) return;
    document.body.classList.remove('choosing');
    getSelection()?.removeAllRanges();
  };
  // The click that ends it would put the caret into a text, or let the selection go.
  const click = (event: MouseEvent): void => {
    if (isChoosing) event.stopPropagation();
    isChoosing = false;
  };
  const listening = new AbortController();
  const { signal } = listening;
  element.addEventListener('pointerdown', down, { signal });
  element.addEventListener('click', click, { signal, capture: true });
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', up, { signal });
  addEventListener('pointercancel', up, { signal });
  return () => {
    up();
    listening.abort();
  };
}
