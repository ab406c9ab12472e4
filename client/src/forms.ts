/*
 * The forms of a transaction, as far as a client must understand them: where entities are named in
 * them, and what they do to a database that knows the same schema.
 *
 * Attribute and operation positions take a keyword or a string with or without its colon.
 */
import type { Schema } from 'datascript';
import { held, type Held } from './held.js';
import { Keyword, List, entriesOf, isFields, mapOf, type Fields, type Value } from './values.js';

/* A form that is not understood here. The server may take it all the same. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

export interface Lookup {
  readonly attribute: string;
  readonly value: Held;
}

/* An entity: its id, a temporary id, or a lookup ref. */
export type Designator = { readonly id: number } | { readonly tempid: string } | Lookup;

/* One flat step of a transaction. */
export type Step =
  | { readonly op: 'add'; readonly entity: Designator; readonly attribute: string; readonly value: Held | Designator }
  | { readonly op: 'retract'; readonly entity: Designator; readonly attribute: string; readonly value?: Held | Designator }
  | { readonly op: 'retractEntity'; readonly entity: Designator }
  | {
      readonly op: 'cas';
      readonly entity: Designator;
      readonly attribute: string;
      readonly old: Held | Designator | null;
      readonly value: Held | Designator;
    };

const OPERATIONS: Readonly<Record<string, Step['op'] | 'retractAttribute'>> = {
  'db/add': 'add',
  'db/retract': 'retract',
  'db/retractEntity': 'retractEntity',
  'db.fn/retractEntity': 'retractEntity',
  'db/retractAttribute': 'retractAttribute',
  'db.fn/retractAttribute': 'retractAttribute',
  'db/cas': 'cas',
  'db.fn/cas': 'cas',
};

const TRANSACTION_TEMPIDS = ['datomic.tx', 'db/current-tx'];

/* The tempids that maps without one are given begin so. */
const OWN_TEMPID = 'stoa-local-';

export function isOwnTempid(tempid: string): boolean {
  return tempid.startsWith(OWN_TEMPID);
}

/* What an attribute or operation is called, without colon; undefined where the value names none. */
function nameOf(value: Value | undefined): string | undefined {
  if (value instanceof Keyword) {
    return value.name;
  }
  return typeof value === 'string' ? value.replace(/^:/, '') : undefined;
}

function attributeOf(value: Value | undefined): string {
  const name = nameOf(value);
  if (name === undefined) {
    throw new FormError('an attribute that is neither a keyword nor a string');
  }
  return `:${name}`;
}

/* ":a/_b" names ":a/b" from the other side, ":_b" names ":b". */
function forwardOf(attribute: string): string | undefined {
  const forward = attribute.replace(/^(:|.*\/)_/, '$1');
  return forward === attribute ? undefined : forward;
}

function isRef(schema: Schema, attribute: string): boolean {
  return schema[attribute]?.[':db/valueType'] === ':db.type/ref';
}

function isMany(schema: Schema, attribute: string): boolean {
  return schema[attribute]?.[':db/cardinality'] === ':db.cardinality/many';
}

function isMap(value: Value | undefined): value is Fields {
  return value instanceof Map || isFields(value);
}

function itemsOf(value: Value | undefined): readonly Value[] | undefined {
  if (value instanceof List) {
    return value.items;
  }
  if (value instanceof Set) {
    return [...(value as Set<Value>)];
  }
  return Array.isArray(value) ? (value as readonly Value[]) : undefined;
}

/* [attribute value], as opposed to a list of entities. */
export function lookupOf(entity: Value | undefined): Lookup | undefined {
  const [first, value] = Array.isArray(entity) && entity.length === 2 ? (entity as readonly Value[]) : [];
  const isAttribute = first instanceof Keyword || (typeof first === 'string' && first.startsWith(':'));
  return isAttribute ? { attribute: attributeOf(first), value: held(value!) } : undefined;
}

/* Where `rename` is asked for a new name of an entity id, a tempid, or (undefined) a map with neither. */
export type Rename = (entity: number | string | undefined) => Value | undefined;

/* The same forms with the entities in them renamed. */
export function renameEntities(forms: readonly Value[], schema: Schema, rename: Rename): Value[] {
  const one = (value: Value): Value => {
    if (isMap(value)) {
      return map(value);
    }
    return typeof value === 'number' || typeof value === 'string' ? (rename(value) ?? value) : value;
  };
  const ref = (value: Value): Value => {
    const items = lookupOf(value) ? undefined : itemsOf(value);
    return items ? items.map(ref) : one(value);
  };
  const map = (fields: Fields): Value => {
    const entries = entriesOf(fields);
    const hasId = entries.some(([key]) => ['db/id', 'db/ident'].includes(nameOf(key) ?? ''));
    const renamed = entries.map(([key, value]): [Value, Value] => {
      const attribute = attributeOf(key);
      if (attribute === ':db/id') {
        return [key, one(value)];
      }
      const forward = forwardOf(attribute);
      return [key, forward !== undefined || isRef(schema, attribute) ? ref(value) : value];
    });
    const id = hasId ? undefined : rename(undefined);
    return mapOf(id === undefined ? renamed : [[idKey(entries), id], ...renamed]);
  };
  return forms.map((form) => {
    if (!Array.isArray(form)) {
      return isMap(form) ? map(form) : form;
    }
    const [, entity, attribute, ...values] = form as Value[];
    const name = nameOf(attribute);
    const isOfRef = name !== undefined && isRef(schema, `:${name}`);
    return [...form.slice(0, 1), ...(entity === undefined ? [] : [one(entity)]), ...form.slice(2, 3), ...(isOfRef ? values.map(one) : values)] as Value;
  });
}

/* A map keeps its kind of keys, so that it stays a plain object where it was one. */
function idKey(entries: readonly (readonly [Value, Value])[]): Value {
  return entries.every(([key]) => typeof key === 'string') ? ':db/id' : Keyword.of('db/id');
}

/* Gives every map a tempid, so that the server will say which entity it became. */
export function nameMaps(forms: readonly Value[], schema: Schema): Value[] {
  let count = 0;
  return renameEntities(forms, schema, (entity) => (entity === undefined ? `${OWN_TEMPID}${++count}` : undefined));
}

/* The steps of a transaction, in order. Those that are about the transaction's own entity are left out. */
export function stepsOf(forms: readonly Value[], schema: Schema): Step[] {
  return new Flattener(schema).flatten(forms);
}

class Flattener {
  private readonly steps: Step[] = [];
  private unnamed = 0;

  constructor(private readonly schema: Schema) {}

  flatten(forms: readonly Value[]): Step[] {
    for (const form of forms) {
      if (isMap(form)) {
        this.map(form);
      } else if (Array.isArray(form)) {
        this.vector(form as readonly Value[]);
      } else {
        throw new FormError('a form that is neither a vector nor a map');
      }
    }
    return this.steps;
  }

  private vector([operation, named, attributeName, ...values]: readonly Value[]): void {
    const op = OPERATIONS[nameOf(operation) ?? ''];
    if (!op) {
      throw new FormError(`an operation that is not known here: ${String(operation)}`);
    }
    const entity = this.designator(named);
    if (!entity) {
      return;
    }
    if (op === 'retractEntity') {
      this.steps.push({ op, entity });
      return;
    }
    const attribute = attributeOf(attributeName);
    const [first, second] = values;
    if (op === 'cas') {
      const old = first === null || first === undefined ? null : this.value(attribute, first);
      this.steps.push({ op, entity, attribute, old, value: this.value(attribute, second!) });
    } else if (op === 'add') {
      this.steps.push({ op, entity, attribute, value: this.value(attribute, first!) });
    } else if (op === 'retract' && first !== undefined && first !== null) {
      this.steps.push({ op, entity, attribute, value: this.value(attribute, first) });
    } else {
      this.steps.push({ op: 'retract', entity, attribute });
    }
  }

  private map(fields: Fields): Designator | undefined {
    const entries = entriesOf(fields).map(([key, value]) => [attributeOf(key), value] as const);
    const id = entries.find(([attribute]) => attribute === ':db/id')?.[1];
    const entity = id === undefined ? { tempid: `${OWN_TEMPID}unnamed-${++this.unnamed}` } : this.designator(id);
    for (const [attribute, value] of entries) {
      if (entity && attribute !== ':db/id') {
        this.attribute(entity, attribute, value);
      }
    }
    return entity;
  }

  private attribute(entity: Designator, attribute: string, value: Value): void {
    if (attribute === ':db/ident') {
      throw new FormError('attributes are declared on the server');
    }
    const forward = forwardOf(attribute);
    const isExpanded = forward !== undefined || isRef(this.schema, attribute) || isMany(this.schema, attribute);
    const items = isExpanded && !lookupOf(value) ? (itemsOf(value) ?? [value]) : [value];
    for (const item of items) {
      if (forward === undefined) {
        this.steps.push({ op: 'add', entity, attribute, value: this.value(attribute, item) });
      } else {
        this.steps.push({ op: 'add', entity: this.ref(item), attribute: forward, value: entity });
      }
    }
  }

  private value(attribute: string, value: Value): Held | Designator {
    if (value === undefined || value === null) {
      throw new FormError(`no value of ${attribute}`);
    }
    return isRef(this.schema, attribute) ? this.ref(value) : held(value);
  }

  private ref(value: Value): Designator {
    const designator = isMap(value) ? this.map(value) : this.designator(value);
    if (!designator) {
      throw new FormError('a ref to the transaction');
    }
    return designator;
  }

  /* Undefined: the transaction's own entity. */
  private designator(value: Value | undefined): Designator | undefined {
    if (typeof value === 'number') {
      return value < 0 ? { tempid: String(value) } : { id: value };
    }
    const lookup = lookupOf(value);
    if (lookup) {
      return lookup;
    }
    const name = nameOf(value);
    if (name !== undefined && TRANSACTION_TEMPIDS.includes(name)) {
      return undefined;
    }
    if (typeof value === 'string' && !value.startsWith(':')) {
      return { tempid: value };
    }
    throw new FormError('an entity that is not known here');
  }
}
