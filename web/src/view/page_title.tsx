/* A page's title, which can be changed where it stands, and what can be done to the page. */
import type { VNode } from 'preact';
import { graph, graphHref, historyHref } from '../desk.js';
import { download } from '../download.js';
import { readBlock } from '../model/blocks.js';
import { fileName, pageMarkdown } from '../model/export.js';
import { removePage, renamePage } from '../page_commands.js';
import { Menu } from './menu.js';

function downloadPage(uid: string, title: string): void {
  const content = new Blob([pageMarkdown(graph.db.value, uid)], { type: 'text/markdown' });
  download(fileName(title, new Set()), content);
}

export function PageTitle({ uid, title }: { uid: string; title: string }): VNode {
  const rename = (element: HTMLTextAreaElement): void => {
    void renamePage(uid, element.value);
    element.value = readBlock(graph.db.value, uid)?.title ?? title;
    element.parentElement!.dataset['text'] = element.value;
  };
  return (
    <div class="page-title">
      <h1 class="grow" data-text={title}>
        <textarea
          key={title}
          rows={1}
          aria-label="Page title"
          defaultValue={title}
          onInput={(event) => (event.currentTarget.parentElement!.dataset['text'] = event.currentTarget.value)}
          onBlur={(event) => rename(event.currentTarget)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.value = title;
            if (event.key !== 'Enter' && event.key !== 'Escape') return;
            event.preventDefault();
            event.currentTarget.blur();
          }}
        />
      </h1>
      <Menu
        label="Page menu"
        entries={[
          { label: 'History', act: () => (location.hash = historyHref(uid)) },
          { label: 'Show the pages around it', act: () => (location.hash = graphHref(uid)) },
          { label: 'Copy as Markdown', act: () => void navigator.clipboard.writeText(pageMarkdown(graph.db.value, uid)) },
          { label: 'Download as Markdown', act: () => downloadPage(uid, title) },
          { label: 'Remove the page', act: () => void removePage(uid) },
        ]}
      />
    </div>
  );
}
