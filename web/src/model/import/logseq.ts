/*
 * A Logseq folder: pages/ and journals/, in each a Markdown file a page, in which every block is a bullet. What a
 * block says of itself stands on lines below it (id::, collapsed::), tasks begin with a word in capitals.
 */
import { dayNamed, frontMatter, turnDayLinks, type ReadBlock, type ReadPage } from './reading.js';

interface Item {
  readonly indent: number;
  readonly lines: string[];
  readonly children: Item[];
}

const TAB_WIDTH = 4;
const BULLET = /^(\s*)-(?: (.*))?$/;
const FENCE = /^\s*(```|~~~)/;
const PROPERTY = /^([\w][\w./ -]*)::\s*(.*)$/;

/* A task's word, and what it is here. */
const TASK = /^(TODO|DOING|NOW|LATER|WAITING|WAIT|IN-PROGRESS|DONE)\s+/;

/* Properties of a block or page that say nothing to a reader. */
const UNSAID = new Set(['id', 'collapsed', 'heading', 'title', 'filters', 'background-color', 'logseq.order-list-type']);

/* A page's name from its file's: Logseq writes what cannot stand in one as %2F, and / as ___. */
export function titleOfFile(name: string): string {
  const plain = name.replace(/\.md$/i, '').replaceAll('___', '/');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

export function readLogseqPage(path: string, text: string): ReadPage {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const { attributes, body } = frontMatter(text);
  const top = itemsOf(body);
  const properties = [...attributes.map(([key, value]) => `${key}:: ${value}`), ...top.lines.filter((line) => line.trim() !== '')];
  const said = properties.map((line) => PROPERTY.exec(line.trim()));
  const titled = said.find((match) => match?.[1] === 'title')?.[2]?.trim();
  const day = dayNamed(name.replace(/\.md$/i, ''));
  const kept = properties.filter((_, i) => !UNSAID.has(said[i]?.[1] ?? ''));
  return {
    ...(day ?? { title: titled || titleOfFile(name) }),
    children: [...kept.map((line) => ({ text: turnDayLinks(line.trim()), children: [] })), ...top.children.map(blockOf)],
  };
}

/* The bullets by their indentation; lines before the first are the page's own. */
function itemsOf(text: string): Item {
  const top: Item = { indent: -1, lines: [], children: [] };
  const open = [top];
  let isFenced = false;
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const bullet = isFenced ? null : BULLET.exec(line);
    const rest = bullet ? (bullet[2] ?? '') : line;
    if (bullet) {
      const indent = widthOf(bullet[1]!);
      while (open.at(-1)!.indent >= indent) open.pop();
      const item: Item = { indent, lines: [rest], children: [] };
      open.at(-1)!.children.push(item);
      open.push(item);
    } else {
      const { indent, lines } = open.at(-1)!;
      lines.push(indent < 0 ? line : outdented(line, indent + 2));
    }
    if (FENCE.test(rest)) isFenced = !isFenced;
  }
  return top;
}

const widthOf = (space: string): number =>
  Array.from(space).reduce((width, each) => width + (each === '\t' ? TAB_WIDTH : 1), 0);

/* The line without as much of its blank start. */
function outdented(line: string, width: number): string {
  let [at, taken] = [0, 0];
  while (taken < width && (line[at] === ' ' || line[at] === '\t')) taken += line[at++] === '\t' ? TAB_WIDTH : 1;
  return line.slice(at);
}

function blockOf(item: Item): ReadBlock {
  const properties = new Map<string, string>();
  const lines: string[] = [];
  let [isLog, isFenced] = [false, false];
  for (const line of item.lines) {
    const property = isFenced ? null : PROPERTY.exec(line);
    if (FENCE.test(line)) isFenced = !isFenced;
    if (line.trim() === ':LOGBOOK:') isLog = true;
    if (property && UNSAID.has(property[1]!)) properties.set(property[1]!, property[2]!.trim());
    else if (!isLog) lines.push(line);
    if (line.trim() === ':END:') isLog = false;
  }
  const { text, heading } = markOf(lines.join('\n').trim());
  return {
    uid: properties.get('id') || undefined,
    text: turnDayLinks(text),
    heading: heading || Math.min(Number(properties.get('heading')) || 0, 3),
    isOpen: properties.get('collapsed') !== 'true',
    children: item.children.map(blockOf),
  };
}

/* The text with its task as Roam writes it, without the marks of a heading. */
function markOf(text: string): { text: string; heading: number } {
  const hashes = /^(#{1,6})\s+/.exec(text);
  const rest = hashes ? text.slice(hashes[0].length) : text;
  const task = TASK.exec(rest);
  const mark = task ? `{{[[${task[1] === 'DONE' ? 'DONE' : 'TODO'}]]}} ` : '';
  return { text: mark + rest.slice(task?.[0].length ?? 0), heading: Math.min(hashes?.[1]!.length ?? 0, 3) };
}
