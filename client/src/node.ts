/* The client in Node: sockets of npm's `ws`, edits in a file. The entry of this package there. */
import { webcrypto } from 'node:crypto';
import { WebSocket } from 'ws';
import { BaseClient } from './client.js';
import type { ClientOptions } from './client_options.js';
import { connectOptions, type ConnectOptions } from './connect.js';
import type { SocketClass } from './connection.js';
import { MemoryStore } from './edit_store.js';
import { FileStore } from './file_store.js';
import type { Platform } from './platform.js';

export * from './api.js';

/* Node 18 has Web Crypto, but not as a global. */
if (globalThis.crypto === undefined) {
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true });
}

const NODE: Platform = {
  socketClass: WebSocket as unknown as SocketClass,
  openStore: (queue) => (typeof queue === 'string' ? new FileStore(queue) : new MemoryStore()),
  onWake: () => () => {},
};

/* What connect() makes. */
export class Client extends BaseClient {
  constructor(options: ClientOptions) {
    super(options, NODE);
  }
}

/* Returns at once; await live() to be in step. */
export function connect(options: ConnectOptions): Client {
  return new Client(connectOptions(options));
}
