/*
 * One socket to one gateway, from its opening to its close: frames, their encoding, and the watch
 * over silence. What messages mean is the client's affair.
 */
import type { Codec } from './codec.js';
import { RequestError } from './requests.js';
import type { Fields } from './values.js';

/* What is used of a WebSocket: the browser's, or npm's `ws` where there is none. */
export interface Socket {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: { message?: string }) => void) | null;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string, protocols: string[]) => Socket;

export interface ConnectionHandlers {
  open(): void;
  /* Those of one frame, in order. */
  messages(messages: readonly Fields[]): void;
  /* Once, whether the socket opened or not. */
  close(code: number, reason: string): void;
}

/* A socket that neither opens nor fails in this time is given up. */
const OPEN_MS_MAX = 10_000;

const CLOSE_NORMAL = 1000;
const CLOSE_ABNORMAL = 1006; /* RFC 6455, 7.1.5: the socket ended with no close frame */

export class Connection {
  private readonly socket: Socket;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence_ms = OPEN_MS_MAX;
  private frameBytes = Infinity;
  private isOver = false;
  private problem = '';

  constructor(
    url: string,
    private readonly codec: Codec,
    private readonly handlers: ConnectionHandlers,
    socketClass: SocketClass,
  ) {
    this.socket = new socketClass(url, [codec.subprotocol]);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.isOver || handlers.open();
    this.socket.onmessage = (event) => this.receive(event.data as string | ArrayBuffer);
    this.socket.onerror = (event) => {
      this.problem = event.message ?? '';
    };
    this.socket.onclose = (event) => this.end(event.code, event.reason || this.problem);
    this.listen();
  }

  /* Throws when the message cannot be written or is larger than the server takes; nothing is sent then. */
  send(message: Fields): void {
    const frame = this.codec.write(message);
    const bytes = typeof frame === 'string' ? byteLength(frame, this.frameBytes) : frame.length;
    if (bytes > this.frameBytes) {
      throw new RequestError('incorrect', `a message of ${bytes} bytes; the server takes ${this.frameBytes}`, undefined);
    }
    this.socket.send(frame);
  }

  /* The server's limit; a larger frame would make it close the socket. */
  limitFrames(bytes: number): void {
    this.frameBytes = bytes;
  }

  /* From now on the socket is given up when nothing comes for this time. */
  expectWithin(silence_ms: number): void {
    this.silence_ms = silence_ms;
    this.listen();
  }

  /* Ends now: the handler is called before this returns, and no other one after it. */
  close(reason: string): void {
    this.end(CLOSE_NORMAL, reason);
    this.socket.close(CLOSE_NORMAL);
  }

  private receive(frame: string | ArrayBuffer): void {
    if (this.isOver) {
      return;
    }
    this.listen();
    let messages: Fields[];
    try {
      messages = this.codec.read(frame);
    } catch (error) {
      this.close(`unreadable frame: ${(error as Error).message}`);
      return;
    }
    this.handlers.messages(messages);
  }

  private listen(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.end(CLOSE_ABNORMAL, `silent for ${this.silence_ms} ms`);
      this.socket.close();
    }, this.silence_ms);
  }

  private end(code: number, reason: string): void {
    if (!this.isOver) {
      this.isOver = true;
      clearTimeout(this.timer);
      this.handlers.close(code, reason);
    }
  }
}

/* In UTF-8, which takes at most three bytes for each unit of a string; counted only where that matters. */
function byteLength(text: string, limit: number): number {
  return text.length * 3 <= limit ? text.length : new TextEncoder().encode(text).length;
}
