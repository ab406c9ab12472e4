/*
 * Where in the window the caret of an editor is. A text area does not say so; the copy of its text that lies under it,
 * with the same lines, does.
 */

/* Places in a text at which a line begins or ends as it is wrapped differ by less than this from each other. */
const SAME_LINE_PX = 4;

/* The box of the caret at an offset of the copy's text. */
function boxAt(copy: HTMLElement, offset: number): DOMRect {
  const range = document.createRange();
  const text = copy.firstChild!;
  const at = Math.min(offset, (text.textContent ?? '').length);
  range.setStart(text, at);
  range.setEnd(text, at);
  return range.getClientRects()[0] ?? copy.getBoundingClientRect();
}

export const caretX = (copy: HTMLElement, offset: number): number => boxAt(copy, offset).left;

/* Whether the caret is in the first or last line as it is wrapped; `length` is the text's. */
export function isInEdgeLine(copy: HTMLElement, offset: number, length: number, edge: 'first' | 'last'): boolean {
  const end = boxAt(copy, edge === 'first' ? 0 : length);
  return Math.abs(boxAt(copy, offset).top - end.top) < SAME_LINE_PX;
}

/* The offset in the first or last line that is nearest to `x`. */
export function offsetNear(copy: HTMLElement, x: number, length: number, edge: 'first' | 'last'): number {
  const step = edge === 'first' ? 1 : -1;
  const start = edge === 'first' ? 0 : length;
  const { top } = boxAt(copy, start);
  let best = start;
  let distance = Infinity;
  for (let at = start; at >= 0 && at <= length; at += step) {
    const box = boxAt(copy, at);
    if (Math.abs(box.top - top) >= SAME_LINE_PX) break;
    if (Math.abs(box.left - x) < distance) {
      distance = Math.abs(box.left - x);
      best = at;
    }
  }
  return best;
}
