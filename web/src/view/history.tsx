/* A page as it was after each of its changes, who made them, and what each changed; any of it can be brought back. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { graph, pageHref, route } from '../desk.js';
import { isRestorable, type PastRow } from '../model/past.js';
import { restoreBlock, restorePage } from '../page_commands.js';
import { PageHistory, type Change } from '../page_history.js';
import './history.css';
import { ReadText } from './read_text.js';
import { VirtualList } from './virtual_list.js';

export function History(): VNode {
  const uid = route.value.kind === 'history' ? route.value.uid : '';
  const history = useMemo(() => new PageHistory(uid), [uid]);
  useEffect(() => void history.open(), [history]);
  const { changes, moment, error } = history;
  const page = moment.value?.page ?? moment.value?.before;
  return (
    <div class="history" aria-busy={!history.isShown && !error.value && changes.value?.length !== 0}>
      <header>
        <h1>
          History of <a href={pageHref(uid)}>{page?.title ?? 'a page'}</a>
        </h1>
        {changes.value && changes.value.length > 0 && <Slider history={history} changes={changes.value} />}
        {error.value && (
          <p class="fault" role="alert">
            The server did not answer: {error.value}{' '}
            <button class="button" onClick={() => void history.open()}>Try again</button>
          </p>
        )}
      </header>
      {moment.value ? (
        <Rows history={history} rows={moment.value.rows} />
      ) : (
        <div class="empty-state" role="status">
          <p>{changes.value?.length === 0 ? 'No change of this page is known.' : error.value ? '' : 'Fetching the history …'}</p>
        </div>
      )}
    </div>
  );
}

function Slider({ history, changes }: { history: PageHistory; changes: readonly Change[] }): VNode {
  const index = history.index.value;
  const last = changes.length - 1;
  const { page } = history.moment.value ?? {};
  const told = whoAndWhen(changes[index]!);
  return (
    <>
      <div class="slider">
        <button class="button" aria-label="The change before" disabled={index === 0} onClick={() => history.go(index - 1)}>
          ‹
        </button>
        <input
          type="range"
          min={0}
          max={last}
          value={index}
          aria-label="Changes of this page"
          aria-valuetext={told}
          onInput={(event) => history.go(Number(event.currentTarget.value))}
        />
        <button class="button" aria-label="The change after" disabled={index === last} onClick={() => history.go(index + 1)}>
          ›
        </button>
      </div>
      <div class="told">
        <p role="status">
          <strong>{told}</strong> {last > 0 && <span>{index + 1} of {changes.length}</span>}
        </p>
        {page && (
          <button class="button" disabled={!history.isShown} onClick={() => void restorePage(page, told)}>
            Restore the page
          </button>
        )}
      </div>
    </>
  );
}

function whoAndWhen({ at, user }: Change): string {
  if (!at) return 'Before its first change';
  const when = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return `${user === '' ? 'Someone' : user}, ${when}`;
}

function Rows({ history, rows }: { history: PageHistory; rows: readonly PastRow[] }): VNode {
  const items = useMemo(() => rows.map((row) => ({ key: row.block.uid, row })), [rows]);
  if (items.length === 0) return <div class="empty-state"><p>The page had no blocks.</p></div>;
  const changed = rows.find((row) => row.kind !== 'same')?.block.uid;
  return <VirtualList items={items} heldKey={undefined} wantedKey={changed} label="The page as it was" draw={({ row }) => <Row history={history} row={row} />} />;
}

const SAID: Readonly<Record<PastRow['kind'], string>> = {
  same: '', added: 'Added', removed: 'Removed', changed: 'Changed', moved: 'Moved',
};

function Row({ history, row }: { history: PageHistory; row: PastRow }): VNode {
  const { block, depth, kind, runs } = row;
  const isOther = isRestorable(graph.db.value, block);
  const restore = async (): Promise<void> => {
    await restoreBlock(history.uid, parentIn(history, block.uid), block);
    await history.open();
  };
  return (
    <div class={`block past ${kind} ${block.heading > 0 ? `h${block.heading}` : ''}`} style={{ '--depth': depth }} data-uid={block.uid}>
      <span class="arrow none" />
      <span class="bullet" />
      <div class="text">{kind === 'changed' ? marked(runs) : <ReadText uid={block.uid} text={block.text} isPast />}</div>
      {SAID[kind] && <span class="said">{SAID[kind]}</span>}
      {isOther && (
        <button class="restore" aria-label={`Restore this block: ${block.text.slice(0, 60)}`} onClick={() => void restore()}>
          Restore
        </button>
      )}
    </div>
  );
}

function marked(runs: PastRow['runs']): ComponentChildren {
  return runs.map(({ kind, text }) => (kind === 'added' ? <ins>{text}</ins> : kind === 'removed' ? <del>{text}</del> : text));
}

/* The block that a row stood below. */
function parentIn(history: PageHistory, uid: string): string {
  const rows = history.moment.value?.rows ?? [];
  const at = rows.findIndex((row) => row.block.uid === uid);
  const above = rows.slice(0, at).findLast((row) => row.depth < rows[at]!.depth);
  return above?.block.uid ?? history.uid;
}
