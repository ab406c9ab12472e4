/* A page's title, which can be changed where it stands, and what can be done to the page. */
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { copyText } from '../clipboard.js';
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

/* The heading around the field is as high as its text. The caret stays where it is. */
function put(element: HTMLTextAreaElement, text: string): void {
  const { selectionStart } = element;
  if (element.value !== text) {
    element.value = text;
    element.setSelectionRange(selectionStart, selectionStart);
  }
  element.parentElement!.dataset['text'] = text;
}

export function PageTitle({ uid, title }: { uid: string; title: string }): VNode {
  const area = useRef<HTMLTextAreaElement>(null);
  /* What the field began from: whoever has not changed that does not rename the page. */
  const known = useRef(title);
  useLayoutEffect(() => {
    const element = area.current!;
    const isDraft = element.value !== known.current && document.activeElement === element;
    known.current = title;
    put(element, isDraft ? element.value : title);
  }, [title]);
  const rename = (element: HTMLTextAreaElement): void => {
    const { value } = element;
    if (value === known.current) return;
    void renamePage(uid, value);
    put(element, readBlock(graph.db.value, uid)?.title ?? title);
  };
  return (
    <div class="page-title">
      <h1 class="grow">
        <textarea
          ref={area}
          rows={1}
          aria-label="Page title"
          onInput={(event) => put(event.currentTarget, event.currentTarget.value)}
          onBlur={(event) => rename(event.currentTarget)}
          onKeyDown={(event) => {
            if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
            if (event.key === 'Escape') put(event.currentTarget, known.current);
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
          { label: 'Copy as Markdown', act: () => void copyText(pageMarkdown(graph.db.value, uid)) },
          { label: 'Download as Markdown', act: () => downloadPage(uid, title) },
          { label: 'Remove the page', act: () => void removePage(uid) },
        ]}
      />
    </div>
  );
}
