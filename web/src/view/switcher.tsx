/* Ctrl-K: pages and blocks by what is typed; Enter goes there, or makes the page. */
import { useComputed, useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { goTo, graph, isSwitcherOpen } from '../desk.js';
import { idOfTitle, type Db } from '../model/blocks.js';
import { searchBlocks, searchPages } from '../model/search.js';
import { Dialog } from './dialog.js';
import { Inline, openPage } from './inline.js';

const PAGES_MAX = 8;
const BLOCKS_MAX = 12;

/* Shorter queries would find nearly every block. */
const BLOCK_QUERY_MIN = 2;

interface Found {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly go: () => void;
}

function find(db: Db, query: string): Found[] {
  const wanted = query.trim();
  const pages = searchPages(db, wanted, PAGES_MAX).map((page): Found => ({
    key: page.uid, label: page.title, hint: 'Page', go: () => goTo(page.uid),
  }));
  const isNew = wanted !== '' && idOfTitle(db, wanted) === undefined;
  const create: Found = { key: '+', label: wanted, hint: 'New page', go: () => openPage(wanted) };
  const blocks = (wanted.length < BLOCK_QUERY_MIN ? [] : searchBlocks(db, wanted, BLOCKS_MAX)).map((block): Found => ({
    key: block.uid, label: block.text, hint: block.page, go: () => goTo(block.uid),
  }));
  return [...pages, ...(isNew ? [create] : []), ...blocks];
}

export function Switcher(): VNode {
  const query = useSignal('');
  const choice = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  const found = useComputed(() => find(graph.db.value, query.value)).value;
  const close = (): void => {
    isSwitcherOpen.value = false;
  };
  const go = (index: number): void => {
    close();
    found[index]?.go();
  };
  const keyDown = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') go(choice.value);
    else if (by && found.length > 0) choice.value = (choice.value + by + found.length) % found.length;
    else return;
    event.preventDefault();
    list.current?.children[choice.value]?.scrollIntoView({ block: 'nearest' });
  };
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
          aria-activedescendant={found[choice.value] ? `found-${choice.value}` : undefined}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            choice.value = 0;
          }}
          onKeyDown={keyDown}
        />
        <ul id="found" role="listbox" aria-label="Found" ref={list}>
          {found.map((each, i) => (
            <li id={`found-${i}`} key={each.key} role="option" aria-selected={i === choice.value} onClick={() => go(i)}>
              <span class="label"><Inline text={each.label} nesting={3} isPlain /></span>
              <span class="hint">{each.hint}</span>
            </li>
          ))}
        </ul>
        {found.length === 0 && <p class="hint none">Nothing found.</p>}
      </div>
    </Dialog>
  );
}
