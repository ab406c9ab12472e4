/* The headings of references, which fold what is below them, and the texts that name a page without a link. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, pageHref } from '../desk.js';
import { turnFold } from '../folds.js';
import { readBlock } from '../model/blocks.js';
import { linkMentions, mentionParts } from '../model/mentions.js';
import type { Item } from './items.js';
import { useBlock } from './use_block.js';

type Of<Kind extends Item['kind']> = Extract<Item, { readonly kind: Kind }>;

interface FoldProps {
  readonly of: { readonly key: string; readonly isOpen: boolean };
  readonly label: string;
}

function Fold({ of: { key, isOpen }, label }: FoldProps): VNode {
  return <button class={`arrow ${isOpen ? 'open' : ''}`} aria-expanded={isOpen} aria-label={label} onClick={() => turnFold(key)} />;
}

export function Section({ item, page }: { item: Of<'section'>; page: string }): VNode {
  return (
    <div class="section">
      <Fold of={item} label={item.text} />
      <h2 onClick={() => turnFold(item.key)}>{item.text}</h2>
      {item.mentions.length > 0 && (
        <button class="button" onClick={() => link(item.mentions, page)}>Link all</button>
      )}
    </div>
  );
}

export function Source({ item }: { item: Of<'source'> }): VNode | null {
  const title = useBlock(item.uid)?.block.title;
  return title === undefined ? null : (
    <div class="source">
      <Fold of={item} label={`References on ${title}`} />
      <h3><a href={pageHref(item.uid)}>{title}</a></h3>
      {!item.isOpen && <span class="count">{item.count}</span>}
    </div>
  );
}

/* A text that names the page, with the names marked. */
export function Mention({ item: { uid, page } }: { item: Of<'mention'> }): VNode | null {
  const text = useBlock(uid)?.block.text;
  const title = useComputed(() => readBlock(graph.db.value, page)?.title ?? '').value;
  if (text === undefined) return null;
  return (
    <div class="mention">
      <a class="bullet" href={pageHref(uid)} aria-label="Zoom in" />
      <p>{mentionParts(text, title).map((part) => (part.isHit ? <mark>{part.text}</mark> : part.text))}</p>
      <button class="button" onClick={() => link([uid], page)}>Link</button>
    </div>
  );
}

function link(uids: readonly string[], page: string): void {
  void graph.edit((db) => linkMentions(db, uids, page, Date.now()));
}
