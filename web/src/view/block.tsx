/* A block's row: its arrow, its bullet, its text or the editor, and who else writes in it. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import * as commands from '../commands.js';
import { focus, goTo, graph, pageHref, selection, type Focus } from '../desk.js';
import { todoOf, withoutTodo } from '../model/edit.js';
import type { Row } from '../model/blocks.js';
import { dragBlock, dropOnBlock } from './drag.js';
import { Editor } from './editor.js';
import { Inline } from './inline.js';
import { useBlock } from './use_block.js';

interface Props {
  readonly row: Row;
  readonly root: string;
}

export function BlockRow({ row, root }: Props): VNode | null {
  const { uid, depth, hasChildren, isOpen } = row;
  const seen = useBlock(uid);
  const line = useRef<HTMLDivElement>(null);
  const bullet = useRef<HTMLAnchorElement>(null);
  const isChosen = useComputed(() => selection.value?.root === root && commands.selectedSet.value.has(uid)).value;
  useEffect(() => dragBlock(bullet.current!, uid), [uid, seen === undefined]);
  useEffect(() => dropOnBlock(line.current!, root, uid), [root, uid, seen === undefined]);
  if (!seen) return null;
  const { block, referrers } = seen;
  return (
    <div
      class={`block ${isChosen ? 'chosen' : ''} ${block.heading > 0 ? `h${block.heading}` : ''}`}
      style={{ '--depth': depth }}
      data-uid={uid}
      ref={line}
    >
      {hasChildren ? (
        <button
          class={`arrow ${isOpen ? 'open' : ''}`}
          aria-expanded={isOpen}
          aria-label={isOpen ? 'Close' : 'Open'}
          onClick={() => commands.setOpen(uid, !isOpen)}
        />
      ) : (
        <span class="arrow none" />
      )}
      <a
        class={`bullet ${hasChildren && !isOpen ? 'closed' : ''}`}
        href={pageHref(uid)}
        aria-label="Zoom in"
        ref={bullet}
      />
      <BlockBody uid={uid} root={root} text={block.text} />
      {referrers > 0 && (
        <button class="count" aria-label={`${referrers} references`} onClick={() => goTo(uid)}>
          {referrers}
        </button>
      )}
      <Writers uid={uid} />
    </div>
  );
}

/* The text, to be read or to be written. */
export function BlockBody({ uid, root, text }: { uid: string; root: string; text: string }): VNode {
  const place = useComputed(() => (focus.value?.root === root && focus.value.uid === uid ? focus.value : undefined)).value;
  if (place) return <Editor key={uid} at={place} text={text} />;
  return <ReadText uid={uid} root={root} text={text} />;
}

function ReadText({ uid, root, text }: { uid: string; root: string; text: string }): VNode {
  const todo = todoOf(text);
  const edit = (event: MouseEvent): void => {
    const isOther = event.target instanceof Element && event.target.closest('a, button, input, img');
    if (isOther || event.button !== 0 || !getSelection()?.isCollapsed) return;
    if (event.shiftKey && focus.value?.root === root) {
      selection.value = { root, anchor: focus.value.uid, head: uid };
      focus.value = undefined;
      return;
    }
    selection.value = undefined;
    focus.value = { root, uid, at: sourceOffset(event, text) } satisfies Focus;
  };
  return (
    <div class={`text ${todo === 'DONE' ? 'done' : ''}`} onClick={edit}>
      {todo && (
        <input
          type="checkbox"
          checked={todo === 'DONE'}
          aria-label={todo === 'DONE' ? 'Done' : 'To do'}
          onChange={() => commands.cycleTodo(uid)}
        />
      )}
      {shape(withoutTodo(text))}
    </div>
  );
}

const CODE = /^```([\w+-]*)\n?([\s\S]*?)\n?(?:```)?\s*$/;

function shape(text: string): ComponentChildren {
  const code = text.startsWith('```') ? CODE.exec(text) : null;
  if (code) return <pre><code data-language={code[1]}>{code[2]}</code></pre>;
  if (/^-{3,}$/.test(text)) return <hr />;
  if (text.startsWith('> ')) return <blockquote><Inline text={text.slice(2)} /></blockquote>;
  const attribute = /^([^[\]:`#(){}\n]{1,200})::/.exec(text);
  if (attribute) {
    return <><b class="attribute"><Inline text={`[[${attribute[1]!.trim()}]]`} />:</b><Inline text={text.slice(attribute[0].length)} /></>;
  }
  return text === '' ? <span class="empty">{'\u200b'}</span> : <Inline text={text} />;
}

/*
 * Where in the source a click on the read text was. The text that is seen is the source without its marks, so its
 * letters are found in the source one after another.
 */
function sourceOffset(event: MouseEvent, source: string): number {
  const point = caretPoint(event.clientX, event.clientY);
  const box = event.currentTarget as HTMLElement;
  if (!point || !box.contains(point.node)) return source.length;
  const range = document.createRange();
  range.setStart(box, 0);
  range.setEnd(point.node, point.offset);
  let at = 0;
  for (const letter of range.toString()) {
    const found = source.indexOf(letter, at);
    if (found >= 0) at = found + letter.length;
  }
  return range.toString().length === box.textContent!.length ? source.length : at;
}

function caretPoint(x: number, y: number): { node: Node; offset: number } | undefined {
  if ('caretPositionFromPoint' in document) {
    const position = document.caretPositionFromPoint(x, y);
    return position ? { node: position.offsetNode, offset: position.offset } : undefined;
  }
  const range = (document as Document).caretRangeFromPoint(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : undefined;
}

/* The others whose caret is in this block. */
function Writers({ uid }: { uid: string }): VNode | null {
  const people = useComputed(() => graph.people.value.filter((person) => person.block === uid && !person.isMe)).value;
  if (people.length === 0) return null;
  return (
    <span class="writers">
      {people.map((person) => (
        <span class="person small" style={{ background: person.color }} title={`${person.name} is writing here`}>
          {initials(person.name)}
        </span>
      ))}
    </span>
  );
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return (words.length > 1 ? words[0]![0]! + words.at(-1)![0]! : name.slice(0, 2)).toUpperCase();
}
