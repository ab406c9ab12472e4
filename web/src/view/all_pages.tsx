/* Every page, sorted as one likes; those that are chosen can be removed together. */
import { useComputed, useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { pageHref } from '../desk.js';
import { pageRows, sortRows, type Column, type PageRow } from '../model/page_table.js';
import { removePages } from '../page_commands.js';
import { useSliced } from './use_sliced.js';
import { VirtualList } from './virtual_list.js';

const COLUMNS: readonly { column: Column; label: string }[] = [
  { column: 'title', label: 'Title' },
  { column: 'blocks', label: 'Blocks' },
  { column: 'links', label: 'References' },
  { column: 'created', label: 'Created' },
  { column: 'edited', label: 'Edited' },
];

interface Sort {
  readonly column: Column;
  readonly isDown: boolean;
}

type Chosen = Signal<ReadonlySet<string>>;

export function AllPages(): VNode {
  const sort = useSignal<Sort>({ column: 'title', isDown: false });
  const chosen: Chosen = useSignal<ReadonlySet<string>>(new Set());
  const found = useSliced(() => '', pageRows);
  const rows = useComputed(() => found.value && sortRows(found.value.result, sort.value.column, sort.value.isDown)).value;
  return (
    <div class="all-pages">
      <Top rows={rows} chosen={chosen} />
      <div class="columns">
        <Check
          label="Choose all pages"
          isOn={rows !== undefined && rows.length > 0 && rows.every(({ key }) => chosen.value.has(key))}
          onTurn={(isOn) => (chosen.value = new Set(isOn ? rows?.map(({ key }) => key) : []))}
        />
        {COLUMNS.map(({ column, label }) => <Head key={column} column={column} label={label} sort={sort} />)}
      </div>
      {rows && <VirtualList items={rows} heldKey={undefined} label="All pages" draw={(row) => <Row row={row} chosen={chosen} />} />}
      {!rows && <p class="note" role="status">Counting …</p>}
    </div>
  );
}

function Top({ rows, chosen }: { rows: readonly PageRow[] | undefined; chosen: Chosen }): VNode {
  // Others may have removed some of those that were chosen.
  const uids = (rows ?? []).map(({ key }) => key).filter((key) => chosen.value.has(key));
  const remove = async (): Promise<void> => {
    if (await removePages(uids)) chosen.value = new Set();
  };
  return (
    <div class="top">
      <h1>All pages</h1>
      {uids.length > 0 && (
        <button class="button" onClick={() => void remove()}>
          Remove {uids.length === 1 ? 'one page' : `${uids.length.toLocaleString()} pages`}
        </button>
      )}
    </div>
  );
}

function Head({ column, label, sort }: { column: Column; label: string; sort: Signal<Sort> }): VNode {
  const { column: current, isDown } = sort.value;
  const isSorted = column === current;
  return (
    <button
      class={`${column} ${isSorted ? (isDown ? 'down' : 'up') : ''}`}
      aria-pressed={isSorted}
      onClick={() => (sort.value = { column, isDown: isSorted ? !isDown : column !== 'title' })}
    >
      {label}
    </button>
  );
}

function Row({ row: { key, title, blocks, links, created, edited }, chosen }: { row: PageRow; chosen: Chosen }): VNode {
  const turn = (isOn: boolean): void => {
    const keys = new Set(chosen.value);
    if (isOn) keys.add(key);
    else keys.delete(key);
    chosen.value = keys;
  };
  return (
    <div class="columns entry">
      <Check label={`Choose ${title}`} isOn={chosen.value.has(key)} onTurn={turn} />
      <a class="title" href={pageHref(key)}>{title}</a>
      <span class="blocks">{blocks || ''}</span>
      <span class="links">{links || ''}</span>
      <span class="created">{created ? new Date(created).toLocaleDateString() : ''}</span>
      <span class="edited">{edited ? new Date(edited).toLocaleDateString() : ''}</span>
    </div>
  );
}

function Check({ label, isOn, onTurn }: { label: string; isOn: boolean; onTurn: (isOn: boolean) => void }): VNode {
  return <input type="checkbox" aria-label={label} checked={isOn} onChange={(event) => onTurn(event.currentTarget.checked)} />;
}
