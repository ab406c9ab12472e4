/* Ways to go: the daily notes, all pages, and the pages that everyone wants at hand. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, isSidebarOpen, pageHref, route, shownUid } from '../desk.js';
import { readBlock } from '../model/blocks.js';
import { isShortcut, setShortcut, shortcuts } from '../model/shortcuts.js';

export function Sidebar(): VNode {
  const pages = useComputed(() => (graph.isLoaded.value ? shortcuts(graph.db.value) : [])).value;
  const kind = route.value.kind;
  const uid = shownUid.value;
  const here = uid === undefined ? undefined : readBlock(graph.db.value, uid);
  const isHere = uid !== undefined && isShortcut(graph.db.value, uid);
  return (
    <>
      <div class="shade" onClick={() => (isSidebarOpen.value = false)} />
      <nav class="sidebar" aria-label="Pages">
        <a class="nav days" href="#/" aria-current={kind === 'days' ? 'page' : undefined}>
          Daily notes
        </a>
        <a class="nav all" href="#/pages" aria-current={kind === 'pages' ? 'page' : undefined}>
          All pages
        </a>
        <h2>Shortcuts</h2>
        {pages.length === 0 && <p class="hint">Pinned pages are at hand for everyone.</p>}
        {pages.map((page) => (
          <a
            key={page.uid}
            class="nav star"
            href={pageHref(page.uid)}
            aria-current={page.uid === uid ? 'page' : undefined}
          >
            {page.title}
          </a>
        ))}
        {here?.title !== undefined && (
          <button class="nav plain" onClick={() => void graph.edit((db) => setShortcut(db, here.uid, !isHere))}>
            {isHere ? 'Unpin this page' : 'Pin this page'}
          </button>
        )}
      </nav>
    </>
  );
}
