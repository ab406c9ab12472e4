/*
 * Sockets to the gateways of one graph, one after another: when one ends the next address is tried,
 * after a pause with full jitter that grows from half a second to 20, or at once when the platform
 * says that it is worth it (the page becomes visible, the network comes back).
 *
 * It stops for good when the server says that coming back is no use: 4403, or a graph that does not
 * exist. A browser does not show a WebSocket the HTTP status that refused it, so after a socket that
 * never opened the gateway's list of graphs is asked for.
 */
import { backoffMs } from './backoff.js';
import type { Codec } from './codec.js';
import { Connection, type SocketClass } from './connection.js';
import { RequestError } from './requests.js';
import { transitRead } from './transit.js';
import { Keyword, type Fields, type Value } from './values.js';

const FIRST_MS = 500;
const LAST_MS = 20_000;
const PROBE_MS = 10_000;

const CLOSE_FORBIDDEN = 4403;

export interface ConnectorHandlers {
  /* A socket is open: say hello. */
  opened(): void;
  messages(messages: readonly Fields[]): void;
  /* The socket ended, or did not come about. Another try follows at `retryAt`, unless refused() was called. */
  ended(code: number, reason: string): void;
  /* There will be no other try until start() is called. */
  refused(error: RequestError): void;
}

export class Connector {
  private connection: Connection | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 0;
  private tries = 0;
  private pauseMax_ms: number | undefined; // said by the server
  private isStopped = true;
  private retry_ms = 0;

  constructor(
    private readonly urls: readonly string[],
    private readonly graph: string,
    private readonly codec: Codec,
    private readonly socketClass: SocketClass,
    private readonly handlers: ConnectorHandlers,
  ) {}

  /* When the next try is due, in ms since 1970. */
  get retryAt(): number {
    return this.retry_ms;
  }

  /* Tries at once. */
  start(): void {
    this.isStopped = false;
    this.tries = 0;
    this.wake();
  }

  /* Tries now rather than later. */
  wake(): void {
    if (!this.isStopped && !this.connection) {
      clearTimeout(this.timer);
      this.open();
    }
  }

  /* All is well: the next pause is a short one again. */
  steady(): void {
    this.tries = 0;
  }

  /* The server goes away and says how long clients may take to come back. */
  goaway(retry_ms: number): void {
    this.pauseMax_ms = retry_ms;
  }

  send(message: Fields): void {
    this.connection?.send(message);
  }

  /* What the welcome says about this socket. */
  agree(silence_ms: number, frameBytes: number): void {
    this.connection?.expectWithin(silence_ms);
    this.connection?.limitFrames(frameBytes);
  }

  /* Ends the socket, and goes on to the next. */
  drop(reason: string): void {
    this.connection?.close(reason);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.connection?.close('closed by the client');
  }

  /* Gives up, with what the application is to be told. */
  refuse(error: RequestError): void {
    if (!this.isStopped) {
      this.stop();
      this.handlers.refused(error);
    }
  }

  private open(): void {
    const base = this.urls[this.next++ % this.urls.length]!.replace(/\/$/, '');
    let isOpened = false;
    this.connection = new Connection(
      `${base.replace(/^http/, 'ws')}/v1/graphs/${this.graph}/socket`,
      this.codec,
      {
        open: () => {
          isOpened = true;
          this.handlers.opened();
        },
        messages: (messages) => this.handlers.messages(messages),
        close: (code, reason) => {
          this.closed(code, reason);
          if (!isOpened && !this.isStopped) {
            void this.probe(base.replace(/^ws/, 'http'));
          }
        },
      },
      this.socketClass,
    );
  }

  private closed(code: number, reason: string): void {
    this.connection = undefined;
    if (!this.isStopped) {
      const pause_ms = this.pauseMax_ms === undefined
        ? backoffMs(this.tries++, FIRST_MS, LAST_MS)
        : Math.random() * this.pauseMax_ms;
      this.pauseMax_ms = undefined;
      this.retry_ms = Date.now() + pause_ms;
      this.timer = setTimeout(() => this.open(), pause_ms);
    }
    this.handlers.ended(code, reason);
    if (code === CLOSE_FORBIDDEN) {
      this.refuse(new RequestError('forbidden', reason || 'forbidden', undefined));
    }
  }

  private async probe(base: string): Promise<void> {
    let graphs: string[];
    try {
      const response = await fetch(`${base}/v1/graphs`, {
        headers: { accept: 'application/transit+json' },
        signal: AbortSignal.timeout(PROBE_MS),
      });
      graphs = graphNames(transitRead(await response.text()));
    } catch {
      return; // the gateway is away too, or not for this page to ask
    }
    if (!graphs.includes(this.graph)) {
      this.refuse(new RequestError('not-found', `no graph is named "${this.graph}" on ${base}`, undefined));
    }
  }
}

/* {"graphs": [{"graph": "main", ..}, ..]}, keys as keywords or strings; throws when it is something else. */
function graphNames(answer: Value): string[] {
  return (field(answer, 'graphs') as readonly Value[]).map((graph) => String(field(graph, 'graph')));
}

function field(map: Value, name: string): Value | undefined {
  return map instanceof Map ? (map as Map<Value, Value>).get(Keyword.of(name)) : (map as Fields)[name];
}
