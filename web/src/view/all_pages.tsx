/* Every page, sorted as one likes. */
import { useComputed, useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, pageHref } from '../desk.js';
import { referrersOf, valueOf } from '../model/blocks.js';
import { allPages } from '../model/pages.js';
import { VirtualList } from './virtual_list.js';

type Column = 'title' | 'links' | 'edited';

const COLUMNS: readonly { column: Column; label: string }[] = [
  { column: 'title', label: 'Title' },
  { column: 'links', label: 'Links to it' },
  { column: 'edited', label: 'Edited' },
];

interface Entry {
  readonly key: string;
  readonly title: string;
  readonly links: number;
  readonly edited: number;
}

export function AllPages(): VNode {
  const sort = useSignal<{ column: Column; isDown: boolean }>({ column: 'title', isDown: false });
  const entries = useComputed(() => {
    graph.shape.value;
    const db = graph.db.peek();
    return allPages(db).map(({ id, uid, title }): Entry => {
      const edited = Number(valueOf(db, id, ':edit/time') ?? valueOf(db, id, ':create/time') ?? 0);
      return { key: uid, title, links: referrersOf(db, id).length, edited };
    });
  });
  const sorted = useComputed(() => {
    const { column, isDown } = sort.value;
    const sign = isDown ? -1 : 1;
    return [...entries.value].sort(
      (a, b) => sign * (column === 'title' ? a.title.localeCompare(b.title) : a[column] - b[column]),
    );
  }).value;
  const turn = (column: Column): void => {
    const { column: old, isDown } = sort.value;
    sort.value = { column, isDown: column === old ? !isDown : column !== 'title' };
  };
  return (
    <div class="all-pages">
      <h1>All pages</h1>
      <div class="columns">
        {COLUMNS.map(({ column, label }) => (
          <button
            key={column}
            class={`${column} ${sort.value.column === column ? (sort.value.isDown ? 'down' : 'up') : ''}`}
            aria-pressed={sort.value.column === column}
            onClick={() => turn(column)}
          >
            {label}
          </button>
        ))}
      </div>
      <VirtualList
        items={sorted}
        heldKey={undefined}
        label="All pages"
        draw={(page) => (
          <a class="columns entry" href={pageHref(page.key)}>
            <span class="title">{page.title}</span>
            <span class="links">{page.links || ''}</span>
            <span class="edited">{page.edited ? new Date(page.edited).toLocaleDateString() : ''}</span>
          </a>
        )}
      />
    </div>
  );
}
