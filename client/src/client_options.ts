/* What a client is made with, and what it tells of. */
import type { Protocol } from './codec.js';
import type { SocketClass } from './connection.js';
import type { TextChange } from './edit.js';
import type { MirrorError } from './mirror.js';
import type { Session } from './presence.js';
import type { RequestError } from './requests.js';
import type { State, Status } from './state.js';
import type { Transaction } from './transaction.js';
import type { Fields, Uuid, Value } from './values.js';

export type Sync = 'auto' | 'log' | 'snapshot' | 'none';

export interface ClientOptions {
  /* Gateways, as http(s) or ws(s) addresses without a path; tried in turn. */
  readonly urls: readonly string[];
  /* `main` unless given. It must exist. */
  readonly graph?: string | undefined;
  /* `json` unless given; frames of `msgpack` are smaller. */
  readonly protocol?: Protocol | undefined;
  /* Who this is to others: any map of at most 1 KiB with a string `name`. Without it "anonymous". */
  readonly user?: Fields | undefined;
  /* Goes along in the hello. Stoa's own gateways believe everyone and do not look at it. */
  readonly token?: string | undefined;
  /* Of the first connection; later ones go on from where the mirror is. `none` keeps no mirror. */
  readonly sync?: Sync | undefined;
  /* The presence state that it begins with. */
  readonly state?: Fields | undefined;
  /*
   * Where edits wait that the server has not confirmed, so that they outlive the program: the path of a
   * file in Node (without one they are kept in memory alone), in browsers a name (by default one made
   * of the server and the graph). false: in memory alone.
   */
  readonly queue?: string | false | undefined;
  /* false: `conn` shows the mirror without the pending edits. */
  readonly optimistic?: boolean | undefined;
  /* In place of the platform's. */
  readonly socketClass?: SocketClass | undefined;
}

export interface ClientEvents {
  state: State;
  status: Status;
  /* A transaction, applied to the mirror and the view. */
  transaction: Transaction;
  /* The same, as the server sent it. */
  tx: Fields;
  presence: readonly Session[];
  welcome: Fields;
  /* A refused edit that nobody waits for: it was made in an earlier run. */
  rejected: Rejected;
  /* The mirror differs from the server's graph. The client fetches a snapshot by itself. */
  divergence: MirrorError;
  /* The socket ended; the client goes on by itself unless its status is `closed` or `rejected`. */
  close: { readonly code: number; readonly reason: string };
  /* Something is wrong that no request is to be told of: a divergence, a store that fails. */
  fault: Error;
}

export interface Rejected {
  readonly txId: Uuid;
  readonly txData: Value;
  readonly meta: Value | undefined;
  readonly text: TextChange | undefined;
  readonly error: RequestError;
}
