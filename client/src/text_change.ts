/*
 * Edits of strings that several people type in at once. Such an edit is what the user saw and what
 * the user made of it; what is applied and sent is its merge with what the string is by then, as a
 * compare-and-set, so that nobody's typing is overwritten.
 */
import datascript, { type Database } from 'datascript';
import type { TextChange } from './edit.js';
import { FormError, lookupOf, type Lookup } from './forms.js';
import { unheld, type Held } from './held.js';
import type { LocalIds } from './local_ids.js';
import { mergeText } from './merge_text.js';
import { Keyword, type Value } from './values.js';

/* The entity of an id, a local one too, or of a lookup ref; undefined where there is none. */
export function entityAt(entity: Value, db: Database, ids: LocalIds): number | undefined {
  if (typeof entity === 'number') {
    return ids.resolve(entity) ?? entity;
  }
  const lookup = lookupOf(entity);
  return lookup && findLookup(lookup, db);
}

/* Undefined too where the attribute is not unique in this database, or not yet. */
export function findLookup({ attribute, value }: Lookup, db: Database): number | undefined {
  try {
    return datascript.datoms(db, ':avet', attribute, value)[0]?.e;
  } catch {
    return undefined; // DataScript refuses to search what it has no index of
  }
}

/* A string attribute; undefined where there is none. */
export function textAt(entity: number | undefined, attribute: string, db: Database): string | undefined {
  const [datom] = entity === undefined ? [] : datascript.datoms(db, ':eavt', entity, attribute);
  const value = datom && unheld(datom.v as Held);
  if (value !== undefined && typeof value !== 'string') {
    throw new FormError(`${attribute} of ${entity} is no text`);
  }
  return value;
}

/* What the change makes of the text as it is now. */
export function mergeChange({ base, mine }: TextChange, now: string | undefined): string {
  const theirs = now ?? '';
  return theirs === base ? mine : mergeText(base, mine, theirs);
}

/* The forms to send, given what the mirror holds. */
export function textForms(change: TextChange, db: Database, ids: LocalIds): Value[] {
  const { entity, attribute } = change;
  const now = textAt(entityAt(entity, db, ids), attribute, db);
  return [[Keyword.of('db/cas'), entity, Keyword.of(attribute.slice(1)), now ?? null, mergeChange(change, now)]];
}
