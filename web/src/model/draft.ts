/* Forms that are made one after another, each against the database with those before it. */
import { datascript } from '../../../client/dist/index.js';
import type { Db } from './blocks.js';
import type { Form } from './forms.js';
import { heldForms } from './undo.js';

export class Draft {
  readonly forms: Form[] = [];

  constructor(public db: Db) {}

  add(forms: readonly Form[]): void {
    if (forms.length === 0) return;
    this.forms.push(...forms);
    this.db = datascript.db_with(this.db, heldForms(forms));
  }
}
