/* Keys and the clipboard while blocks are chosen and no text has the caret. */
import * as commands from '../commands.js';
import { selection } from '../desk.js';

/* Listens on the window. Returns how to stop. */
export function listenForSelection(): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener('keydown', pressed, { signal });
  addEventListener('copy', copied, { signal });
  addEventListener('cut', copied, { signal });
  addEventListener('paste', pasted, { signal });
  return () => listening.abort();
}

/* Whether a key is for what has the focus: anything beside the outline's rows, and Enter on a button or link in them. */
function isForFocused({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element) || target.matches('body, .scroller')) return false;
  return !target.closest('.block[data-root]') || (key === 'Enter' && target.matches('a, button'));
}

function pressed(event: KeyboardEvent): void {
  const at = selection.value;
  if (!at || event.defaultPrevented || isForFocused(event) || document.querySelector('dialog[open]')) return;
  const { key, shiftKey: isShift } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const by = key === 'ArrowUp' ? -1 : 1;
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    if (isCommand && isShift) commands.moveSelected(at, by < 0 ? 'up' : 'down');
    else if (isCommand) commands.setOpen(at.head, by > 0);
    else if (isShift) commands.extendSelection(at, by);
    else if (commands.stepTo({ root: at.root, uid: at.head, at: 0 }, by, 0)) selection.value = undefined;
  } else if (key === 'Tab') commands.moveSelected(at, isShift ? 'out' : 'in');
  else if (key === 'Backspace' || key === 'Delete') commands.removeSelected(at);
  else if (key === 'Enter' && isCommand) commands.cycleTodo(...commands.selectedUids(at));
  else if (key === 'Enter') commands.edit({ root: at.root, uid: at.head });
  else if (key === 'a' && isCommand) commands.selectAll(at);
  else if (key === 'Escape') selection.value = undefined;
  else return;
  event.preventDefault();
}

const isOfText = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;

function copied(event: ClipboardEvent): void {
  const at = selection.value;
  if (!at || !getSelection()?.isCollapsed || isOfText(event.target)) return;
  event.preventDefault();
  event.clipboardData?.setData('text/plain', commands.selectedMarkdown(at));
  if (event.type === 'cut') commands.removeSelected(at);
}

function pasted(event: ClipboardEvent): void {
  const at = selection.value;
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (!at || isOfText(event.target) || text.trim() === '') return;
  event.preventDefault();
  commands.pasteBehind(at, text);
}
