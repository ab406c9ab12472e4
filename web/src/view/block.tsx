/* A block's row: its arrow, its bullet, its text or the editor, and who else writes in it. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import * as commands from '../commands.js';
import { focus, goTo, graph, pageHref, selection, type Focus } from '../desk.js';
import type { Person } from '../graph.js';
import { todoOf } from '../model/edit.js';
import type { Block, Row } from '../model/blocks.js';
import { dragBlock, dropOnBlock } from './drag.js';
import { Editor } from './editor.js';
import { initials, personStyle } from './person_mark.js';
import { ReadText } from './read_text.js';
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
  const writers = useWriters(uid);
  useEffect(() => dragBlock(bullet.current!, uid), [uid, seen === undefined]);
  useEffect(() => dropOnBlock(line.current!, root, uid), [root, uid, seen === undefined]);
  if (!seen) return null;
  const { block, referrers } = seen;
  return (
    <div
      class={`block ${isChosen ? 'chosen' : ''} ${block.heading > 0 ? `h${block.heading}` : ''} ${writers[0] ? 'written' : ''}`}
      style={{ '--depth': depth, ...(writers[0] ? personStyle(writers[0].color) : {}) }}
      data-uid={uid}
      data-root={root}
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
      <BlockBody uid={uid} root={root} block={block} />
      {referrers > 0 && (
        <button class="count" aria-label={`${referrers} references`} onClick={() => goTo(uid)}>
          {referrers}
        </button>
      )}
      <Writers people={writers} />
    </div>
  );
}

/* The text, to be read or to be written. */
export function BlockBody({ uid, root, block }: { uid: string; root: string; block: Block }): VNode {
  const place = useComputed(() => (focus.value?.root === root && focus.value.uid === uid ? focus.value : undefined)).value;
  if (place) return <Editor key={uid} at={place} text={block.text} heading={block.heading} />;
  return <ReadBlock uid={uid} root={root} block={block} />;
}

function ReadBlock({ uid, root, block }: { uid: string; root: string; block: Block }): VNode {
  const { text, heading } = block;
  const edit = (event: MouseEvent): void => {
    const isOther = event.target instanceof Element && event.target.closest('a, button, input, img');
    if (isOther || event.button !== 0 || !getSelection()?.isCollapsed) return;
    selection.value = undefined;
    focus.value = { root, uid, at: sourceOffset(event, text) } satisfies Focus;
  };
  return (
    <div
      class={`text ${todoOf(text) === 'DONE' ? 'done' : ''}`}
      onClick={edit}
      {...(heading > 0 ? { role: 'heading', 'aria-level': heading + 1 } : {})}
    >
      <ReadText uid={uid} text={text} />
    </div>
  );
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

const NOBODY: readonly Person[] = [];

/* The others whose caret is in a block. */
function useWriters(uid: string): readonly Person[] {
  return useComputed(() => {
    const found = graph.people.value.filter((person) => person.block === uid && !person.isMe);
    return found.length > 0 ? found : NOBODY;
  }).value;
}

/* Their names, each in its owner's colour. */
function Writers({ people }: { people: readonly Person[] }): VNode | null {
  if (people.length === 0) return null;
  return (
    <span class="writers">
      {people.map(({ session, name, color }) => (
        <span key={session} class="person named" style={personStyle(color)} title={`${name} is writing here`}>
          <span class="name">{name}</span>
          <span class="initials" aria-hidden="true">{initials(name)}</span>
        </span>
      ))}
    </span>
  );
}
