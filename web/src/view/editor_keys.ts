/* What keys do in the block that is being written, beyond what a text area does by itself. */
import * as commands from '../commands.js';
import type { Focus } from '../desk.js';
import { caretX, isInEdgeLine } from './caret.js';
import type { Saver } from './saver.js';

/* The editor, as keys see it. */
export interface Keyed {
  readonly at: Focus;
  readonly saver: Saver;
  readonly area: HTMLTextAreaElement;
  /* The copy of the text that tells where the caret is. */
  readonly copy: HTMLElement;
  /* 0 for ordinary text. */
  readonly heading: number;
  /* Replaces the text and selects a part of it. */
  readonly show: (value: string, from: number, to?: number) => void;
}

const END = Number.MAX_SAFE_INTEGER;

/* Whether the key was one of these; what it does by itself must then not happen. */
export function pressed(event: KeyboardEvent, editor: Keyed): boolean {
  return pairUp(event, editor) || wrapKey(event, editor) || headingKey(event, editor) || editKey(event, editor);
}

const PAIRS: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };

/* A second opening bracket brings the closing ones; typing over a closing one steps over it. */
function pairUp(event: KeyboardEvent, { area, show }: Keyed): boolean {
  const { value, selectionStart: from, selectionEnd: to } = area;
  const { key } = event;
  if (from !== to || event.ctrlKey || event.metaKey) return false;
  if (PAIRS[key] && value[from - 1] === key && value[from] !== PAIRS[key]) {
    show(`${value.slice(0, from)}${key}${PAIRS[key]!.repeat(2)}${value.slice(from)}`, from + 1);
    return true;
  }
  if (Object.values(PAIRS).includes(key) && value[from] === key) {
    show(value, from + 1);
    return true;
  }
  return false;
}

const WRAPS: Readonly<Record<string, string>> = { b: '**', i: '__', h: '^^', e: '`' };

/* Puts marks around the chosen words, or takes them away. */
function wrapKey(event: KeyboardEvent, { area, show }: Keyed): boolean {
  const mark = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey ? WRAPS[event.key] : undefined;
  if (!mark) return false;
  const { value, selectionStart: from, selectionEnd: to } = area;
  const [before, after] = [value.slice(0, from), value.slice(to)];
  const { length } = mark;
  if (before.endsWith(mark) && after.startsWith(mark)) {
    show(before.slice(0, -length) + value.slice(from, to) + after.slice(length), from - length, to - length);
  } else {
    show(before + mark + value.slice(from, to) + mark + after, from + length, to + length);
  }
  return true;
}

/* Ctrl+Alt+1 to 3, and 0 for ordinary text; Backspace at the start of a heading. */
function headingKey(event: KeyboardEvent, { at, area, heading }: Keyed): boolean {
  const digit = /^Digit([0-3])$/.exec(event.code)?.[1];
  if (digit && event.altKey && (event.ctrlKey || event.metaKey)) return commands.setHeading(at.uid, Number(digit)), true;
  if (event.key !== 'Backspace' || heading === 0 || area.selectionEnd > 0) return false;
  return commands.setHeading(at.uid, 0), true;
}

/* The keys that change the outline or move between blocks. */
function editKey(event: KeyboardEvent, editor: Keyed): boolean {
  const { at, saver, area } = editor;
  const draft = saver.draft(area);
  const { key, shiftKey: isShift } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const isFlat = draft.from === draft.to;
  const saved = (): void => saver.leave();
  const taken = (isDone: boolean): boolean => (isDone && saver.settle(draft.text), isDone);
  if (key === 'Enter' && isCommand) return saved(), commands.cycleWritten(at, saver.draft(area));
  if (key === 'Enter' && !isShift) {
    if (isFencing(draft)) return false;
    saved(); // what was typed stays when the new block is undone
    return commands.enter(at, saver.draft(area));
  }
  if (key === 'Tab') return saved(), isShift ? commands.moveOut(at.root, [at.uid]) : commands.moveIn(at.root, [at.uid]), true;
  if (key === 'Backspace' && isFlat && draft.from === 0) return taken(commands.backspace(at, draft));
  if (key === 'Delete' && isFlat && draft.to === draft.text.length) return saved(), commands.mergeNext(at);
  if (key === 'Escape') return commands.selectBlock(at), true;
  if (isCommand && (key === 'z' || key === 'Z' || key === 'y')) return saver.flush(), false; // the window undoes what is saved
  if (isCommand && key === 'a' && draft.from === 0 && draft.to === draft.text.length) return commands.selectAll(at), true;
  if (isCommand && key === '.') return saved(), commands.zoomIn(at.uid), true;
  if (isCommand && key === ',') return saved(), commands.zoomOut(at.root), true;
  return arrowKey(event, editor, draft);
}

function arrowKey(event: KeyboardEvent, { at, saver, area, copy }: Keyed, draft: commands.Draft): boolean {
  const { key, shiftKey: isShift } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const isFlat = draft.from === draft.to;
  const by = key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0;
  if (by !== 0 && isCommand) {
    if (!isShift) return commands.setOpen(at.uid, by > 0), true;
    return saver.leave(), commands.moveBy(at.root, [at.uid], by), true;
  }
  const { length } = draft.text;
  if (by !== 0 && isShift) {
    const isAtEnd = by < 0 ? draft.from === 0 : draft.to === length;
    return isAtEnd && (commands.selectBlock(at), true);
  }
  if (isCommand || isShift || event.altKey) return false;
  const caret = by < 0 ? draft.from : draft.to;
  if (by !== 0 && isInEdgeLine(copy, caret, area.value.length, by < 0 ? 'first' : 'last')) {
    return commands.stepTo(at, by, by < 0 ? END : 0, caretX(copy, caret));
  }
  if (key === 'ArrowLeft' && isFlat && draft.from === 0) return commands.stepTo(at, -1, END);
  if (key === 'ArrowRight' && isFlat && draft.to === length) return commands.stepTo(at, 1, 0);
  return false;
}

/* In a code block, Enter makes a line. */
function isFencing({ text, from }: commands.Draft): boolean {
  return text.startsWith('```') && !/\n```\s*$/.test(text.slice(0, from));
}
