/*
 * Requests that wait for their answer, over as many sockets as it takes.
 *
 * Each is sent in the order of asking, at most `limit` at a time. When a socket ends, what it had
 * not answered is sent again on the next one: transactions carry a tx_id, and reads change nothing.
 * An answer that allows it is followed by another try after a pause.
 *
 * Invariant: every request is answered or failed exactly once.
 */
import { backoffMs } from './backoff.js';
import type { Fields } from './values.js';

/* An answer of type `error`. `code` is one of the nine of PROTOCOL.md. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: string,
    message: string,
    readonly data: unknown,
  ) {
    super(message);
  }
}

interface Request {
  readonly id: number;
  readonly message: Fields;
  readonly retryOn: readonly string[];
  readonly resolve: (result: Fields) => void;
  readonly reject: (error: Error) => void;
  state: 'waiting' | 'sent' | 'pausing';
  tries: number;
  timer?: ReturnType<typeof setTimeout>;
}

export const RETRY_TRANSACT: readonly string[] = ['unavailable', 'interrupted', 'busy'];
export const RETRY_READ: readonly string[] = ['unavailable', 'busy'];

export class Requests {
  private readonly open = new Map<number, Request>();
  private nextId = 1;
  private sent = 0;
  private limit = 0;
  private send: ((message: Fields) => void) | undefined;
  private ended: Error | undefined;

  /* For a message that is answered outside of this table, as hello is. */
  newId(): number {
    return this.nextId++;
  }

  ask(message: Fields, retryOn: readonly string[]): Promise<Fields> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const id = this.newId();
      this.open.set(id, { id, message: { ...message, id }, retryOn, resolve, reject, state: 'waiting', tries: 0 });
      this.pump();
    });
  }

  attach(limit: number, send: (message: Fields) => void): void {
    this.limit = limit;
    this.send = send;
    this.pump();
  }

  detach(): void {
    this.send = undefined;
    this.sent = 0;
    for (const request of this.open.values()) {
      if (request.state === 'sent') {
        request.state = 'waiting';
      }
    }
  }

  /* A `result` or `error`. False: it answers no open request. */
  take(answer: Fields): boolean {
    const request = this.open.get(answer['re'] as number);
    if (request?.state !== 'sent') {
      return false;
    }
    this.sent -= 1;
    if (answer['type'] === 'error') {
      this.refused(request, answer);
    } else {
      this.open.delete(request.id);
      request.resolve(answer);
    }
    this.pump();
    return true;
  }

  /* Fails what is open and whatever is asked from now on. */
  end(error: Error): void {
    this.detach();
    this.ended = error;
    const open = [...this.open.values()];
    this.open.clear();
    open.forEach((request) => {
      clearTimeout(request.timer);
      request.reject(error);
    });
  }

  private refused(request: Request, answer: Fields): void {
    const code = answer['code'] as string;
    if (!request.retryOn.includes(code)) {
      this.open.delete(request.id);
      request.reject(new RequestError(code, answer['message'] as string, answer['data']));
      return;
    }
    request.state = 'pausing';
    request.timer = setTimeout(() => {
      request.state = 'waiting';
      this.pump();
    }, backoffMs(request.tries++));
  }

  private pump(): void {
    for (const request of this.open.values()) {
      if (!this.send || this.sent >= this.limit) {
        return;
      }
      if (request.state === 'waiting') {
        request.state = 'sent';
        this.sent += 1;
        this.send(request.message);
      }
    }
  }
}
