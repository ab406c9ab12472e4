/* Pages as Markdown files, for other programs: references to blocks, which no other program could follow, become their texts. */
import type { Steps } from '../../../client/dist/slices.js';
import { childrenOf, idOf, readBlock, readId, type Db } from './blocks.js';
import { linksOf } from './links.js';
import { writeMarkdown } from './markdown.js';
import { allPages } from './pages.js';

/* References in references are written out down to this depth. */
const NESTING_MAX = 4;

/* A page's blocks as a list; its title is the file's name. */
export function pageMarkdown(db: Db, uid: string): string {
  const id = idOf(db, uid);
  if (id === undefined) return '';
  return writeMarkdown(db, childrenOf(db, id).map((block) => block.id), (text) => writtenOut(db, text, 0));
}

function writtenOut(db: Db, text: string, nesting: number): string {
  const references = linksOf(text).filter(({ kind }) => kind === 'block');
  return references.reverse().reduce((result, { target, start, end }) => {
    const block = readBlock(db, target);
    if (!block || nesting >= NESTING_MAX) return result;
    const words = block.title === undefined ? writtenOut(db, block.text, nesting + 1) : `[[${block.title}]]`;
    return result.slice(0, start) + words + result.slice(end);
  }, text);
}

/* What Windows, macOS or Linux would not have in a name. */
const UNSAFE = /[\u0000-\u001f\u007f"*/:<>?\\|]/g;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/* File systems take 255 bytes. */
const BYTES_MAX = 200;

/* A file name for a title that no earlier one has, whatever the case of its letters. `taken` grows by it. */
export function fileName(title: string, taken: Set<string>): string {
  const plain = cut(title.replace(UNSAFE, '_').replace(/^[.\s]+|[.\s]+$/g, '')) || '_';
  const safe = RESERVED.test(plain) ? `${plain}_` : plain;
  let name = safe;
  for (let count = 2; taken.has(keyOf(name)); count++) name = `${safe} (${count})`;
  taken.add(keyOf(name));
  return `${name}.md`;
}

const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();

function cut(name: string): string {
  const encoder = new TextEncoder();
  const letters = Array.from(name);
  while (encoder.encode(letters.join('')).length > BYTES_MAX) letters.pop();
  return letters.join('').trimEnd();
}

/* Gives `take` a file for each page that has blocks. */
export function* writePages(db: Db, take: (name: string, text: string) => void): Steps<number> {
  const taken = new Set<string>();
  let count = 0;
  const pages = allPages(db).sort((a, b) => (a.title < b.title ? -1 : 1));
  for (const { id, uid, title } of pages) {
    yield;
    if (readId(db, id).children.length === 0) continue;
    take(fileName(title, taken), pageMarkdown(db, uid));
    count += 1;
  }
  return count;
}
