/*
 * Requests that wait for their answer, over as many sockets as it takes.
 *
 * Each is sent in the order of asking, at most `limit` at a time. When a socket ends, reads that it
 * had not answered are sent again on the next one; transactions are the outbox's affair, and fail
 * with `unavailable`. An answer that allows it is followed by another try after a pause.
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

/* Who asked; called at once when the answer comes, before any later message is looked at. */
export interface Asker {
  resolve(result: Fields): void;
  reject(error: Error): void;
}

interface Request {
  readonly id: number;
  readonly message: Fields;
  readonly isOnce: boolean;
  readonly asker: Asker;
  state: 'waiting' | 'sent' | 'pausing';
  tries: number;
  timer?: ReturnType<typeof setTimeout>;
}

const RETRY_READ: readonly string[] = ['unavailable', 'busy'];

/* The first pause before an answer that says `busy` or the like is asked for again, and the longest. */
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 5_000;

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

  /* A read. */
  ask(message: Fields): Promise<Fields> {
    return new Promise((resolve, reject) => this.put(message, { resolve, reject }, false));
  }

  /* A transaction: sent on this socket or never. */
  askOnce(message: Fields, asker: Asker): void {
    this.put(message, asker, true);
  }

  attach(limit: number, send: (message: Fields) => void): void {
    this.limit = limit;
    this.send = send;
    this.pump();
  }

  detach(): void {
    this.send = undefined;
    this.sent = 0;
    for (const request of [...this.open.values()]) {
      if (request.isOnce) {
        this.finish(request).reject(new RequestError('unavailable', 'the socket ended before the answer', undefined));
      } else if (request.state === 'sent') {
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
      this.finish(request).resolve(answer);
    }
    this.pump();
    return true;
  }

  /* Takes questions again after end(). */
  begin(): void {
    this.ended = undefined;
  }

  /* Fails what is open and whatever is asked from now on. */
  end(error: Error): void {
    this.detach();
    this.ended = error;
    [...this.open.values()].forEach((request) => this.finish(request).reject(error));
  }

  private put(message: Fields, asker: Asker, isOnce: boolean): void {
    if (this.ended) {
      asker.reject(this.ended);
      return;
    }
    const id = this.newId();
    this.open.set(id, { id, message: { ...message, id }, isOnce, asker, state: 'waiting', tries: 0 });
    this.pump();
  }

  private finish(request: Request): Asker {
    clearTimeout(request.timer);
    this.open.delete(request.id);
    return request.asker;
  }

  private refused(request: Request, answer: Fields): void {
    const code = answer['code'] as string;
    if (request.isOnce || !RETRY_READ.includes(code)) {
      this.finish(request).reject(new RequestError(code, answer['message'] as string, answer['data']));
      return;
    }
    request.state = 'pausing';
    request.timer = setTimeout(() => {
      request.state = 'waiting';
      this.pump();
    }, backoffMs(request.tries++, RETRY_FIRST_MS, RETRY_LAST_MS));
  }

  private pump(): void {
    for (const request of [...this.open.values()]) {
      if (!this.send || this.sent >= this.limit) {
        return;
      }
      if (request.state === 'waiting') {
        this.sendNow(request);
      }
    }
  }

  private sendNow(request: Request): void {
    request.state = 'sent';
    this.sent += 1;
    try {
      this.send!(request.message);
    } catch (error) {
      // It cannot be written, or is larger than the server takes.
      this.sent -= 1;
      this.finish(request).reject(error as Error);
    }
  }
}
