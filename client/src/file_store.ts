/*
 * Edits in a file, for Node. Lines of JSON are appended and synced: [key, text] puts, [key] removes,
 * and the last line of a key counts. A line cut short by a crash was never acknowledged and is passed
 * over. The file is written anew when it is opened, and emptied when nothing is left in it.
 *
 * FILE.lock keeps a second program out. It names its owner's process and when that was started, so
 * that the lock of one that was killed is known for what it is.
 */
import { type FileHandle, link, open, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EditStore, StoredEdit } from './edit_store.js';

/* A file that holds nothing that counts is emptied once it is larger than this. */
const BYTES_MAX = 1 << 20;

export class FileStore implements EditStore {
  private file: FileHandle | undefined;
  private isOwner = false;
  private kept = new Map<string, string>();
  private lines: string[] = [];
  private bytes = 0;
  private opened: Promise<readonly StoredEdit[]> = Promise.resolve([]);
  private writing: Promise<void> = Promise.resolve();
  private isScheduled = false;
  private isBroken = false; // a write failed, so the file may lack something

  constructor(private readonly path: string) {}

  open(): Promise<readonly StoredEdit[]> {
    this.opened = this.load();
    return this.opened;
  }

  put({ key, text }: StoredEdit): Promise<void> {
    this.kept.set(key, text);
    return this.append(JSON.stringify([key, text]));
  }

  remove(key: string): Promise<void> {
    return this.kept.delete(key) ? this.append(JSON.stringify([key])) : this.writing;
  }

  async close(): Promise<void> {
    await this.opened.catch(() => {}); // its caller was told
    await this.writing.catch(() => {});
    await this.file?.close();
    this.file = undefined;
    if (this.isOwner) {
      this.isOwner = false;
      await rm(`${this.path}.lock`, { force: true });
    }
  }

  private async load(): Promise<readonly StoredEdit[]> {
    await this.lock();
    const found = editsOf(await readOrEmpty(this.path));
    this.kept = new Map([...found, ...this.kept]); // what was put meanwhile comes after what was there
    await this.rewrite();
    return [...found].map(([key, text]) => ({ key, text }));
  }

  /* What is asked for while a write is under way shares the next one, and its sync. */
  private append(line: string): Promise<void> {
    this.lines.push(line);
    if (!this.isScheduled) {
      this.isScheduled = true;
      const before = this.writing.catch(() => {}); // its callers were told
      this.writing = this.opened.then(() => before).then(() => this.write());
    }
    return this.writing;
  }

  private async write(): Promise<void> {
    this.isScheduled = false;
    const text = this.lines.map((line) => `${line}\n`).join('');
    this.lines = [];
    this.bytes += text.length;
    const isEmptied = this.kept.size === 0 && this.bytes > BYTES_MAX;
    try {
      if (isEmptied || this.isBroken) {
        await this.rewrite();
      } else {
        await this.file!.appendFile(text);
        await this.file!.datasync();
      }
      this.isBroken = false;
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  }

  private async rewrite(): Promise<void> {
    const lines = [...this.kept].map((entry) => `${JSON.stringify(entry)}\n`).join('');
    this.lines = []; // what waits is among what is kept
    const next = `${this.path}.new`;
    await this.file?.close();
    this.file = await open(next, 'w', 0o600);
    await this.file.appendFile(lines);
    await this.file.sync();
    await rename(next, this.path);
    await syncFolder(dirname(this.path));
    this.bytes = lines.length;
  }

  private async lock(): Promise<void> {
    const lock = `${this.path}.lock`;
    const mine = `${this.path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    await writeFile(mine, ownerText(process.pid), { mode: 0o600 });
    try {
      while (!(await linked(mine, lock))) {
        await breakLock(lock, `${mine}.broken`);
      }
      this.isOwner = true;
    } finally {
      await unlink(mine);
    }
  }
}

/* What the lines of a file come to. */
function editsOf(lines: string): Map<string, string> {
  const edits = new Map<string, string>();
  for (const line of lines.split('\n')) {
    const [key, text] = entryOf(line);
    if (text === undefined) {
      edits.delete(key);
    } else {
      edits.set(key, text);
    }
  }
  return edits;
}

function entryOf(line: string): readonly [key: string, text?: string] {
  try {
    return JSON.parse(line) as [string, string?];
  } catch {
    return [''];
  }
}

/* Takes the lock of a dead process away; throws when its owner lives. */
async function breakLock(lock: string, aside: string): Promise<void> {
  const text = await readOrEmpty(lock);
  const pid = Number(text.split(' ')[0]);
  if (text !== '' && ownerText(pid) === text) {
    throw new Error(`the queue is in use by process ${pid}: ${lock}`);
  }
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Somebody else may have been faster, and this is their new lock.
  if ((await readOrEmpty(aside)) !== text) {
    await linked(aside, lock);
  }
  await unlink(aside);
}

/* False when there is such a file already. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/* The process and when it was started, where the system tells (proc(5), stat, field 22). '': it is not there. */
function ownerText(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  let stat = '';
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return `${pid}`;
  }
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
