/*
 * Has a DataScript connection hold another database without a word to its listeners.
 *
 * DataScript's own reset_conn hands them every datom of both databases: a fifth of a second for
 * 75,000, and the view replaces its database after each own edit. The npm package has nothing smaller,
 * so the place where a connection keeps its database is looked for, and written. A DataScript that
 * hides it better gets the slow way; a test says so.
 */
import datascript, { type Connection, type Database } from 'datascript';

interface Slot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

export function replaceDatabase(conn: Connection, db: Database): void {
  const slot = databaseSlot(conn);
  if (slot) {
    slot.holder[slot.key] = db;
  } else {
    datascript.reset_conn(conn, db);
  }
}

/* Connection -> its atom -> the atom's map -> that map's array of keys and values. */
const DEPTH_MAX = 4;

export function databaseSlot(conn: Connection): Slot | undefined {
  const db = datascript.db(conn);
  const find = (holder: Record<string, unknown>, depth: number): Slot | undefined => {
    for (const [key, value] of Object.entries(holder)) {
      if (value === db) {
        return { holder, key };
      }
    }
    for (const value of depth < DEPTH_MAX ? Object.values(holder) : []) {
      const found = typeof value === 'object' && value !== null && find(value as Record<string, unknown>, depth + 1);
      if (found) {
        return found;
      }
    }
    return undefined;
  };
  return find(conn as unknown as Record<string, unknown>, 1);
}
