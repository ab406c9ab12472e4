/*
 * Edits in IndexedDB, for browsers. Several tabs of one application share the database, each with a
 * lane of its own, in which its edits keep their order. A tab owns its lane for as long as it holds
 * the Web Lock of its name. Whoever gets the lock of another lane knows that its tab has ended, moves
 * what it left to the end of the own lane, in one transaction, and sends it. So an edit is in one
 * lane at any time, and sent by the one tab that owns it.
 *
 * Web Locks are there in secure contexts only: https, and http on localhost. Elsewhere a lane is owned
 * by whoever answers for it on a BroadcastChannel; a tab that the browser has frozen does not, so its
 * edits may be sent by another one, and again when it thaws: applied once, thanks to their tx_id.
 */
import type { EditStore, StoredEdit } from './edit_store.js';
import { Roll } from './roll.js';

const DATABASE = 'stoa';
const TABLE = 'edits';

/* A row: [scope, lane, number] -> edit. Numbers grow, so rows are in the order of their adding. */
type Row = readonly [scope: string, lane: string, number: number];

export class IdbStore implements EditStore {
  private readonly lane = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  private readonly roll: Roll;
  private readonly rows = new Map<string, Row>();
  private readonly awaited = new Set<string>();
  private database: IDBDatabase | undefined;
  private last = 0;
  private work: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly scope: string) {
    this.roll = new Roll(`stoa ${scope}`);
  }

  /* What is put meanwhile waits until it is done. */
  open(adopt: (edits: readonly StoredEdit[]) => void): Promise<readonly StoredEdit[]> {
    return this.then(() => this.take(adopt));
  }

  private async take(adopt: (edits: readonly StoredEdit[]) => void): Promise<readonly StoredEdit[]> {
    this.database = await openDatabase();
    await this.roll.take(this.lane);
    const found: StoredEdit[] = [];
    for (const lane of await this.otherLanes()) {
      if (await this.roll.takeIfFree(lane)) {
        found.push(...(await this.move(lane)));
      } else {
        this.await(lane, adopt);
      }
    }
    this.roll.onJoined((lane) => this.await(lane, adopt));
    this.roll.announce(this.lane);
    return found;
  }

  put(edit: StoredEdit): Promise<void> {
    return this.then(() => this.write((table) => table.put(edit, [...this.rowOf(edit.key)])));
  }

  remove(key: string): Promise<void> {
    return this.then(async () => {
      const row = this.rows.get(key);
      if (row) {
        await this.write((table) => table.delete([...row]));
        this.rows.delete(key);
      }
    });
  }

  async close(): Promise<void> {
    await this.work;
    this.isClosed = true;
    this.database?.close();
    this.roll.close();
  }

  /* Waits, for as long as this tab lives, until the lane's own has ended. */
  private await(lane: string, adopt: (edits: readonly StoredEdit[]) => void): void {
    if (this.awaited.has(lane)) {
      return;
    }
    this.awaited.add(lane);
    void this.roll.takeWhenFree(lane).then(async (isTaken) => {
      if (isTaken && !this.isClosed) {
        const edits = await this.then(() => this.move(lane));
        if (edits.length > 0) {
          adopt(edits);
        }
      }
    });
  }

  private then<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.work.then(act);
    this.work = done.catch(() => undefined);
    return done;
  }

  private rowOf(key: string): Row {
    const row = this.rows.get(key) ?? ([this.scope, this.lane, ++this.last] as const);
    this.rows.set(key, row);
    return row;
  }

  private async otherLanes(): Promise<string[]> {
    const range = IDBKeyRange.bound([this.scope], [this.scope, []]);
    const keys = await result(this.database!.transaction(TABLE).objectStore(TABLE).getAllKeys(range));
    return [...new Set((keys as unknown as Row[]).map(([, lane]) => lane))].filter((lane) => lane !== this.lane);
  }

  /* What the lane holds, which is this tab's from now on. */
  private async move(lane: string): Promise<StoredEdit[]> {
    const range = IDBKeyRange.bound([this.scope, lane], [this.scope, lane, []]);
    let edits: StoredEdit[] = [];
    await this.write((table) => {
      const asked = table.getAll(range);
      asked.onsuccess = () => {
        edits = asked.result as StoredEdit[];
        edits.forEach((edit) => table.put(edit, [...this.rowOf(edit.key)]));
        table.delete(range);
      };
    });
    return edits;
  }

  private write(act: (table: IDBObjectStore) => void): Promise<void> {
    const transaction = this.database!.transaction(TABLE, 'readwrite', { durability: 'strict' });
    act(transaction.objectStore(TABLE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
  return result(asked);
}

function result<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
