/* An import into the open graph, from the chosen files to the summary. It goes on while other views are looked at. */
import { signal } from '@preact/signals';
import { tell } from './ask.js';
import { graph } from './desk.js';
import { Plan, mergedPages, stillToMake, type Counts } from './model/import/plan.js';
import { countBlocks, type SourceFile } from './model/import/reading.js';
import { readFiles } from './model/import/recognise.js';

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface Summary {
  readonly format: string;
  readonly counts: Counts;
  readonly total: { readonly pages: number; readonly blocks: number };
  readonly left: readonly string[];
  readonly end: 'done' | 'cancelled' | 'failed';
  readonly error: string;
}

const NOTHING: Counts = { pages: 0, newPages: 0, blocks: 0, present: 0, renewed: 0 };

export const progress = signal<Progress | undefined>(undefined);
export const summary = signal<Summary | undefined>(undefined);

let isCancelled = false;

/* Ends an import with the page that it is at. */
export function cancelImport(): void {
  isCancelled = true;
}

export async function importFiles(files: readonly SourceFile[]): Promise<void> {
  if (progress.value || files.length === 0) return;
  isCancelled = false;
  summary.value = undefined;
  progress.value = { done: 0, total: 0 };
  summary.value = await taken(files);
  progress.value = undefined;
}

async function taken(files: readonly SourceFile[]): Promise<Summary> {
  let told: Summary = { format: '', counts: NOTHING, total: { pages: 0, blocks: 0 }, left: [], end: 'done', error: '' };
  try {
    const { format, pages: read, left } = await readFiles(files);
    const pages = mergedPages(read);
    const total = { pages: pages.length, blocks: pages.reduce((sum, page) => sum + countBlocks(page.children), 0) };
    told = { ...told, format, left, total };
    for (const { forms, counts, isWhole } of new Plan(graph.db.value, pages, Date.now()).batches()) {
      await graph.load((db) => stillToMake(db, forms));
      told = { ...told, counts };
      progress.value = { done: counts.blocks + counts.present, total: total.blocks };
      if (isCancelled && isWhole) return { ...told, end: 'cancelled' };
    }
    return told;
  } catch (error) {
    return { ...told, end: 'failed', error: (error as Error).message };
  }
}

/* A window that is closed takes what is not sent of an import with it: the browser asks first. */
addEventListener('beforeunload', (event) => progress.value && event.preventDefault());

/* --- the files --- */

export function pickedFiles(list: FileList): SourceFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, text: () => file.text() }));
}

/* Takes what was dropped, with all files in folders. */
export async function importDropped(transfer: DataTransfer): Promise<void> {
  // All at once: the items are gone after the first wait.
  const found = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = found.map(({ entry, file }): SourceFile[] | Promise<SourceFile[]> =>
    entry ? filesBelow(entry, entry.name) : file ? [{ path: file.name, text: () => file.text() }] : [],
  );
  try {
    await importFiles((await Promise.all(files)).flat());
  } catch (error) {
    await tell('The folder could not be read', (error as Error).message);
  }
}

async function filesBelow(entry: FileSystemEntry, path: string): Promise<SourceFile[]> {
  if (entry.isFile) {
    const file = entry as FileSystemFileEntry;
    const open = (): Promise<File> => new Promise((resolve, reject) => file.file(resolve, reject));
    return [{ path, text: async () => (await open()).text() }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: SourceFile[] = [];
  for (;;) {
    // Each call gives some of them, the last one none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return files;
    files.push(...(await Promise.all(some.map((each) => filesBelow(each, `${path}/${each.name}`)))).flat());
  }
}
