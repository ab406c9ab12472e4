/* What differs between browsers and Node. */
import type { SocketClass } from './connection.js';
import type { EditStore } from './edit_store.js';

export interface Platform {
  readonly socketClass: SocketClass;
  /*
   * Where edits outlive the program. `queue` is what the application asked for: a name or path, false
   * for memory alone, undefined for the platform's default. `scope` names the server and the graph.
   */
  openStore(queue: string | false | undefined, scope: string): EditStore;
  /* Calls `fn` whenever it is worth trying to connect at once; returns what ends that. */
  onWake(fn: () => void): () => void;
}
