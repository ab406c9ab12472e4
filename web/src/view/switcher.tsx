/* Ctrl-K: pages and blocks by what is typed; Enter goes there, or makes the page. Before a word is typed: recent pages. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { goTo, graph, isSwitcherOpen } from '../desk.js';
import { idOfTitle, readBlock, type Db } from '../model/blocks.js';
import { tidyTitle, titleFault } from '../model/page_edits.js';
import type { PageEntry } from '../model/pages.js';
import { excerpt, findBlocks, findPages, type FoundBlock } from '../model/search.js';
import { recent } from '../recent.js';
import { Dialog } from './dialog.js';
import { openPage } from './inline.js';
import { useSliced } from './use_sliced.js';

const PAGES_MAX = 8;
const BLOCKS_MAX = 20;

/* Shorter queries would find nearly every block. */
const BLOCK_QUERY_MIN = 2;

interface Found {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly go: () => void;
}

function recentPages(db: Db): Found[] {
  return recent.value.flatMap((uid) => {
    const title = readBlock(db, uid)?.title;
    return title === undefined ? [] : [{ key: uid, label: title, hint: 'Recent', go: () => goTo(uid) }];
  });
}

function pageEntries(db: Db, query: string, pages: readonly PageEntry[]): Found[] {
  const found = pages.map(({ uid, title }): Found => ({ key: uid, label: title, hint: 'Page', go: () => goTo(uid) }));
  const title = tidyTitle(query);
  const isNew = titleFault(title) === undefined && idOfTitle(db, title) === undefined;
  return isNew ? [...found, { key: '+', label: title, hint: 'New page', go: () => openPage(title) }] : found;
}

const blockEntry = ({ uid, text, page }: FoundBlock): Found => ({ key: uid, label: text, hint: page, go: () => goTo(uid) });

export function Switcher(): VNode {
  const query = useSignal('');
  const choice = useSignal(0);
  // Enter came before what was typed had been found.
  const isHurried = useSignal(false);
  const list = useRef<HTMLUListElement>(null);
  const pages = useSliced(() => query.value.trim(), (db, wanted) => findPages(db, wanted, PAGES_MAX));
  const blocks = useSliced(
    () => (query.value.trim().length < BLOCK_QUERY_MIN ? '' : query.value.trim()),
    (db, wanted) => findBlocks(db, wanted, BLOCKS_MAX),
  );
  const found = useComputed((): Found[] => {
    if (query.value.trim() === '') return recentPages(graph.db.value);
    if (!pages.value) return [];
    return [...pageEntries(graph.db.value, pages.value.key, pages.value.result), ...(blocks.value?.result ?? []).map(blockEntry)];
  });
  const close = (): void => {
    isSwitcherOpen.value = false;
  };
  const go = (index: number): void => {
    close();
    found.value[index]?.go();
  };
  const isReady = (): boolean => ['', pages.value?.key].includes(query.value.trim());
  useSignalEffect(() => {
    if (isHurried.value && isReady()) go(choice.peek());
  });
  const keyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = found.value.length;
    if (event.key === 'Enter') isHurried.value = true;
    else if (by && count > 0) choice.value = (choice.value + by + count) % count;
    else return;
    event.preventDefault();
    list.current?.children[choice.value]?.scrollIntoView({ block: 'nearest' });
  };
  const entries = found.value;
  return (
    <Dialog label="Find or create a page" onClose={close}>
      <div class="switcher">
        <input
          autofocus
          placeholder="Find or create a page"
          aria-label="Find or create a page"
          role="combobox"
          aria-expanded="true"
          aria-controls="found"
          aria-activedescendant={entries[choice.value] ? `found-${choice.value}` : undefined}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            choice.value = 0;
            isHurried.value = false;
          }}
          onKeyDown={keyDown}
        />
        <ul id="found" role="listbox" aria-label="Found" ref={list}>
          {entries.map((each, i) => (
            <li id={`found-${i}`} key={each.key} role="option" aria-selected={i === choice.value} onClick={() => go(i)}>
              <span class="label"><Hits text={each.label} query={query.value} /></span>
              <span class="hint">{each.hint}</span>
            </li>
          ))}
        </ul>
        {entries.length === 0 && <p class="hint none">{isReady() && query.value ? titleFault(tidyTitle(query.value)) ?? 'Nothing found.' : 'Type words of a title or a text.'}</p>}
      </div>
    </Dialog>
  );
}

function Hits({ text, query }: { text: string; query: string }): VNode {
  return <>{excerpt(text, query).map((part) => (part.isHit ? <mark>{part.text}</mark> : part.text))}</>;
}
