/* Which format chosen files have, and what they say. */
import { inSlices, type Steps } from '../../../../client/dist/slices.js';
import { readAthens, readRoamEdn } from './datoms.js';
import { readLogseqPage } from './logseq.js';
import { readMarkdownPage } from './markdown_page.js';
import type { ReadPage, Reading, SourceFile } from './reading.js';
import { readRoamJson } from './roam_json.js';

const SINGLE: readonly [RegExp, (text: string, path: string) => Reading][] = [
  [/\.json$/i, readRoamJson],
  [/\.edn$/i, readRoamEdn],
  [/\.transit$/i, readAthens],
];

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const isHidden = (path: string): boolean => /(^|\/)[._]/.test(path) && !/(^|\/)_[^/]*\.md$/.test(path);
const isMarkdown = (path: string): boolean => /\.(md|markdown)$/i.test(path);

/* Logseq keeps its settings in logseq/ beside the pages and journals. */
function isLogseq(files: readonly SourceFile[]): boolean {
  return files.some(({ path }) => /(^|\/)(logseq\/config\.edn|journals\/\d{4}_\d\d_\d\d\.md)$/.test(path));
}

/* One or several files, or a folder. What cannot be read is told among what is left. */
export async function readFiles(files: readonly SourceFile[]): Promise<Reading> {
  const logseq = isLogseq(files);
  const shown = files.filter(({ path }) => !isHidden(path));
  const notes = shown.filter(({ path }) => isMarkdown(path) && (!logseq || /(^|\/)(pages|journals)\/[^/]+$/.test(path)));
  const singles = logseq ? [] : shown.filter(({ path }) => SINGLE.some(([name]) => name.test(path)));
  const used = new Set([...notes, ...singles]);
  const readings = [
    ...(await Promise.all(singles.map(readSingle))),
    ...(notes.length > 0 ? [await readNotes(notes, logseq)] : []),
  ];
  const rest = shown.filter((file) => !used.has(file) && !(logseq && /(^|\/)logseq\//.test(file.path)));
  return {
    format: [...new Set(readings.map((reading) => reading.format))].join(', '),
    pages: readings.flatMap((reading) => reading.pages),
    left: [...readings.flatMap((reading) => reading.left), ...leftOf(rest)],
  };
}

async function readSingle(file: SourceFile): Promise<Reading> {
  const read = SINGLE.find(([name]) => name.test(file.path))![1];
  try {
    return read(await file.text(), file.path);
  } catch (error) {
    return { format: '', pages: [], left: [`${file.path}: ${(error as Error).message}`] };
  }
}

async function readNotes(files: readonly SourceFile[], logseq: boolean): Promise<Reading> {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(nameOf(path), (counts.get(nameOf(path)) ?? 0) + 1);
  const titleOf = (path: string): string => {
    const parts = path.split('/');
    return parts.slice(counts.get(nameOf(path))! > 1 ? -2 : -1).join('/').replace(/\.(md|markdown)$/i, '');
  };
  const texts = await Promise.allSettled(files.map((file) => file.text()));
  const left: string[] = [];
  const read = function* (): Steps<ReadPage[]> {
    const pages: ReadPage[] = [];
    for (const [i, { path }] of files.entries()) {
      const text = texts[i]!;
      if (text.status === 'rejected') left.push(`${path}: ${(text.reason as Error).message}`);
      else pages.push(logseq ? readLogseqPage(path, text.value) : readMarkdownPage(titleOf(path), text.value));
      yield;
    }
    return pages;
  };
  return { format: logseq ? 'Logseq folder' : 'Markdown', pages: await inSlices(read()), left };
}

/* Files that hold no pages: their names where they are few, else how many of each kind. */
function leftOf(files: readonly SourceFile[]): string[] {
  if (files.length <= 3) return files.map(({ path }) => `${path}: a file of another kind`);
  const kinds = new Map<string, number>();
  for (const { path } of files) {
    const kind = /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? 'no ending';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [`files of other kinds: ${[...kinds].map(([kind, count]) => `${count} of ${kind}`).join(', ')}`];
}
