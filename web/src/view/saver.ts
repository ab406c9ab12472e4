/*
 * Saves the draft of the block that is being written. Without a network too: the client keeps what was saved, and not
 * what was only typed.
 */
import * as commands from '../commands.js';
import { mergeText } from '../graph.js';

/* While typing goes on the draft is saved this often, and not later than this after it was due. */
const SAVE_MS = 300;

export class Saver {
  private text: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private idle: number | undefined;
  private hasTyped = false;

  /* `base` is the graph's text, as it was last seen or last saved. */
  constructor(private readonly uid: string, private base: string) {
    this.text = base;
  }

  type(text: string): void {
    this.text = text;
    this.hasTyped = true;
    this.timer ??= setTimeout(() => this.flushWhenIdle(), SAVE_MS);
  }

  /* The graph's text changed: the draft with that change in it. */
  receive(text: string): string {
    this.text = mergeText(this.base, this.text, text);
    this.base = text;
    return this.text;
  }

  draft(element: HTMLTextAreaElement): commands.Draft {
    return { base: this.base, text: element.value, from: element.selectionStart, to: element.selectionEnd };
  }

  /* Another edit has taken the draft over. */
  settle(text: string): void {
    this.base = this.text = text;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.idle !== undefined) cancelIdleCallback(this.idle);
    this.idle = undefined;
  }

  /* The caret leaves, or an edit follows that builds on the text: what is typed is saved now. */
  leave(): void {
    const draft = { base: this.base, text: this.text, from: 0, to: 0 };
    this.settle(this.text);
    void commands.save(this.uid, draft, true, this.hasTyped);
    this.hasTyped = false;
  }

  /* Saving takes some milliseconds: a key that is to be drawn goes first, where the browser can tell. */
  private flushWhenIdle(): void {
    if (typeof requestIdleCallback !== 'function') this.flush();
    else this.idle = requestIdleCallback(() => this.flush(), { timeout: SAVE_MS });
  }

  /* Saves what is typed while the caret stays. */
  flush(): void {
    const draft = { base: this.base, text: this.text, from: 0, to: 0 };
    this.settle(this.text);
    void commands.save(this.uid, draft, false);
  }
}
