/*
 * A Markdown file as a page, as Obsidian and others keep them: headings hold what follows them, lists nest, every
 * paragraph, table and piece of code is a block, and front matter becomes attributes.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { dayNamed, frontMatter, turnDayLinks, type ReadBlock, type ReadPage } from './reading.js';

const markdown = new MarkdownIt('commonmark').enable('table');

interface Item {
  text: string;
  readonly heading: number;
  readonly children: Item[];
}

/* `title` is the file's name, or with its folder where another file has the same. */
export function readMarkdownPage(title: string, text: string): ReadPage {
  const { attributes, body } = frontMatter(text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'));
  const own = attributes.map(([name, value]): ReadBlock => ({ text: turnDayLinks(`${name}:: ${value}`), children: [] }));
  return { ...(dayNamed(title) ?? { title }), children: [...own, ...itemsOf(body).map(blockOf)] };
}

const blockOf = (item: Item): ReadBlock => ({
  text: turnDayLinks(linksTurned(item.text)),
  ...(item.heading > 0 ? { heading: Math.min(item.heading, 3) } : {}),
  children: item.children.map(blockOf),
});

function itemsOf(body: string): Item[] {
  const lines = body.split('\n');
  const top: Item = { text: '', heading: 0, children: [] };
  // What blocks go into: the page, the headings above, and within a list its items.
  const headings: Item[] = [top];
  const lists: Item[] = [];
  const tokens = markdown.parse(body, {});
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const holder = lists.at(-1) ?? headings.at(-1)!;
    if (token.type === 'list_item_open') {
      const item: Item = { text: '', heading: 0, children: [] };
      holder.children.push(item);
      lists.push(item);
    } else if (token.type === 'list_item_close') {
      lists.pop();
    } else if (token.type === 'heading_open') {
      addHeading(headings, lists, Number(token.tag.slice(1)), tokens[i + 1]!.content);
    } else if (token.type === 'paragraph_open') {
      addText(holder, lists, tokens[i + 1]!.content);
    } else {
      const text = sourceOf(token, lines);
      if (text === undefined) continue;
      addText(holder, lists, text);
      if (token.nesting === 1) i = closeOf(tokens, i);
    }
  }
  return top.children;
}

function addHeading(headings: Item[], lists: readonly Item[], level: number, text: string): void {
  const item: Item = { text, heading: level, children: [] };
  const holder = lists.at(-1);
  if (holder) {
    holder.children.push(item);
    return;
  }
  while (headings.length > 1 && headings.at(-1)!.heading >= level) headings.pop();
  headings.at(-1)!.children.push(item);
  headings.push(item);
}

/* The first text of a list's item is the item's own. */
function addText(holder: Item, lists: readonly Item[], text: string): void {
  const task = /^\[([ xX])\]\s+/.exec(text);
  const isOwn = lists.includes(holder) && holder.text === '' && holder.children.length === 0;
  const mark = task && isOwn ? `{{[[${task[1] === ' ' ? 'TODO' : 'DONE'}]]}} ` : '';
  const words = mark + (mark ? text.slice(task![0].length) : text);
  if (isOwn) holder.text = words;
  else holder.children.push({ text: words, heading: 0, children: [] });
}

/* What is kept as it is written: code, tables, quotations, HTML, rules. */
function sourceOf(token: Token, lines: readonly string[]): string | undefined {
  const from = token.map ? lines.slice(token.map[0], token.map[1]).join('\n').trim() : '';
  switch (token.type) {
    case 'fence':
      return `\`\`\`${token.info}\n${token.content.trimEnd()}\n\`\`\``;
    case 'code_block':
      return `\`\`\`\n${token.content.trimEnd()}\n\`\`\``;
    case 'hr':
      return '---';
    case 'blockquote_open':
      return `> ${from.replace(/^\s*> ?/gm, '')}`;
    case 'table_open':
    case 'html_block':
      return from;
    default:
      return undefined;
  }
}

function closeOf(tokens: readonly Token[], at: number): number {
  const type = tokens[at]!.type.replace('_open', '_close');
  const level = tokens[at]!.level;
  const close = tokens.findIndex((token, i) => i > at && token.type === type && token.level === level);
  return close < 0 ? tokens.length : close;
}

/*
 * Obsidian's [[Page#Part|words]] leads to the page; its words, where it has some, stand before it. Links to other
 * files by path become links to their pages.
 */
function linksTurned(text: string): string {
  return text
    .split(/(```[^]*?```|`[^`\n]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part
      .replace(/!\[\[([^\]|#\n]+\.(?:png|jpe?g|gif|svg|webp|pdf|mp[34]|webm))(?:\|[^\]\n]*)?\]\]/gi, '`$1`')
      .replace(/!?\[\[([^\]|#\n]+)(?:#[^\]|\n]*)?(?:\|([^\]\n]*))?\]\]/g, (_, page: string, words?: string) => {
        const link = `[[${page.trim()}]]`;
        return words?.trim() && words.trim() !== page.trim() ? `${words.trim()} (${link})` : link;
      })
      .replace(/\[([^\]\n]+)\]\((?!\w+:|\/\/)([^)\s]+?)\.md(?:#[^)\s]*)?\)/g, (_, words: string, path: string) => {
        const page = nameOf(path);
        return words === page ? `[[${page}]]` : `${words} ([[${page}]])`;
      })))
    .join('');
}

function nameOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
