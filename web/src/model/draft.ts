/* Forms that are made one after another, each against the database with those before it. */
import { datascript, held } from '../../../client/dist/index.js';
import type { Db } from './blocks.js';
import type { Form } from './forms.js';

/* Forms with their texts as a mirror holds them, ready for DataScript. */
export function heldForms(forms: readonly Form[]): readonly (readonly unknown[])[] {
  const holdAll = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(holdAll);
    if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, holdAll(item)]));
    }
    return typeof value === 'string' ? held(value) : value;
  };
  return holdAll(forms) as readonly (readonly unknown[])[];
}

export class Draft {
  readonly forms: Form[] = [];

  constructor(public db: Db) {}

  add(forms: readonly Form[]): void {
    if (forms.length === 0) return;
    this.forms.push(...forms);
    this.db = datascript.db_with(this.db, heldForms(forms));
  }
}
