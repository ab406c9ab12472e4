/*
 * Above the keyboard of phones and tablets: the keys that it does not have. Each presses the key that a keyboard would
 * press in the block that is written, so there is one way for both.
 */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { focus } from '../desk.js';

interface Touch {
  readonly label: string;
  readonly look: string;
  readonly press: () => void;
}

const written = (): HTMLTextAreaElement | undefined =>
  document.activeElement instanceof HTMLTextAreaElement ? document.activeElement : undefined;

const key = (name: string, more: KeyboardEventInit = {}) => (): void => {
  written()?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }));
};

/* Puts a mark before the caret and what closes it behind, as it would be typed; `isWord`: not within a word. */
const type = (mark: string, close: string, isWord = false) => (): void => {
  const area = written();
  if (!area) return;
  const at = area.selectionStart;
  const open = isWord && /\S$/.test(area.value.slice(0, at)) ? ` ${mark}` : mark;
  area.setRangeText(open + close, at, area.selectionEnd);
  area.setSelectionRange(at + open.length, at + open.length);
  area.dispatchEvent(new InputEvent('input', { bubbles: true }));
};

const TOUCHES: readonly Touch[] = [
  { label: 'Out', look: 'outdent', press: key('Tab', { shiftKey: true }) },
  { label: 'In', look: 'indent', press: key('Tab') },
  { label: 'Undo', look: 'undo', press: key('z', { code: 'KeyZ', ctrlKey: true }) },
  { label: 'To do', look: 'todo', press: key('Enter', { ctrlKey: true }) },
  { label: 'Link to a page', look: 'page-link', press: type('[[', ']]') },
  { label: 'Reference to a block', look: 'block-link', press: type('((', '))') },
  { label: 'More', look: 'slash', press: type('/', '', true) },
  { label: 'Up', look: 'up', press: key('ArrowUp', { ctrlKey: true, shiftKey: true }) },
  { label: 'Down', look: 'down', press: key('ArrowDown', { ctrlKey: true, shiftKey: true }) },
  { label: 'Redo', look: 'redo', press: key('Z', { code: 'KeyZ', ctrlKey: true, shiftKey: true }) },
  { label: 'Done writing', look: 'finish', press: () => (focus.value = undefined) },
];

/* How far the keyboard reaches over the window, where it does not make it smaller. */
function useKeyboardHeight(): number {
  const height = useSignal(0);
  useEffect(() => {
    const view = window.visualViewport;
    const measure = (): void => {
      height.value = view ? Math.max(0, innerHeight - view.height - view.offsetTop) : 0;
    };
    view?.addEventListener('resize', measure);
    view?.addEventListener('scroll', measure);
    return () => {
      view?.removeEventListener('resize', measure);
      view?.removeEventListener('scroll', measure);
    };
  }, []);
  return height.value;
}

export function TouchBar(): VNode | null {
  const bottom = useKeyboardHeight();
  if (!focus.value || !matchMedia('(pointer: coarse)').matches) return null;
  return (
    <div class="touch-bar" role="toolbar" aria-label="Block" style={{ insetBlockEnd: `${bottom}px` }}>
      {TOUCHES.map(({ label, look, press }) => (
        <button
          key={look}
          class={`icon ${look}`}
          aria-label={label}
          // The caret stays in its text.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={press}
        />
      ))}
    </div>
  );
}
