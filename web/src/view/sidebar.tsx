/* Ways to go: the daily notes, all pages, the pages that everyone wants at hand, and those seen lately. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, isSidebarOpen, pageHref, route, shownUid } from '../desk.js';
import { readBlock } from '../model/blocks.js';
import { isShortcut, setShortcut } from '../model/shortcuts.js';
import { recent } from '../recent.js';
import { ShortcutList } from './shortcut_list.js';

/* Further ones are found with Ctrl-K. */
const RECENT_SHOWN = 6;

export function Sidebar(): VNode {
  const { kind } = route.value;
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
        <a class="nav query" href="#/query" aria-current={kind === 'query' ? 'page' : undefined}>
          Query
        </a>
        <h2>Shortcuts</h2>
        <ShortcutList />
        <PinButton />
        <Recent />
        <a class="nav files" href="#/files" aria-current={kind === 'files' ? 'page' : undefined}>
          Import and export
        </a>
      </nav>
    </>
  );
}

function PinButton(): VNode | null {
  const uid = shownUid.value;
  const here = useComputed(() => (shownUid.value === undefined ? undefined : readBlock(graph.db.value, shownUid.value))).value;
  if (uid === undefined || here?.title === undefined) return null;
  const isPinned = isShortcut(graph.db.value, uid);
  return (
    <button class="nav plain" onClick={() => void graph.edit((db) => setShortcut(db, uid, !isPinned))}>
      {isPinned ? 'Unpin this page' : 'Pin this page'}
    </button>
  );
}

function Recent(): VNode | null {
  const pages = useComputed(() =>
    recent.value.flatMap((uid) => {
      const title = readBlock(graph.db.value, uid)?.title;
      return title === undefined ? [] : [{ uid, title }];
    }),
  ).value;
  if (pages.length === 0) return null;
  return (
    <>
      <h2 id="recent">Recent</h2>
      <ul class="recent" aria-labelledby="recent">
        {pages.slice(0, RECENT_SHOWN).map(({ uid, title }) => (
          <li key={uid}>
            <a class="nav" href={pageHref(uid)} aria-current={uid === shownUid.value ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
