/* {{embed: ((uid))}} and {{embed: [[Title]]}}: a block or page shown where another one names it, with what is below it. */
import type { VNode } from 'preact';
import { graph, pageHref } from '../desk.js';
import { childrenOf, idOf, idOfTitle, readId } from '../model/blocks.js';
import type { Link } from '../model/links.js';
import { ReadText } from './read_text.js';

/* An embed may hold what it stands in: it ends at this depth. */
const DEPTH_MAX = 6;

export function Embed({ link, nesting }: { link: Link; nesting: number }): VNode {
  const db = graph.db.value;
  const id = link.kind === 'block' ? idOf(db, link.target) : idOfTitle(db, link.target);
  if (id === undefined || nesting >= DEPTH_MAX) return <span class="reference missing">{link.target}</span>;
  return (
    <span class="embed">
      <EmbedRow id={id} depth={0} nesting={nesting + 1} />
    </span>
  );
}

function EmbedRow({ id, depth, nesting }: { id: number; depth: number; nesting: number }): VNode {
  const block = readId(graph.db.value, id);
  const text = block.title ?? block.text;
  const isOpen = depth === 0 || block.isOpen;
  return (
    <>
      <span class={`embed-row ${block.title === undefined ? '' : 'titled'}`} style={{ '--depth': depth }}>
        <a class={`bullet ${isOpen ? '' : 'closed'}`} href={pageHref(block.uid)} aria-label="Go to the block" />
        <span class="embed-text"><ReadText uid={block.uid} text={text} nesting={nesting} /></span>
      </span>
      {isOpen && depth < DEPTH_MAX && childrenOf(graph.db.value, id).map((child) => (
        <EmbedRow key={child.uid} id={child.id} depth={depth + 1} nesting={nesting} />
      ))}
    </>
  );
}
