/* What the readers of foreign formats give: pages of blocks, and a word on what they left out. */
import { dayPage } from '../dates.js';

export interface ReadBlock {
  /* As the file has it; undefined where the format has none. */
  readonly uid?: string | undefined;
  readonly text: string;
  readonly heading?: number | undefined;
  readonly isOpen?: boolean | undefined;
  /* Milliseconds since 1970. */
  readonly createTime?: number | undefined;
  readonly editTime?: number | undefined;
  readonly children: readonly ReadBlock[];
}

export interface ReadPage {
  readonly uid?: string | undefined;
  readonly title: string;
  readonly createTime?: number | undefined;
  readonly editTime?: number | undefined;
  readonly children: readonly ReadBlock[];
}

export interface Reading {
  /* What the files were taken for. */
  readonly format: string;
  readonly pages: readonly ReadPage[];
  /* What was not taken, and why. */
  readonly left: readonly string[];
}

/* A file that was chosen; its path begins in the folder that was. */
export interface SourceFile {
  readonly path: string;
  readonly text: () => Promise<string>;
}

export const countBlocks = (blocks: readonly ReadBlock[]): number =>
  blocks.reduce((sum, block) => sum + 1 + countBlocks(block.children), 0);

/* A page by the day that it is named for, as 2026-11-22 or 2026_11_22; undefined for any other name. */
export function dayNamed(name: string): { uid: string; title: string } | undefined {
  const match = /^(\d{4})[-_](\d\d)[-_](\d\d)$/.exec(name);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]) - 1, Number(match[3])];
  const date = new Date(year, month, day);
  return date.getMonth() === month && date.getDate() === day ? dayPage(date) : undefined;
}

const SHORT_MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SHORT_DAY = new RegExp(`\\[\\[(${SHORT_MONTHS.join('|')}) (\\d{1,2})(?:st|nd|rd|th), (\\d{4})\\]\\]`, 'g');

/* Links to days as other programs name them, turned to the titles that daily notes have here. */
export function turnDayLinks(text: string): string {
  return text
    .replace(/\[\[(\d{4}[-_]\d\d[-_]\d\d)\]\]/g, (whole, name: string) => {
      const day = dayNamed(name);
      return day ? `[[${day.title}]]` : whole;
    })
    .replace(SHORT_DAY, (_, month: string, day: string, year: string) =>
      `[[${dayPage(new Date(Number(year), SHORT_MONTHS.indexOf(month), Number(day))).title}]]`,
    );
}

/* The flat part of a YAML front matter, as attributes; lists become tags for `tags`, else links by commas. */
export function frontMatter(text: string): { attributes: readonly [string, string][]; body: string } {
  const match = /^---\r?\n([^]*?)\r?\n---[^\S\n]*(?:\r?\n|$)/.exec(text);
  if (!match) return { attributes: [], body: text };
  const attributes: [string, string[]][] = [];
  for (const line of match[1]!.split(/\r?\n/)) {
    const entry = /^([\w][\w -]*):\s*(.*)$/.exec(line);
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (entry) attributes.push([entry[1]!.trim(), listOf(entry[2]!)]);
    else if (item) attributes.at(-1)?.[1].push(unquoted(item[1]!));
  }
  const written = ([name, values]: [string, string[]]): [string, string] => [
    name, values.map((value) => (name === 'tags' ? tagOf(value) : value)).join(name === 'tags' ? ' ' : ', '),
  ];
  return { attributes: attributes.filter(([, values]) => values.length > 0).map(written), body: text.slice(match[0].length) };
}

function listOf(value: string): string[] {
  const text = value.trim();
  const inner = /^\[(?!\[)(.*)\]$/.exec(text)?.[1];
  const parts = inner === undefined ? [text] : inner.split(',');
  return parts.map(unquoted).filter((part) => part !== '');
}

const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, '$2');

const tagOf = (value: string): string => (/^[^\s#[\]]+$/.test(value.replace(/^#/, '')) ? `#${value.replace(/^#/, '')}` : `#[[${value}]]`);
