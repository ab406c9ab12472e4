/*
 * The optimistic view: the mirror's database with this program's own pending edits on top of it, in a
 * DataScript connection for the application.
 *
 * When the mirror changes, the edits are applied anew on what it holds now; one that cannot be (the
 * entity is gone, a cas fails) is not shown, and what becomes of it is the server's to say. Without
 * pending edits the view is the mirror's database itself.
 *
 * Listeners of the connection get a report for each change with the datoms by which the view differs
 * from what it was; after a snapshot one without datoms whose tx_meta has the type `snapshot`. Pending
 * datoms have the transaction ids of transactions to come.
 */
import datascript, { type Database } from 'datascript';
import type { Edit } from './edit.js';
import { ednRead } from './edn.js';
import { FormError, nameMaps, stepsOf, type Designator, type Lookup, type Step } from './forms.js';
import { held, type Held } from './held.js';
import { Listened } from './listened.js';
import type { LocalIds } from './local_ids.js';
import type { Change, Mirror } from './mirror.js';
import { entityAt, findLookup, mergeChange, textAt } from './text_change.js';
import { List, type Value } from './values.js';

/* An entity and an attribute of it that may have changed. */
type Place = readonly [entity: number, attribute: string];

export class View {
  readonly shown: Listened;
  /* What the pending edits in the view have touched. */
  private touched: Place[] = [];
  /* The edits that the view was made with, and whether the mirror is still what it was then. */
  private edits: readonly Edit[] = [];
  private base: Database;
  private changes: Place[] = [];

  constructor(
    private readonly mirror: Mirror,
    private readonly ids: LocalIds,
  ) {
    this.base = mirror.db;
    this.shown = new Listened(datascript.conn_from_db(mirror.db));
  }

  get db(): Database {
    return this.shown.db;
  }

  /* A string attribute as it is shown; '' where there is none. */
  text(entity: Value, attribute: string): string {
    return textAt(entityAt(entity, this.db, this.ids), attribute, this.db) ?? '';
  }

  /* Prepares an edit: its maps get tempids, so that the server will say which entities they became. */
  prepare(edit: Edit): void {
    if (Array.isArray(edit.txData)) {
      edit.txData = nameMaps(edit.forms, this.mirror.schema);
    }
  }

  /* The mirror has changed; refresh() is to follow. */
  note(changes: readonly Change[]): void {
    changes.forEach(([entity, attribute]) => this.changes.push([entity, attribute]));
  }

  /* Everything may have changed. */
  reset(meta: unknown): void {
    this.base = this.mirror.db;
    this.edits = [];
    this.touched = [];
    this.changes = [];
    this.shown.replace(this.mirror.db);
    this.shown.commit([], meta);
    this.shown.replace(this.mirror.db);
  }

  /* Shows `edits` on top of the mirror as it is. */
  refresh(edits: readonly Edit[]): void {
    const isOnTop = this.base === this.mirror.db && this.edits.every((edit, i) => edits[i] === edit);
    if (isOnTop && edits.length === this.edits.length) {
      return;
    }
    const fresh = isOnTop ? edits.slice(this.edits.length) : edits;
    const before = this.db;
    let after = isOnTop ? before : this.mirror.db;
    const touched: Place[] = isOnTop ? [...this.touched] : [];
    const aliases = new Map<number, number>();
    for (const edit of fresh) {
      after = this.apply(edit, after, touched, aliases);
    }
    const places = [...this.changes, ...this.touched, ...touched];
    this.base = this.mirror.db;
    this.edits = [...edits];
    this.touched = touched;
    this.changes = [];
    if (after !== before) {
      const forms = differences(before, after, places);
      if (forms.length > 0) {
        this.shown.commit(forms, { type: 'pending' });
      }
      this.shown.replace(after);
    }
  }

  private apply(edit: Edit, db: Database, touched: Place[], aliases: Map<number, number>): Database {
    try {
      const forms = edit.text ? this.textForms(edit, db) : this.forms(edit, db, aliases);
      const report = datascript.transact(datascript.conn_from_db(db), forms);
      report.tx_data.forEach(({ e, a }) => touched.push([e, a]));
      return report.db_after;
    } catch {
      // DataScript's refusals are plain Errors. The server's answer is the one that counts.
      return db;
    }
  }

  /*
   * The edit moves along with the text under it, step by step: merged anew from where it began, what two
   * people inserted at one place could change its order, and what was removed from it come back.
   */
  private textForms(edit: Edit, db: Database): unknown[][] {
    const { entity, attribute } = edit.text!;
    const id = entityAt(entity, db, this.ids);
    const now = textAt(id, attribute, db);
    edit.text = { entity, attribute, base: now ?? '', mine: mergeChange(edit.text!, now) };
    return [[':db/add', id, attribute, held(edit.text.mine)]];
  }

  private forms(edit: Edit, db: Database, aliases: Map<number, number>): unknown[][] {
    const steps = stepsOf(formsOf(edit.txData), this.mirror.schema);
    const names = this.bind(edit, steps, db, aliases);
    const find = (entity: Designator): number => this.find(entity, db, names, aliases);
    const value = (of: Held | Designator): Held => (isDesignator(of) ? find(of) : of);
    return steps.map((step): unknown[] => {
      switch (step.op) {
        case 'add':
          return [':db/add', find(step.entity), step.attribute, value(step.value)];
        case 'cas':
          return [':db.fn/cas', find(step.entity), step.attribute, step.old === null ? null : value(step.old), value(step.value)];
        case 'retractEntity':
          return [':db.fn/retractEntity', find(step.entity)];
        case 'retract':
          return step.value === undefined
            ? [':db.fn/retractAttribute', find(step.entity), step.attribute]
            : [':db/retract', find(step.entity), step.attribute, value(step.value)];
      }
    });
  }

  /* The entity of each tempid: who has its identity already, or else a local id, always the same. */
  private bind(edit: Edit, steps: readonly Step[], db: Database, aliases: Map<number, number>): Names {
    const bound = new Map<string, number>();
    const claimed = new Map<string, string>(); // identity -> the first tempid that has it
    const same = new Map<string, string>();
    for (const step of steps) {
      if (step.op !== 'add' || !('tempid' in step.entity) || isDesignator(step.value)) {
        continue;
      }
      if (this.mirror.schema[step.attribute]?.[':db/unique'] !== ':db.unique/identity') {
        continue;
      }
      const { tempid } = step.entity;
      const id = findLookup({ attribute: step.attribute, value: step.value }, db);
      if (id !== undefined) {
        bound.set(tempid, id);
      }
      const identity = identityOf({ attribute: step.attribute, value: step.value });
      same.set(tempid, claimed.get(identity) ?? tempid);
      claimed.set(identity, same.get(tempid)!);
    }
    for (const tempid of steps.flatMap(tempidsOf)) {
      const first = same.get(tempid) ?? tempid;
      const local = this.localOf(edit, first);
      if (!bound.has(tempid)) {
        bound.set(tempid, bound.get(first) ?? local);
      }
      aliases.set(local, bound.get(tempid)!);
    }
    return { bound, claimed };
  }

  private localOf(edit: Edit, tempid: string): number {
    const id = edit.localIds.get(tempid) ?? this.ids.allocate();
    edit.localIds.set(tempid, id);
    return id;
  }

  /* A lookup ref may name an entity that the same edit makes. */
  private find(entity: Designator, db: Database, { bound, claimed }: Names, aliases: ReadonlyMap<number, number>): number {
    if ('id' in entity) {
      return aliases.get(entity.id) ?? this.ids.resolve(entity.id) ?? entity.id;
    }
    const id =
      'tempid' in entity
        ? bound.get(entity.tempid)
        : (findLookup(entity, db) ?? bound.get(claimed.get(identityOf(entity)) ?? ''));
    if (id === undefined) {
      throw new FormError('an entity that is not there');
    }
    return id;
  }
}

/* The entities of an edit's tempids, and the tempid of each identity that the edit gives. */
interface Names {
  readonly bound: ReadonlyMap<string, number>;
  readonly claimed: ReadonlyMap<string, string>;
}

function identityOf({ attribute, value }: Lookup): string {
  return `${attribute} ${JSON.stringify(value)}`;
}

function formsOf(txData: Value): readonly Value[] {
  const forms = typeof txData === 'string' ? ednRead(txData) : txData;
  return forms instanceof List ? forms.items : (forms as readonly Value[]);
}

function isDesignator(value: Held | Designator | null | undefined): value is Designator {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

function tempidsOf(step: Step): string[] {
  const designators = [step.entity, 'value' in step && isDesignator(step.value) ? step.value : undefined];
  return designators.flatMap((designator) => (designator && 'tempid' in designator ? [designator.tempid] : []));
}

/* Flat forms that make of `before` what `after` is at these places; retractions come first. */
function differences(before: Database, after: Database, places: readonly Place[]): unknown[][] {
  const seen = new Set<string>();
  const retracted: unknown[][] = [];
  const added: unknown[][] = [];
  for (const [entity, attribute] of places) {
    const key = `${entity} ${attribute}`;
    if (seen.has(key)) {
      continue;
    }
    seen.add(key);
    const [old, now] = [before, after].map((db) => valuesAt(db, entity, attribute));
    old!.forEach((value, id) => now!.has(id) || retracted.push([':db/retract', entity, attribute, value]));
    now!.forEach((value, id) => old!.has(id) || added.push([':db/add', entity, attribute, value]));
  }
  return [...retracted, ...added];
}

function valuesAt(db: Database, entity: number, attribute: string): Map<string, unknown> {
  const datoms = datascript.datoms(db, ':eavt', entity, attribute);
  return new Map(datoms.map(({ v }) => [v instanceof Date ? `date ${v.getTime()}` : `${typeof v} ${String(v)}`, v]));
}

