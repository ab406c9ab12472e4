/* The middle of the window: a page, a block that was zoomed into, or the daily notes. */
import { useComputed, useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import * as commands from '../commands.js';
import { focus, graph, historyHref, pageHref, route, selection, shownUid, sought } from '../desk.js';
import { isFolded } from '../folds.js';
import { idOf, pathOf, readId } from '../model/blocks.js';
import { dayOfUid } from '../model/dates.js';
import { findMentions } from '../model/mentions.js';
import { makeDay } from '../model/pages.js';
import { today } from '../today.js';
import { BlockBody, BlockRow } from './block.js';
import { chooseByMouse } from './choosing.js';
import { Inline } from './inline.js';
import { dayItems, pageItems, rowKey, type Item } from './items.js';
import { PageTitle } from './page_title.js';
import { mentionsKey } from './reference_items.js';
import { Mention, Section, Source } from './references.js';
import { useBlock } from './use_block.js';
import { useSliced } from './use_sliced.js';
import { VirtualList } from './virtual_list.js';

/* Daily notes shown at first, and how many more each time. */
const DAYS = 7;

export function PageView(): VNode {
  const days = useSignal(DAYS);
  const wanted = useComputed(() => {
    const uid = shownUid.value;
    return uid !== undefined && !isFolded(mentionsKey(uid), true) ? uid : '';
  });
  const mentions = useSliced(() => wanted.value, findMentions);
  const rows = useComputed(() => {
    graph.shape.value;
    const db = graph.db.peek();
    if (route.value.kind !== 'page') return dayItems(db, dayOfUid(today.value)!, days.value);
    const { uid } = route.value;
    return pageItems(db, uid, mentions.value?.key === uid ? mentions.value.result : undefined);
  });
  const items = rows.value;
  useEffect(openToday, [route.value, today.value]);
  const draw = (item: Item): VNode => <ItemRow item={item} onEarlier={() => (days.value += DAYS)} />;
  const held = focus.value && rowKey(focus.value.root, focus.value.uid);
  const wantedKey = useComputed(() => wantedRow(rows.value)).value;
  // Once it is in sight one may scroll away from it.
  useEffect(() => void (wantedKey !== undefined && !selection.peek() && (sought.value = undefined)), [wantedKey]);
  const key = route.value.kind === 'page' ? route.value.uid : 'days';
  return (
    <VirtualList
      key={key}
      items={items}
      draw={draw}
      heldKey={held}
      wantedKey={wantedKey}
      label="Outline"
      onKeyDown={(event) => beginAt(event, items)}
      follow={chooseByMouse}
    />
  );
}

/* The row that is to be seen: where someone is whom one goes to, or the end of the selection as it grows. */
function wantedRow(items: readonly Item[]): string | undefined {
  if (selection.value) return rowKey(selection.value.root, selection.value.head);
  const item = items.find((each) => each.kind === 'block' && each.row.uid === sought.value);
  return item?.key;
}

/* Today has a page before anything is written in it: there must be a place to write. */
function openToday(): void {
  if (route.value.kind === 'days') void graph.prepare((db) => makeDay(db, new Date(), Date.now()).forms);
}

/* With the keyboard alone: Enter or an arrow key in the outline goes to its first block. */
function beginAt(event: KeyboardEvent, items: readonly Item[]): void {
  if (event.target !== event.currentTarget || !['Enter', 'ArrowDown'].includes(event.key)) return;
  const first = items.find((item) => item.kind === 'block');
  if (first?.kind !== 'block') return;
  event.preventDefault();
  commands.edit({ root: first.root, uid: first.row.uid });
}

function ItemRow({ item, onEarlier }: { item: Item; onEarlier: () => void }): VNode | null {
  switch (item.kind) {
    case 'title':
      return <Title uid={item.uid} hint={item.hint} />;
    case 'crumbs':
      return <Crumbs uid={item.uid} isInside={item.isInside ?? false} />;
    case 'zoomed':
      return <Zoomed uid={item.uid} />;
    case 'block':
      return <BlockRow row={item.row} root={item.root} />;
    case 'add':
      return (
        <button class="add" onClick={() => commands.append(item.uid)}>
          Write something …
        </button>
      );
    case 'section':
      return <Section item={item} page={shownUid.value ?? ''} />;
    case 'source':
      return <Source item={item} />;
    case 'mention':
      return <Mention item={item} />;
    case 'note':
      return <p class="note">{item.text}</p>;
    case 'earlier':
      return (
        <button class="add earlier" onClick={onEarlier}>
          Earlier days
        </button>
      );
    case 'gone':
      return (
        <div class="empty-state">
          <p>There is nothing here. Perhaps it was removed.</p>
          {route.value.kind === 'page' && <a href={historyHref(route.value.uid)}>See what was here</a>}
          <a href="#/">Go to the daily notes</a>
        </div>
      );
  }
}

function Title({ uid, hint }: { uid: string; hint: string | undefined }): VNode | null {
  const block = useBlock(uid)?.block;
  if (!block) return null;
  const isPage = route.value.kind === 'page';
  return (
    <div class="title">
      {hint && <p class="hint">{hint}</p>}
      {isPage ? (
        <PageTitle uid={uid} title={block.title ?? ''} />
      ) : (
        <h1>
          <a href={pageHref(uid)}>{block.title}</a>
        </h1>
      )}
    </div>
  );
}

/* Where a block is: its page, unless that stands above already, and the blocks above it. */
function Crumbs({ uid, isInside }: { uid: string; isInside: boolean }): VNode | null {
  const path = useComputed(() => {
    const id = idOf(graph.db.value, uid);
    const path = id === undefined ? [] : pathOf(graph.db.value, id).map((each) => readId(graph.db.value, each));
    return isInside ? path.slice(1) : path;
  }).value;
  return (
    <nav class="crumbs" aria-label="Where this is">
      {path.map((block) => (
        <a key={block.uid} href={pageHref(block.uid)}>
          <Inline text={block.title ?? block.text} nesting={3} isPlain />
        </a>
      ))}
    </nav>
  );
}

function Zoomed({ uid }: { uid: string }): VNode | null {
  const block = useBlock(uid)?.block;
  return block ? (
    <div class="title zoomed">
      <BlockBody uid={uid} root={uid} block={block} />
    </div>
  ) : null;
}

