/* How a client stands with its server, and what an application shows of it. */
import type { RequestError } from './requests.js';

export interface Progress {
  /* Datoms of a snapshot, or transactions of a log. */
  readonly done: number;
  readonly total: number;
}

/*
 * `pending` counts the own edits that the server has not confirmed.
 *
 * - `connecting`: nothing has been heard of the server yet, or not since reconnect()
 * - `syncing`: welcomed, and behind
 * - `live`: all that was committed before the welcome is in the mirror, and what follows comes at once
 * - `offline`: the last try failed or the socket ended; the next one is at `retryAt`, in ms since 1970
 * - `rejected`: the server says that coming back is no use: Client.reconnect() tries all the same
 * - `closed`: by close()
 */
export type State =
  | { readonly status: 'connecting'; readonly pending: number }
  | { readonly status: 'syncing'; readonly pending: number; readonly progress: Progress }
  | { readonly status: 'live'; readonly pending: number }
  | { readonly status: 'offline'; readonly pending: number; readonly retryAt: number }
  | { readonly status: 'rejected'; readonly pending: number; readonly error: RequestError }
  | { readonly status: 'closed'; readonly pending: number };

export type Status = State['status'];
