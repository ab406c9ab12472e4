/*
 * A DataScript connection that an application listens to.
 *
 * Listeners are called within DataScript's transact(). What one of them throws is raised in a turn of
 * its own, as a browser does with its event listeners: it is the application's to mend, and neither
 * an edit nor the mirror may suffer from it. (DataScript tells no other listener of that change then.)
 * And a listener may want to write in turn; `isTelling` says that this has to wait.
 */
import datascript, { type Connection, type Database, type Report } from 'datascript';
import { raise } from './events.js';
import { replaceDatabase } from './replace.js';

export class Listened {
  private telling = false;

  constructor(readonly conn: Connection) {}

  get db(): Database {
    return datascript.db(this.conn);
  }

  get isTelling(): boolean {
    return this.telling;
  }

  /* Throws when the forms cannot be applied, and never what a listener throws. */
  commit(forms: readonly (readonly unknown[])[], meta: unknown): Report {
    const before = this.db;
    this.telling = true;
    try {
      return datascript.transact(this.conn, forms, meta);
    } catch (error) {
      if (this.db === before) {
        throw error;
      }
      raise(error);
      const report = datascript.transact(datascript.conn_from_db(before), forms, meta);
      this.replace(report.db_after);
      return report;
    } finally {
      this.telling = false;
    }
  }

  /* Without a word to the listeners. */
  replace(db: Database): void {
    replaceDatabase(this.conn, db);
  }
}
