/*
 * Blocks as Markdown and back: what is copied, pasted and exported. A block is a list item, its
 * children are indented below it. Links and references stay as they are written in the graph, unless `write` turns them.
 */
import { childrenOf, readId, type Db } from './blocks.js';
import { cycleTodo, todoOf, withoutTodo, type Tree } from './edit.js';

const INDENT = '  ';

type Write = (text: string) => string;

const asItIs: Write = (text) => text;

/* These blocks with all below them, as a nested list. */
export function writeMarkdown(db: Db, ids: readonly number[], write = asItIs, depth = 0): string {
  return ids.map((id) => writeBlock(db, id, write, depth)).join('');
}

function writeBlock(db: Db, id: number, write: Write, depth: number): string {
  const block = readId(db, id);
  const pad = INDENT.repeat(depth);
  const mark = { TODO: '[ ] ', DONE: '[x] ', none: '' }[todoOf(block.text) ?? 'none'];
  const heading = block.heading > 0 ? `${'#'.repeat(block.heading)} ` : '';
  const text = (mark + heading + write(withoutTodo(block.text))).replaceAll('\n', `\n${pad}${INDENT}`);
  const children = childrenOf(db, id).map((child) => child.id);
  return `${pad}- ${text}\n${writeMarkdown(db, children, write, depth + 1)}`;
}

interface Item {
  readonly indent: number;
  /* Where its text begins: the lines of a code fence are indented as far. */
  readonly inside: number;
  text: string;
  readonly heading: number;
  readonly children: Item[];
}

const BULLET = /^([-*+•]|\d{1,9}[.)])\s+/;
const HEADING = /^(#{1,6})\s+/;
const CHECK = /^\[([ xX])\]\s+/;
const FENCE = /^(```|~~~)/;
const TAB_WIDTH = 4;

/*
 * Blocks of pasted text. List items nest by their indentation; other lines are blocks too, and those below a
 * heading are its children. A code fence is one block; a line indented below an item, without a mark, goes on with
 * the item's text.
 */
export function readMarkdown(text: string, newUid: () => string): Tree[] {
  const top: Item = { indent: -1, inside: 0, text: '', heading: 0, children: [] };
  const open = [top];
  let fence: Item | undefined;
  let heading: Item | undefined;
  let wasBlank = true;
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const body = line.trimStart();
    if (fence) {
      fence.text += `\n${line.slice(Math.min(fence.inside, line.length - body.length))}`;
      if (FENCE.test(body)) fence = undefined;
      continue;
    }
    if (body === '') {
      wasBlank = true;
      continue;
    }
    const indent = widthOf(line.slice(0, line.length - body.length));
    const last = open.at(-1)!;
    const item = readItem(body, indent);
    if (!item.isMarked && !wasBlank && last !== top && indent > last.indent) {
      last.text += `\n${body}`;
      continue;
    }
    wasBlank = false;
    while (open.length > 1 && open.at(-1)!.indent >= indent) open.pop();
    const isUnder = open.length === 1 && heading !== undefined && item.heading === 0;
    (isUnder ? heading! : open.at(-1)!).children.push(item);
    if (item.heading > 0 && open.length === 1) heading = BULLET.test(body) ? undefined : item;
    open.push(item);
    if (FENCE.test(item.text) && !item.text.slice(3).includes('```')) fence = item;
  }
  return top.children.map((item) => treeOf(item, newUid));
}

function readItem(body: string, indent: number): Item & { readonly isMarked: boolean } {
  const bullet = BULLET.exec(body)?.[0] ?? '';
  let rest = body.slice(bullet.length);
  const check = bullet ? CHECK.exec(rest) : null;
  if (check) {
    const todo = cycleTodo(rest.slice(check[0].length));
    rest = check[1] === ' ' ? todo : cycleTodo(todo);
  }
  const hashes = HEADING.exec(rest);
  const heading = Math.min(hashes?.[1]!.length ?? 0, 3);
  const isMarked = bullet !== '' || heading > 0;
  return { indent, inside: indent + bullet.length, text: hashes ? rest.slice(hashes[0].length) : rest, heading, children: [], isMarked };
}

function widthOf(space: string): number {
  return Array.from(space).reduce((width, each) => width + (each === '\t' ? TAB_WIDTH : 1), 0);
}

function treeOf(item: Item, newUid: () => string): Tree {
  const children = item.children.map((child) => treeOf(child, newUid));
  return { uid: newUid(), text: item.text.trimEnd(), children, ...(item.heading ? { heading: item.heading } : {}) };
}
