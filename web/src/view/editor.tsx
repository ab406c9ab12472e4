/*
 * The block that is being written: a text area over the text. What is typed is a draft; it is saved after a
 * pause and when the caret leaves. What others write into the same block meanwhile is merged into the draft.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import * as commands from '../commands.js';
import { focus, graph, type Focus } from '../desk.js';
import { mergeText } from '../graph.js';
import { tagText } from '../model/links.js';
import { Completion, completionAt, suggestions, type Trigger } from './completion.js';

/* After this long without a key the draft is saved, and while typing goes on, at most this often. */
const SAVE_MS = 300;

interface Props {
  readonly at: Focus;
  readonly text: string;
}

export function Editor({ at, text }: Props): VNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState(text);
  const [trigger, setTrigger] = useState<Trigger | undefined>(undefined);
  const [choice, setChoice] = useState(0);
  const saver = useRef<Saver | undefined>(undefined);
  saver.current ??= new Saver(at.uid, text);
  const mine = saver.current;
  const options = trigger ? suggestions(graph.db.value, trigger) : [];

  const show = (value: string, from: number, to = from): void => {
    const element = area.current!;
    element.value = value;
    element.setSelectionRange(from, to);
    typed();
  };
  const typed = (): void => {
    const element = area.current!;
    setDraft(element.value);
    mine.type(element.value);
    setTrigger(completionAt(element.value, element.selectionStart));
    setChoice(0);
  };

  useLayoutEffect(() => {
    const element = area.current!;
    const place = Math.min(at.at, element.value.length);
    element.focus({ preventScroll: false });
    element.setSelectionRange(place, place);
  }, [at]);
  useLayoutEffect(() => () => mine.leave(), []);
  useLayoutEffect(() => {
    const element = area.current!;
    const merged = mine.receive(text);
    if (merged === element.value) return;
    const place = caretAfter(element.value, merged, element.selectionStart);
    element.value = merged;
    element.setSelectionRange(place, place);
    setDraft(merged);
  }, [text]);

  const choose = (index: number): void => {
    const option = options[index];
    if (!trigger || !option) return;
    const { value } = area.current!;
    const close = trigger.kind === 'block' ? '))' : trigger.kind === 'page' ? ']]' : '';
    const end = close !== '' && value.startsWith(close, trigger.end) ? trigger.end + 2 : trigger.end;
    const link =
      trigger.kind === 'block' ? `((${option.target}))`
      : trigger.kind === 'page' ? `[[${option.target}]]`
      : tagText(option.target);
    setTrigger(undefined);
    show(value.slice(0, trigger.start) + link + value.slice(end), trigger.start + link.length);
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (trigger && options.length > 0 && completionKey(event, options.length, choice, setChoice, choose)) {
      event.preventDefault();
      return;
    }
    if (trigger && event.key === 'Escape') {
      event.preventDefault();
      setTrigger(undefined);
      return;
    }
    const element = area.current!;
    if (pairUp(event, element, show) || wrapKey(event, element, show) || editKey(event, at, mine, element)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <div class="editor" data-text={`${draft}\u200b`}>
      <textarea
        ref={area}
        rows={1}
        defaultValue={text}
        aria-label="Block text"
        spellcheck
        autocapitalize="sentences"
        onInput={typed}
        onKeyDown={keyDown}
        onClick={() => setTrigger(undefined)}
        onPaste={(event) => pasteInto(event, at, mine, area.current!)}
        onBlur={(event) => leaveFor(event, at)}
      />
      {trigger && options.length > 0 && (
        <Completion options={options} choice={choice} onChoose={choose} anchor={area.current!} />
      )}
    </div>
  );
}

/* The caret goes with the text around it. */
function caretAfter(old: string, fresh: string, at: number): number {
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same++;
  return at <= same ? at : Math.max(same, at + fresh.length - old.length);
}

/* Saves drafts. Without a network too: the client keeps what was saved, and not what was only typed. */
class Saver {
  private text: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hasTyped = false;

  /* `base` is the graph's text, as it was last seen or last saved. */
  constructor(private readonly uid: string, private base: string) {
    this.text = base;
  }

  type(text: string): void {
    this.text = text;
    this.hasTyped = true;
    this.timer ??= setTimeout(() => this.saveTyped(), SAVE_MS);
  }

  /* The graph's text changed: the draft with that change in it. */
  receive(text: string): string {
    this.text = mergeText(this.base, this.text, text);
    this.base = text;
    return this.text;
  }

  draft(element: HTMLTextAreaElement): commands.Draft {
    return { base: this.base, text: element.value, from: element.selectionStart, to: element.selectionEnd };
  }

  /* Another edit has taken the draft over. */
  settle(text: string): void {
    this.base = this.text = text;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /* The caret leaves, or an edit follows that builds on the text: what is typed is saved now. */
  leave(): void {
    const draft = { base: this.base, text: this.text, from: 0, to: 0 };
    this.settle(this.text);
    void commands.save(this.uid, draft, true, this.hasTyped);
    this.hasTyped = false;
  }

  private saveTyped(): void {
    this.timer = undefined;
    const draft = { base: this.base, text: this.text, from: 0, to: 0 };
    this.base = this.text;
    void commands.save(this.uid, draft, false);
  }
}

/* Whether a button or finger is down: then a blur means that the user goes elsewhere. */
let isPointing = false;
addEventListener('pointerdown', () => (isPointing = true), { capture: true });
addEventListener('pointerup', () => (isPointing = false), { capture: true });
addEventListener('pointercancel', () => (isPointing = false), { capture: true });

/* A row that moves among others is taken out of the document for a moment, and the caret with it: it comes back. */
function leaveFor(event: FocusEvent, at: Focus): void {
  const element = event.currentTarget as HTMLTextAreaElement;
  const { selectionStart, selectionEnd } = element;
  if (focus.value !== at || !document.hasFocus()) return;
  if (event.relatedTarget || isPointing) {
    focus.value = undefined;
    return;
  }
  queueMicrotask(() => {
    if (focus.value !== at || !element.isConnected) return;
    element.focus({ preventScroll: true });
    element.setSelectionRange(selectionStart, selectionEnd);
  });
}

function pasteInto(event: ClipboardEvent, at: Focus, saver: Saver, element: HTMLTextAreaElement): void {
  const draft = saver.draft(element);
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (!/\n/.test(text.trimEnd()) || draft.text.startsWith('```')) return;
  event.preventDefault();
  commands.paste(at, draft, text);
  saver.settle(draft.text);
}

function completionKey(
  event: KeyboardEvent, count: number, choice: number, setChoice: (choice: number) => void, choose: (index: number) => void,
): boolean {
  if (event.key === 'ArrowDown') setChoice((choice + 1) % count);
  else if (event.key === 'ArrowUp') setChoice((choice + count - 1) % count);
  else if (event.key === 'Enter' || event.key === 'Tab') choose(choice);
  else return false;
  return true;
}

type Show = (value: string, from: number, to?: number) => void;

const PAIRS: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };

/* A second opening bracket brings the closing ones; typing over a closing one steps over it. */
function pairUp(event: KeyboardEvent, { value, selectionStart: from, selectionEnd: to }: HTMLTextAreaElement, show: Show): boolean {
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

const WRAPS: Readonly<Record<string, string>> = { b: '**', i: '__', h: '^^' };

function wrapKey(event: KeyboardEvent, { value, selectionStart: from, selectionEnd: to }: HTMLTextAreaElement, show: Show): boolean {
  const mark = (event.ctrlKey || event.metaKey) && !event.shiftKey ? WRAPS[event.key] : undefined;
  if (!mark) return false;
  show(value.slice(0, from) + mark + value.slice(from, to) + mark + value.slice(to), from + mark.length, to + mark.length);
  return true;
}

const END = Number.MAX_SAFE_INTEGER;

/* The keys that change the outline or move between blocks; whether this was one. */
function editKey(event: KeyboardEvent, at: Focus, saver: Saver, element: HTMLTextAreaElement): boolean {
  const draft = saver.draft(element);
  const { key, shiftKey: isShift } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const isFlat = draft.from === draft.to;
  const saved = (): void => saver.leave();
  const taken = (isDone: boolean): boolean => (isDone && saver.settle(draft.text), isDone);
  const isFirstLine = !draft.text.slice(0, draft.from).includes('\n');
  const isLastLine = !draft.text.slice(draft.to).includes('\n');
  if (key === 'Enter' && isCommand) return saved(), commands.cycleTodo(at.uid), true;
  if (key === 'Enter' && !isShift) {
    if (isFencing(draft)) return false;
    saved(); // what was typed stays when the new block is undone
    return commands.enter(at, saver.draft(element));
  }
  if (key === 'Tab') return saved(), isShift ? commands.moveOut(at.root, [at.uid]) : commands.moveIn([at.uid]), true;
  if (key === 'Backspace' && isFlat && draft.from === 0) return taken(commands.backspace(at, draft));
  if (key === 'Delete' && isFlat && draft.to === draft.text.length) return saved(), commands.mergeNext(at);
  if (key === 'Escape') return commands.selectBlock(at), true;
  if (isCommand && isShift && (key === 'ArrowUp' || key === 'ArrowDown')) {
    return saved(), commands.moveBy([at.uid], key === 'ArrowUp' ? -1 : 1), true;
  }
  if (isCommand && (key === 'ArrowUp' || key === 'ArrowDown')) return commands.setOpen(at.uid, key === 'ArrowDown'), true;
  if (isShift && ((key === 'ArrowUp' && isFirstLine) || (key === 'ArrowDown' && isLastLine))) {
    if (!isFlat || element.value === '' || draft.from === (key === 'ArrowUp' ? 0 : draft.text.length)) {
      return commands.selectBlock(at), true;
    }
    return false;
  }
  if (isCommand || isShift || event.altKey) return false;
  if (key === 'ArrowUp' && isFirstLine && isEdgeLine(element, 'first')) return commands.stepTo(at, -1, draft.from);
  if (key === 'ArrowDown' && isLastLine && isEdgeLine(element, 'last')) return commands.stepTo(at, 1, draft.from);
  if (key === 'ArrowLeft' && isFlat && draft.from === 0) return commands.stepTo(at, -1, END);
  if (key === 'ArrowRight' && isFlat && draft.to === draft.text.length) return commands.stepTo(at, 1, 0);
  return false;
}

/* In a code block, Enter makes a line. */
function isFencing({ text, from }: commands.Draft): boolean {
  return text.startsWith('```') && !/\n```\s*$/.test(text.slice(0, from));
}

/* Whether the caret is in the first or last line as it is wrapped: a long text has lines without a line break. */
function isEdgeLine(element: HTMLTextAreaElement, edge: 'first' | 'last'): boolean {
  const line = parseFloat(getComputedStyle(element).lineHeight);
  const lines = Math.round(element.clientHeight / line);
  if (lines <= 1) return true;
  const share = element.selectionStart / Math.max(1, element.value.length);
  return edge === 'first' ? share < 1 / lines : share > 1 - 1 / lines;
}
