/*
 * The client in browsers: the platform's WebSocket, edits in IndexedDB. It is the entry of this package
 * for whatever is not Node, and does in Node with what the platform has of these.
 */
import { BaseClient } from './client.js';
import type { ClientOptions } from './client_options.js';
import { connectOptions, type ConnectOptions } from './connect.js';
import type { SocketClass } from './connection.js';
import { MemoryStore } from './edit_store.js';
import { IdbStore } from './idb_store.js';
import type { Platform } from './platform.js';

export * from './api.js';

const BROWSER: Platform = {
  socketClass: globalThis.WebSocket as unknown as SocketClass,
  openStore: (queue, scope) =>
    queue === false || typeof indexedDB === 'undefined' ? new MemoryStore() : new IdbStore(queue ?? scope),
  onWake(fn) {
    if (typeof document === 'undefined') {
      return () => {};
    }
    const ending = new AbortController();
    const { signal } = ending;
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && fn(), { signal });
    addEventListener('online', fn, { signal });
    addEventListener('pageshow', fn, { signal });
    return () => ending.abort();
  },
};

/* What connect() makes. */
export class Client extends BaseClient {
  constructor(options: ClientOptions) {
    super(options, BROWSER);
  }
}

/* Returns at once; await live() to be in step. */
export function connect(options: ConnectOptions): Client {
  return new Client(connectOptions(options));
}
