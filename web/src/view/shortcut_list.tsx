/* The pinned pages. They are dragged to another place, or moved there with Alt and the arrow keys. */
import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { graph, pageHref, shownUid } from '../desk.js';
import { moveShortcut, shortcuts, type Shortcut } from '../model/shortcuts.js';

export function ShortcutList(): VNode {
  const pages = useComputed(() => (graph.isLoaded.value ? shortcuts(graph.db.value) : [])).value;
  if (pages.length === 0) return <p class="hint">Pinned pages are at hand for everyone.</p>;
  return (
    <ul class="shortcuts" aria-label="Shortcuts">
      {pages.map((page, index) => (
        <Entry key={page.uid} page={page} index={index} />
      ))}
    </ul>
  );
}

function Entry({ page: { uid, title }, index }: { page: Shortcut; index: number }): VNode {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => draggable({ element: link.current!, getInitialData: () => ({ shortcut: uid }) }), [uid]);
  useEffect(() => dropTarget(link.current!, uid), [uid]);
  const keyDown = (event: KeyboardEvent): void => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || by === undefined) return;
    event.preventDefault();
    move(uid, index + by);
    // The list may draw the entry at its new place as another element.
    requestAnimationFrame(() => link.current?.focus());
  };
  return (
    <li>
      <a
        class="nav star"
        href={pageHref(uid)}
        ref={link}
        aria-current={uid === shownUid.value ? 'page' : undefined}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
        title={`${title} (Alt+↑ ↓ moves it)`}
        onKeyDown={keyDown}
      >
        {title}
      </a>
    </li>
  );
}

function move(uid: string, index: number): void {
  void graph.edit((db) => moveShortcut(db, uid, index));
}

function dropTarget(element: HTMLElement, uid: string): () => void {
  const place = ({ clientY }: { clientY: number }): 'above' | 'below' => {
    const { top, height } = element.getBoundingClientRect();
    return clientY < top + height / 2 ? 'above' : 'below';
  };
  return dropTargetForElements({
    element,
    canDrop: ({ source }) => typeof source.data['shortcut'] === 'string' && source.data['shortcut'] !== uid,
    onDrag: ({ location }) => (element.dataset['drop'] = place(location.current.input)),
    onDragLeave: () => delete element.dataset['drop'],
    onDrop: ({ source, location }) => {
      delete element.dataset['drop'];
      const dragged = source.data['shortcut'] as string;
      const others = shortcuts(graph.db.peek()).filter((page) => page.uid !== dragged);
      const beside = others.findIndex((page) => page.uid === uid);
      move(dragged, place(location.current.input) === 'above' ? beside : beside + 1);
    },
  });
}
