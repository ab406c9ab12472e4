/* The part of npm's datascript that is used here; the package brings no types. */
declare module 'datascript' {
  export interface Database {
    readonly __database: unique symbol;
  }
  export interface Connection {
    readonly __connection: unique symbol;
  }
  /* In a report's tx_data, retractions have a negative `tx`. */
  export interface Datom {
    readonly e: number;
    readonly a: string;
    readonly v: unknown;
    readonly tx: number;
  }
  export interface Report {
    readonly db_before: Database;
    readonly db_after: Database;
    readonly tx_data: readonly Datom[];
    readonly tempids: Readonly<Record<string, number>>;
    readonly tx_meta: unknown;
  }
  export type Schema = Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;

  const datascript: {
    empty_db(schema?: Schema): Database;
    init_db(datoms: readonly (readonly unknown[])[], schema: Schema): Database;
    serializable(db: Database): unknown;
    from_serializable(serializable: unknown): Database;
    db_with(db: Database, forms: readonly (readonly unknown[])[]): Database;
    conn_from_db(db: Database): Connection;
    reset_conn(conn: Connection, db: Database, meta?: unknown): void;
    db(conn: Connection): Database;
    transact(conn: Connection, forms: readonly (readonly unknown[])[], meta?: unknown): Report;
    datoms(db: Database, index: string, ...components: unknown[]): readonly Datom[];
    index_range(db: Database, attribute: string, start: unknown, end: unknown): readonly Datom[];
    entity(db: Database, eid: unknown): unknown;
    q(query: string, ...inputs: unknown[]): unknown;
    pull(db: Database, pattern: string, eid: unknown): unknown;
    listen(conn: Connection, fn: (report: Report) => void): unknown;
    unlisten(conn: Connection, key: unknown): void;
  };
  export default datascript;
}
