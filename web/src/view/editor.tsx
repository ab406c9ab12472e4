/*
 * The block that is being written: a text area over a copy of its text, which gives it its height. What is typed is a
 * draft; it is saved after a pause and when the caret leaves. What others write into the same block meanwhile is
 * merged into the draft.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject, VNode } from 'preact';
import * as commands from '../commands.js';
import { focus, type Focus } from '../desk.js';
import { tagText } from '../model/links.js';
import { offsetNear } from './caret.js';
import { Completion, type Option, type Trigger } from './completion.js';
import { pressed } from './editor_keys.js';
import { Saver } from './saver.js';
import { slashCommand } from './slash.js';
import { useCompletion } from './use_completion.js';

interface Props {
  readonly at: Focus;
  readonly text: string;
  /* 0 for ordinary text. */
  readonly heading: number;
}

export function Editor({ at, text, heading }: Props): VNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const copy = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState(text);
  const mine = useSaver(at.uid, text);

  const show = (value: string, from: number, to = from): void => {
    const element = area.current!;
    element.value = value;
    element.setSelectionRange(from, to);
    typed();
  };
  const typed = (): void => {
    const element = area.current!;
    const hashes = headingTyped(element, draft);
    if (hashes > 0) {
      commands.setHeading(at.uid, hashes);
      show(element.value.slice(hashes + 1), 0);
      return;
    }
    setDraft(element.value);
    mine.type(element.value);
    completion.follow(element.value, element.selectionStart);
  };
  const completion = useCompletion((trigger, option) => {
    const { value, caret } = completed(area.current!.value, trigger, option);
    show(value, caret);
    if (trigger.kind !== 'slash') return;
    mine.leave();
    slashCommand(option.target)?.act?.(at, mine.draft(area.current!));
  });

  useLayoutEffect(() => {
    const element = area.current!;
    const merged = mine.receive(text);
    if (merged === element.value) return;
    const place = caretAfter(element.value, merged, element.selectionStart);
    element.value = merged;
    element.setSelectionRange(place, place);
    setDraft(merged);
  }, [text]);
  useCaret(at, area, copy);
  const keyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (completion.pressed(event)) {
      event.preventDefault();
    } else if (pressed(event, { at, saver: mine, area: area.current!, copy: copy.current!, heading, show })) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const { options, choice } = completion;
  const isOffering = options.length > 0;
  return (
    <div class="editor">
      <div class="copy" aria-hidden="true" ref={copy}>{`${draft}\u200b`}</div>
      <textarea
        ref={area}
        rows={1}
        defaultValue={text}
        aria-label="Block text"
        aria-autocomplete="list"
        aria-controls={isOffering ? 'completion' : undefined}
        aria-activedescendant={isOffering ? `completion-${choice}` : undefined}
        spellcheck
        autocapitalize="sentences"
        onInput={typed}
        onKeyDown={keyDown}
        onBeforeInput={(event) => untoldKey(event, area.current!)}
        onClick={completion.close}
        onPaste={(event) => pasteInto(event, at, mine, area.current!, show)}
        onBlur={(event) => leaveFor(event, at)}
      />
      {isOffering && <Completion options={options} choice={choice} onChoose={completion.choose} anchor={area.current!} />}
    </div>
  );
}

/* Saves what is typed when the window closes or is put away, which may be its end, and when the caret leaves. */
function useSaver(uid: string, text: string): Saver {
  const saver = useMemo(() => new Saver(uid, text), []);
  useLayoutEffect(() => () => saver.leave(), []);
  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener('pagehide', () => saver.flush(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden && saver.flush(), { signal });
    return () => listening.abort();
  }, []);
  return saver;
}

/* Puts the caret where it is wanted. */
function useCaret(at: Focus, area: RefObject<HTMLTextAreaElement | null>, copy: RefObject<HTMLDivElement | null>): void {
  useLayoutEffect(() => {
    const element = area.current!;
    const { length } = element.value;
    const edge = at.at === 0 ? 'first' : 'last';
    const place = at.x === undefined ? Math.min(at.at, length) : offsetNear(copy.current!, at.x, length, edge);
    element.focus({ preventScroll: false });
    element.setSelectionRange(place, place);
  }, [at]);
}

/* The hashes at the start of a text that a space was just typed behind. */
function headingTyped({ value, selectionStart }: HTMLTextAreaElement, before: string): number {
  const hashes = /^(#{1,3}) /.exec(value)?.[1]!.length ?? 0;
  const isTyped = value.length === before.length + 1 && before.startsWith('#'.repeat(hashes));
  return isTyped && selectionStart === hashes + 1 ? hashes : 0;
}

/* The text with what was chosen in place of what named it. */
function completed(value: string, { kind, start, end }: Trigger, { target }: Option): { value: string; caret: number } {
  const close = kind === 'block' ? '))' : kind === 'page' ? ']]' : '';
  const rest = value.slice(close !== '' && value.startsWith(close, end) ? end + close.length : end);
  const template =
    kind === 'block' ? `((${target}))`
    : kind === 'page' ? `[[${target}]]`
    : kind === 'tag' ? tagText(target)
    : slashCommand(target)?.text?.() ?? '';
  const bar = kind === 'slash' ? template.indexOf('|') : -1;
  const fresh = bar < 0 ? template : template.slice(0, bar) + template.slice(bar + 1);
  return { value: value.slice(0, start) + fresh + rest, caret: start + (bar < 0 ? fresh.length : bar) };
}

/* The caret goes with the text around it. */
function caretAfter(old: string, fresh: string, at: number): number {
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same++;
  return at <= same ? at : Math.max(same, at + fresh.length - old.length);
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
  const isForDialog = event.relatedTarget instanceof Element && event.relatedTarget.closest('dialog') !== null;
  if (focus.value !== at || !document.hasFocus()) return;
  if (isForDialog) {
    // The dialog gives the focus back, and not the place in the text.
    element.addEventListener('focus', () => element.setSelectionRange(selectionStart, selectionEnd), { once: true });
    return;
  }
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

/* The keys of keyboards on glass that do not say which they are: what they are about to do says it. */
function untoldKey(event: InputEvent, area: HTMLTextAreaElement): void {
  const isAtStart = area.selectionStart === 0 && area.selectionEnd === 0;
  const key =
    event.inputType === 'insertLineBreak' && touchKeys.isUntold ? 'Enter'
    : event.inputType === 'deleteContentBackward' && isAtStart ? 'Backspace'
    : undefined;
  if (key && !area.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))) {
    event.preventDefault();
  }
}

const touchKeys = { isUntold: false };
addEventListener('keydown', (event) => (touchKeys.isUntold = event.isTrusted && event.key === 'Unidentified'), { capture: true });

/* Several lines become blocks; an address over chosen words becomes their link. */
function pasteInto(
  event: ClipboardEvent, at: Focus, saver: Saver, element: HTMLTextAreaElement, show: (value: string, from: number) => void,
): void {
  const draft = saver.draft(element);
  const text = event.clipboardData?.getData('text/plain') ?? '';
  const words = draft.text.slice(draft.from, draft.to);
  if (words.trim() !== '' && /^https?:\/\/\S+$/.test(text)) {
    event.preventDefault();
    const link = `[${words}](${text})`;
    show(draft.text.slice(0, draft.from) + link + draft.text.slice(draft.to), draft.from + link.length);
    return;
  }
  if (!/\n/.test(text.trimEnd()) || draft.text.startsWith('```')) return;
  event.preventDefault();
  commands.paste(at, draft, text);
  saver.settle(draft.text);
}
