/* Import and export of the whole graph. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { graphName } from '../desk.js';
import { downloadMarkdown, ednHref } from '../exporter.js';
import { cancelImport, importDropped, importFiles, pickedFiles, progress, summary, type Summary } from '../importer.js';
import './files.css';

const FORMATS: readonly (readonly [string, string])[] = [
  ['Roam', 'the JSON or EDN file of “Export All”'],
  ['Athens', 'a save, that is a file that ends in .transit'],
  ['Logseq', 'the folder of a graph, with its pages and journals'],
  ['Markdown', 'files, or a folder of them, as Obsidian keeps'],
];

export function Files(): VNode {
  return (
    <div class="scroller files" tabIndex={0} role="region" aria-label="Import and export">
      <h1>Import and export</h1>
      <Import />
      <Export />
    </div>
  );
}

function Import(): VNode {
  const isOver = useSignal(false);
  const [files, folder] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const isBusy = progress.value !== undefined;
  const picked = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    void importFiles(pickedFiles(input.files!));
    input.value = '';
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer) void importDropped(event.dataTransfer);
  };
  return (
    <section aria-labelledby="import">
      <h2 id="import">Import</h2>
      <p>
        Pages come into this graph, for everyone. A page that is here already gets the blocks at its end; blocks that are here already are passed over.
      </p>
      <div
        class={`drop ${isOver.value ? 'over' : ''}`}
        onDragOver={(event) => (event.preventDefault(), (isOver.value = true))}
        onDragLeave={() => (isOver.value = false)}
        onDrop={dropped}
      >
        <p>Drop files or a folder here, or</p>
        <div class="buttons">
          <button disabled={isBusy} onClick={() => files.current!.click()}>Choose files</button>
          <button disabled={isBusy} onClick={() => folder.current!.click()}>Choose a folder</button>
        </div>
        <input ref={files} type="file" multiple hidden aria-label="Files to import" accept=".json,.edn,.transit,.md,.markdown" onChange={picked} />
        <input ref={folder} type="file" hidden aria-label="Folder to import" {...{ webkitdirectory: true }} onChange={picked} />
      </div>
      {isBusy ? <Running /> : summary.value && <Told summary={summary.value} />}
      <dl>
        {FORMATS.map(([name, what]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Running(): VNode {
  const { done, total } = progress.value!;
  return (
    <div class="running">
      <label>
        <span role="status">{total === 0 ? 'Reading the files …' : `${done} of ${total} blocks`}</span>
        <progress max={Math.max(total, 1)} value={total === 0 ? undefined : done} />
      </label>
      <button class="button" onClick={cancelImport}>Cancel</button>
    </div>
  );
}

const number = (count: number, noun: string): string => `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;

function Told({ summary: { format, counts, total, left, end, error } }: { summary: Summary }): VNode {
  const [added, rest] = [counts.pages - counts.newPages, total.pages - counts.pages];
  const head = { done: 'Imported', cancelled: 'Cancelled', failed: 'The import has failed' }[end];
  const lines = [
    `${number(counts.blocks, 'block')} taken, on ${number(counts.newPages, 'new page')}${added > 0 ? ` and ${number(added, 'page')} that ${added === 1 ? 'was' : 'were'} here` : ''}.`,
    ...(counts.present > 0 ? [`${number(counts.present, 'block')} passed over: here already.`] : []),
    ...(counts.renewed > 0 ? [`${number(counts.renewed, 'block')} got a new uid, since something here has the old one. References follow.`] : []),
    ...(rest > 0 ? [`${number(rest, 'page')} not taken.`] : []),
  ];
  return (
    <div class={`summary ${end}`} role="status">
      <h3>{total.pages === 0 && !error ? 'Nothing to import was found' : [head, format].filter(Boolean).join(': ')}</h3>
      {error && <p class="fault">{error}</p>}
      <ul>
        {total.pages > 0 && lines.map((line) => <li key={line}>{line}</li>)}
        {left.map((line) => <li key={line}>Left out: {line}</li>)}
      </ul>
    </div>
  );
}

function Export(): VNode {
  const state = useSignal('');
  const markdown = async (): Promise<void> => {
    state.value = 'Writing the pages …';
    state.value = await downloadMarkdown().then((count) => `${number(count, 'page')} written.`, (error: Error) => error.message);
  };
  return (
    <section aria-labelledby="export">
      <h2 id="export">Export</h2>
      <p>Markdown is for other programs: a file a page. EDN keeps all of the graph as it is now, and can be imported again. A single page is exported from the menu beside its title.</p>
      <div class="buttons">
        <button onClick={() => void markdown()}>All pages as Markdown</button>
        <a href={ednHref} download={`${graphName}.edn`}>The graph as EDN</a>
      </div>
      <p role="status">{state.value}</p>
    </section>
  );
}
