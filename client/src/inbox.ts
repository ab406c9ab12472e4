/*
 * The messages of one socket, handled in order. What takes long is handled in slices, and a slice
 * ends after SLICE_MS, so that neither a snapshot nor a long log holds the page up. A message that
 * comes when none waits is handled before add() returns.
 */
import { SLICE_MS, nextTurn, type Steps } from './slices.js';
import type { Fields } from './values.js';

export class Inbox {
  private readonly waiting: Fields[] = [];
  private current: Steps | undefined;
  private isRunning = false;
  private isOver = false;

  /*
   * What comes before release() waits when `isHeld`. `pause` is called at the end of each slice, `fail` at most once:
   * with what `handle` or its steps throw.
   */
  constructor(
    private isHeld: boolean,
    private readonly handle: (message: Fields) => Steps | void,
    private readonly pause: () => void,
    private readonly fail: (error: Error) => void,
  ) {}

  add(messages: readonly Fields[]): void {
    this.waiting.push(...messages);
    this.start();
  }

  release(): void {
    this.isHeld = false;
    this.start();
  }

  /* Nothing is handled from now on. */
  close(): void {
    this.isOver = true;
    this.waiting.length = 0;
    this.current = undefined;
  }

  private start(): void {
    if (!this.isHeld && !this.isRunning && this.waiting.length > 0) {
      this.isRunning = true;
      this.run();
    }
  }

  private run(): void {
    const end_ms = performance.now() + SLICE_MS;
    try {
      while (this.step()) {
        if (performance.now() >= end_ms) {
          void nextTurn().then(() => this.run());
          return;
        }
      }
      this.isRunning = false;
    } catch (error) {
      this.close();
      this.fail(error as Error);
    } finally {
      if (!this.isOver) {
        this.pause();
      }
    }
  }

  /* False when there is nothing to do. */
  private step(): boolean {
    if (this.current) {
      const step = this.current.next();
      if (step.done) {
        this.current = undefined;
      }
      return true;
    }
    const message = this.waiting.shift();
    if (!message) {
      return false;
    }
    this.current = this.handle(message) || undefined;
    return true;
  }
}
