/*
 * A block's text as it is read: Markdown's inline marks, and the links of the graph. Tokens become elements one by
 * one; text never becomes HTML, so nothing in it can do harm.
 */
import MarkdownIt, { type StateInline, type Token } from 'markdown-it';
import type { ComponentChildren, VNode } from 'preact';
import { goTo, graph, pageHref } from '../desk.js';
import { idOfTitle, readBlock, uidOf } from '../model/blocks.js';
import { linkAt, type Link } from '../model/links.js';
import { makePage } from '../model/pages.js';
import { Embed } from './embed.js';
import { ReadText } from './read_text.js';

const markdown = new MarkdownIt('zero', { linkify: true });
markdown.inline.ruler.enable(['backticks', 'emphasis', 'strikethrough', 'link', 'image', 'escape', 'autolink', 'text']);
markdown.inline.ruler2.enable(['emphasis', 'strikethrough', 'balance_pairs', 'fragments_join']);
markdown.core.ruler.enable(['linkify']);
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

/* Markdown-it's own rule does not stop before ( and so would swallow ((references)). */
const TEXT = /[^\n$%&*+\-:<=>@[\\\]^_`{}~!#(]+/y;
markdown.inline.ruler.at('text', (state, silent) => {
  TEXT.lastIndex = state.pos;
  const text = TEXT.exec(state.src)?.[0];
  if (!text) return false;
  if (!silent) state.pending += text;
  state.pos += text.length;
  return true;
});
markdown.inline.ruler.before('link', 'graph-link', (state, silent) => {
  const link = linkAt(state.src, state.pos);
  if (!link || link.end > state.posMax) return false;
  if (!silent) state.push('graph_link', '', 0).meta = link;
  state.pos = link.end;
  return true;
});
const EMBED = /\{\{(?:\[\[)?embed(?:\]\])?:?\s*/y;
markdown.inline.ruler.before('graph-link', 'embed', (state, silent) => {
  EMBED.lastIndex = state.pos;
  const opening = EMBED.exec(state.src);
  const link = opening && linkAt(state.src, EMBED.lastIndex);
  const closing = link && /^\s*\}\}/.exec(state.src.slice(link.end));
  if (!closing) return false;
  if (!silent) state.push('embed', '', 0).meta = link;
  state.pos = link.end + closing[0].length;
  return true;
});
markdown.inline.ruler.before('emphasis', 'highlight', (state, silent) => {
  const end = state.src.startsWith('^^', state.pos) ? state.src.indexOf('^^', state.pos + 2) : -1;
  if (end < state.pos + 3 || end > state.posMax) return false;
  if (!silent) wrap(state, 'mark', state.pos + 2, end);
  state.pos = end + 2;
  return true;
});

function wrap(state: StateInline, tag: string, from: number, to: number): void {
  const { posMax } = state;
  state.push(`${tag}_open`, tag, 1);
  state.pos = from;
  state.posMax = to;
  state.md.inline.tokenize(state);
  state.posMax = posMax;
  state.push(`${tag}_close`, tag, -1);
}

/* Texts seen lately, parsed: rows are drawn much more often than they change. */
const PARSED_MAX = 2000;
const parsed = new Map<string, Token[]>();

function parse(text: string): Token[] {
  let tokens = parsed.get(text);
  if (!tokens) {
    tokens = markdown.parseInline(text, {})[0]?.children ?? [];
    if (parsed.size >= PARSED_MAX) parsed.delete(parsed.keys().next().value!);
    parsed.set(text, tokens);
  }
  return tokens;
}

/* References in references are shown down to this depth. */
const NESTING_MAX = 4;

interface How {
  /* References in references. */
  readonly nesting: number;
  /* Links look like links and lead nowhere: the text is within a link itself. */
  readonly isPlain: boolean;
}

interface InlineProps {
  readonly text: string;
  readonly nesting?: number;
  readonly isPlain?: boolean;
}

export function Inline({ text, nesting = 0, isPlain = false }: InlineProps): VNode {
  return <>{children(parse(text), { nesting, isPlain })}</>;
}

function children(tokens: readonly Token[], how: How): ComponentChildren[] {
  const stack: { token: Token | undefined; items: ComponentChildren[] }[] = [{ token: undefined, items: [] }];
  for (const token of tokens) {
    if (token.nesting === 1) {
      stack.push({ token, items: [] });
    } else if (token.nesting === -1 && stack.length > 1) {
      const { token: opened, items } = stack.pop()!;
      stack.at(-1)!.items.push(element(opened!, items, how));
    } else {
      stack.at(-1)!.items.push(leaf(token, how));
    }
  }
  return stack.flatMap(({ items }) => items);
}

function element(token: Token, items: ComponentChildren[], { isPlain }: How): VNode {
  switch (token.type) {
    case 'strong_open':
      return token.markup === '__' ? <em>{items}</em> : <strong>{items}</strong>;
    case 'em_open':
      return <em>{items}</em>;
    case 's_open':
      return <s>{items}</s>;
    case 'mark_open':
      return <mark>{items}</mark>;
    case 'link_open':
      if (isPlain) return <span class="external">{items}</span>;
      return (
        <a class="external" href={token.attrGet('href') ?? ''} target="_blank" rel="noopener noreferrer">
          {items}
        </a>
      );
    default:
      return <>{items}</>;
  }
}

function leaf(token: Token, how: How): ComponentChildren {
  switch (token.type) {
    case 'code_inline':
      return <code>{token.content}</code>;
    case 'image':
      return <img src={token.attrGet('src') ?? ''} alt={token.content} loading="lazy" />;
    case 'softbreak':
    case 'hardbreak':
      return <br />;
    case 'graph_link':
      return <GraphLink link={token.meta as Link} {...how} />;
    case 'embed':
      return how.isPlain ? <GraphLink link={token.meta as Link} {...how} /> : <Embed link={token.meta as Link} nesting={how.nesting} />;
    default:
      return token.content;
  }
}

function GraphLink({ link, nesting, isPlain }: { link: Link } & How): VNode {
  if (link.kind === 'block') return <BlockReference uid={link.target} nesting={nesting} isPlain={isPlain} />;
  const id = idOfTitle(graph.db.value, link.target);
  const open = (event: MouseEvent): void => {
    if (id !== undefined) return;
    event.preventDefault();
    openPage(link.target);
  };
  const href = id === undefined ? '#' : pageHref(uidOf(graph.db.value, id));
  const name = link.kind === 'tag' ? `#${link.target}` : <Inline text={link.target} nesting={nesting + 1} isPlain />;
  const look = `link ${link.kind} ${id === undefined ? 'missing' : ''}`;
  if (isPlain) return <span class={look}>{name}</span>;
  return (
    <a class={look} href={href} onClick={open}>
      {name}
    </a>
  );
}

/* Goes to the page of a title, which is made when there is none. */
export function openPage(title: string): void {
  const { uid } = makePage(graph.db.value, title, Date.now());
  void graph.prepare((db) => makePage(db, title, Date.now()).forms);
  goTo(uid);
}

function BlockReference({ uid, nesting, isPlain }: { uid: string } & How): VNode {
  const block = readBlock(graph.db.value, uid);
  if (!block) return <span class="reference missing">(({uid}))</span>;
  const text = block.title ?? block.text;
  const shown = nesting < NESTING_MAX ? <ReadText uid={uid} text={text} nesting={nesting + 1} isPlain /> : text;
  if (isPlain) return <span class="reference">{shown}</span>;
  return (
    <a class="reference" href={pageHref(uid)} title="Go to the block">
      {shown}
    </a>
  );
}
