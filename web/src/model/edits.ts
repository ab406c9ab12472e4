/*
 * One person's edits on their way into a graph that others change too.
 *
 * An edit is a function of a database. When the server refuses one because someone else was there first, it is made
 * again from what is there now; it is told as rejected only when that fails too. What someone else put below a block
 * that one took away is given another place (strays.ts).
 */
import { RequestError, type Transaction } from '../../../client/dist/index.js';
import type { Db } from './blocks.js';
import { GoneError, isLost, unplacedIn, type Form } from './forms.js';
import { Strays } from './strays.js';
import { History } from './undo.js';

export type EditFn = (db: Db) => readonly Form[];

/* The way to the server, and what is known of it. */
export interface Line {
  /* What is shown: the own edits that are not answered yet, on top of what the server sent. */
  shown(): Db;
  /* What the server sent. */
  sent(): Db;
  /* Shows forms at once. Resolves when the server has taken them and sent what they changed; rejects with a RequestError. */
  transact(forms: readonly Form[]): Promise<unknown>;
  /* What is told when an edit cannot be made, with the texts that it would have written. */
  rejected(error: Error, texts: readonly string[]): void;
}

/* An edit that loses again and again is told as rejected. */
const TRIES_MAX = 5;

const UNSETTLED = 'A block of this edit is about to be given another place. Make the edit again when it has one.';

export class Edits {
  private readonly history = new History();
  private readonly strays: Strays;
  /* Undoings and redoings: an edit that one of them may have been about is not made again. */
  private turns = 0;

  constructor(private readonly line: Line) {
    this.strays = new Strays(line);
  }

  /* Resolves, whatever became of the edit, when the server has answered. Edits of one `run` that follow each other are undone together. */
  async edit(fn: EditFn, run?: string): Promise<void> {
    const forms = this.formsOf(fn);
    if (forms.length === 0) return;
    this.note(forms, run);
    await this.send(forms, fn);
  }

  /* An edit that nobody would think of undoing, such as the page that opening a link makes. */
  async prepare(fn: EditFn): Promise<void> {
    await this.send(this.formsOf(fn), fn);
  }

  /* The same, for who waits for it: rejects when it cannot be made. */
  async load(fn: EditFn): Promise<void> {
    for (let tries = 1; ; tries++) {
      const forms = fn(this.line.shown());
      const problem = forms.length > 0 ? await this.problemOf(forms) : undefined;
      if (problem === undefined) return;
      if (!isBeaten(problem) || tries === TRIES_MAX) throw problem;
    }
  }

  async undo(): Promise<void> {
    this.turns++;
    const { forms, again } = this.history.undo(this.line.shown(), Date.now());
    await this.send(forms, again);
  }

  async redo(): Promise<void> {
    this.turns++;
    const { forms, again } = this.history.redo(this.line.shown(), Date.now());
    await this.send(forms, again);
  }

  /* Forms that are about to be sent in another way, as a step that can be undone. */
  note(forms: readonly Form[], run?: string): void {
    this.history.add(this.line.shown(), forms, run);
  }

  /* A transaction has come, one's `own` or another's. */
  saw(datoms: Transaction['datoms'], isOwn: boolean): void {
    this.strays.saw(isOwn ? datoms : []);
  }

  private async send(first: readonly Form[], fn: EditFn): Promise<void> {
    let forms = first;
    const { turns } = this;
    for (let tries = 1; forms.length > 0; tries++) {
      const problem = await this.problemOf(forms);
      if (problem === undefined) return;
      const isAgain = isBeaten(problem) && tries < TRIES_MAX && this.turns === turns;
      if (!isAgain) this.line.rejected(problem as Error, textsOf(forms));
      forms = isAgain ? this.formsOf(fn, textsOf(forms)) : [];
      this.strays.tend();
    }
  }

  /* Sends forms; resolves to why they were refused. */
  private problemOf(forms: readonly Form[]): Promise<unknown> {
    return this.line.transact(forms).then(() => undefined, (error: unknown) => error);
  }

  /*
   * An edit of what is not there any more is told as rejected, with the texts that it would have written. So is one of a
   * block that hangs nowhere by an own edit which is not answered: if that is refused, the block has its place still.
   */
  private formsOf(fn: EditFn, texts: readonly string[] = []): readonly Form[] {
    try {
      const forms = fn(this.line.shown());
      if (unplacedIn(forms).every((uid) => isLost(this.line.sent(), uid))) return forms;
      this.line.rejected(new GoneError(UNSETTLED), textsOf(forms));
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
      this.line.rejected(error, texts);
    }
    return [];
  }
}

/* Whether someone else was first: changed what was compared, or took away what was named. */
function isBeaten(problem: unknown): boolean {
  return problem instanceof RequestError && (problem.code === 'conflict' || problem.code === 'not-found');
}

/* The texts that forms would write. */
export function textsOf(forms: readonly Form[]): string[] {
  return forms.flatMap((form) => {
    const text = Array.isArray(form)
      ? form[2] === ':block/string' && form.at(-1)
      : (form as Readonly<Record<string, unknown>>)[':block/string'];
    return typeof text === 'string' ? [text] : [];
  });
}
