/*
 * Undo and redo of one's own edits, among the edits of others.
 *
 * A step is what one edit changed: facts that came and went, by uid. Undoing makes new forms against the database as
 * it is then, and takes back only what is still as the step left it:
 *
 *   a value that someone else has changed since stays theirs; of a text, the step's change alone is taken out of it
 *   a block that the step made goes, unless someone has written in it or below it
 *   a block that the step took away comes back with its uid, its text, its place and what referred to it, unless
 *   someone has taken away its place
 *   a move is taken back unless someone has moved the block on
 *   a renaming stays when another page has the old title by now; a page that comes back then gets a title like it
 *
 * Redoing is undoing the undoing: the forms of an undo are recorded as a step of their own.
 */
import { datascript, mergeText } from '../../../client/dist/index.js';
import { idOf, idOfTitle, parentOf, shown, uidOf, valueOf, valuesOf, type Db } from './blocks.js';
import { heldForms } from './draft.js';
import { attach, freeTitle, hang, isLost, reached, ref, set, swap, unset, unwritten, wayUp, type Form } from './forms.js';

type Scalar = unknown;

interface Change {
  readonly uid: string;
  readonly attribute: string;
  /* What went and what came; a block is named by its uid. */
  readonly old: Scalar | undefined;
  readonly fresh: Scalar | undefined;
  readonly isRef: boolean;
}

export interface Step {
  readonly changes: readonly Change[];
  /* Edits of one run of typing have one name, and are one step. */
  readonly run: string | undefined;
}

/* Not worth undoing, and different each time; but a block that comes back is as old as it was. */
const PASSED_OVER = new Set([':edit/time', ':create/time']);

const PLACE = ':block/children';
const TEXT = ':block/string';
const REFS = new Set([PLACE, ':block/refs']);

/* The steps kept; the oldest go. */
const STEPS_MAX = 500;

/* What forms change when they are applied to a database; throws where DataScript refuses them. */
export function recordStep(db: Db, forms: readonly Form[], run?: string): Step {
  const report = datascript.transact(datascript.conn_from_db(db), heldForms(forms));
  const net = new Map<string, { uid: string; attribute: string; value: unknown; count: number }>();
  for (const { e, a, v, tx } of report.tx_data) {
    const known = uidOf(report.db_after, e);
    const uid = known || uidOf(db, e);
    const isRef = REFS.has(a);
    const value = isRef ? uidOf(report.db_after, v as number) || uidOf(db, v as number) : v;
    const isKept = known === '' && a === ':create/time';
    if (uid === '' || (PASSED_OVER.has(a) && !isKept)) continue;
    const key = JSON.stringify([uid, a, value]);
    const entry = net.get(key) ?? { uid, attribute: a, value, count: 0 };
    entry.count += tx < 0 ? -1 : 1;
    net.set(key, entry);
  }
  return { changes: pairUp([...net.values()].filter((each) => each.count !== 0)), run };
}

/* One change for the old and the new value of an attribute with one value. */
function pairUp(entries: { uid: string; attribute: string; value: unknown; count: number }[]): Change[] {
  const changes = new Map<string, Change>();
  for (const { uid, attribute, value, count } of entries) {
    const isRef = REFS.has(attribute);
    const key = JSON.stringify(isRef ? [uid, attribute, value] : [uid, attribute]);
    const known = changes.get(key) ?? { uid, attribute, old: undefined, fresh: undefined, isRef };
    changes.set(key, count > 0 ? { ...known, fresh: value } : { ...known, old: value });
  }
  return [...changes.values()].filter((change) => change.old !== change.fresh);
}

function add<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/* A step by what is looked for in it. */
class Traces {
  private readonly changes = new Map<string, Change[]>();
  /* Uids of parents, by those of their children: where the step took them from, and where it put them. */
  readonly from = new Map<string, string>();
  readonly to = new Map<string, string>();
  readonly made = new Set<string>();
  readonly gone = new Set<string>();

  constructor(step: Step) {
    for (const change of step.changes) {
      const { uid, attribute, old, fresh } = change;
      add(this.changes, uid, change);
      if (attribute === PLACE && typeof old === 'string') this.from.set(old, uid);
      if (attribute === PLACE && typeof fresh === 'string') this.to.set(fresh, uid);
      if (attribute === ':block/uid') (old === undefined ? this.made : this.gone).add(uid);
    }
  }

  of(uid: string): readonly Change[] {
    return this.changes.get(uid) ?? [];
  }
}

/* The forms that take a step back as far as others have left it; [] when nothing of it is left. `now` as in edit.ts. */
export function undoForms(db: Db, step: Step, now: number): Form[] {
  if (step.changes.some((change) => isTaken(db, change))) return [];
  const traces = new Traces(step);
  const { made } = traces;
  const back = comingBack(db, traces);
  const going = new Set([...made].filter((uid) => isUntouched(db, uid, traces)));
  const isThere = (uid: string): boolean => back.has(uid) || (idOf(db, uid) !== undefined && !going.has(uid));
  const presence = { isThere, back, made };
  const kept = step.changes.filter(({ uid, isRef }) => !isRef && isThere(uid) && !back.has(uid) && !made.has(uid));
  return [
    ...[...back].flatMap((uid) => restored(db, traces.of(uid), now)),
    ...undoPlaces(db, traces, presence),
    ...kept.flatMap((change) => undoValue(db, change)),
    ...undoRefs(db, step, presence),
    ...[...going].flatMap((uid) => [...unwritten(db, uid), [':db/retractEntity', ref(uid)]]),
  ];
}

/* Of what the step took away: what is still away, as far as there is a place for it. */
function comingBack(db: Db, traces: Traces): Set<string> {
  const back = new Set([...traces.gone].filter((uid) => idOf(db, uid) === undefined));
  const hasPlace = (uid: string): boolean => {
    const parent = traces.from.get(uid);
    const isPage = traces.of(uid).some(({ attribute }) => attribute === ':node/title');
    return isPage || (parent !== undefined && (back.has(parent) || idOf(db, parent) !== undefined));
  };
  for (let size = -1; size !== back.size; ) {
    size = back.size;
    for (const uid of back) if (!hasPlace(uid)) back.delete(uid);
  }
  return back;
}

/* Whether the title that a page had has become another page's. */
function isTaken(db: Db, { uid, attribute, old, fresh }: Change): boolean {
  if (attribute !== ':node/title' || old === undefined || fresh === undefined) return false;
  const id = idOfTitle(db, shown(old));
  return id !== undefined && uidOf(db, id) !== uid;
}

/* Whether a block that the step made is there, and its text and what is below it are nobody else's. */
function isUntouched(db: Db, uid: string, traces: Traces): boolean {
  const id = idOf(db, uid);
  if (id === undefined) return false;
  const text = traces.of(uid).find((each) => each.attribute === TEXT);
  return (
    valueOf(db, id, TEXT) === text?.fresh &&
    valuesOf(db, id, PLACE).every((child) => {
      const below = uidOf(db, child as number);
      return traces.made.has(below) ? isUntouched(db, below, traces) : isGoingBack(db, below, traces);
    })
  );
}

/* Whether the step moved a block here from a parent that is still there. */
function isGoingBack(db: Db, uid: string, { from }: Traces): boolean {
  const parent = from.get(uid);
  return parent !== undefined && idOf(db, parent) !== undefined;
}

/*
 * Makes a block as it was before the step took it away. Its text is put where there must be none: the taking away may be
 * unanswered yet, and fail, and what is still there must not come to a second place. Its time of editing is another: what
 * was to be done to a block that hung nowhere (unplaced in forms.ts) is not done to this one.
 */
function restored(db: Db, changes: readonly Change[], now: number): Form[] {
  const values = changes.filter((each) => !each.isRef && each.old !== undefined);
  const value = ({ attribute, old }: Change): unknown =>
    attribute === ':node/title' ? freeTitle(db, shown(old)) : plain(old);
  const made = Object.fromEntries(values.filter((each) => each.attribute !== TEXT).map((each) => [each.attribute, value(each)]));
  const texts = values.filter((each) => each.attribute === TEXT);
  return [{ ...made, ':edit/time': now }, ...texts.map(({ uid, old }) => swap(uid, TEXT, null, plain(old)))];
}

const plain = (value: Scalar): Scalar => (typeof value === 'string' ? shown(value) : value);

function undoValue(db: Db, { uid, attribute, old, fresh }: Change): Form[] {
  const now = valueOf(db, idOf(db, uid)!, attribute);
  if (now === fresh) {
    if (old === undefined) return now === undefined ? [] : [unset(uid, attribute, plain(now))];
    return [attribute === TEXT && now !== undefined ? swap(uid, attribute, plain(now), plain(old)) : set(uid, attribute, plain(old))];
  }
  const areTexts = [now, old, fresh].every((each) => typeof each === 'string');
  if (attribute !== TEXT || !areTexts) return [];
  const merged = mergeText(shown(fresh), shown(old), shown(now));
  return merged === shown(now) ? [] : [swap(uid, attribute, plain(now), merged)];
}

interface Presence {
  readonly isThere: (uid: string) => boolean;
  readonly back: ReadonlySet<string>;
  readonly made: ReadonlySet<string>;
}

function undoRefs(db: Db, step: Step, { isThere, made }: Presence): Form[] {
  return step.changes.flatMap(({ uid, attribute, old, fresh, isRef }) => {
    const target = (old ?? fresh) as string;
    if (!isRef || attribute === PLACE || made.has(uid) || !isThere(uid) || !isThere(target)) return [];
    const [from, to] = [idOf(db, uid), idOf(db, target)];
    const isHeld = from !== undefined && to !== undefined && valuesOf(db, from, attribute).includes(to);
    if (fresh !== undefined) return isHeld ? [unset(uid, attribute, ref(target))] : [];
    return isHeld ? [] : [set(uid, attribute, ref(target))];
  });
}

/*
 * A block goes back under its old parent, if that is there, from where the step put it and nowhere else; not into
 * itself, where others have moved the old parent. What hangs nowhere is left to strays.ts.
 */
function undoPlaces(db: Db, { from, to, made }: Traces, { isThere, back }: Presence): Form[] {
  const forms: Form[] = [];
  const moved = new Map<string, string>();
  const leaving = new Map<string, string[]>(); // children by where they go
  for (const [child, parent] of from) {
    if (made.has(child) || !isThere(child) || !isThere(parent)) continue;
    if (back.has(child)) {
      moved.set(child, parent);
      forms.push(attach(parent, child));
    } else if (isAt(db, child, to.get(child))) {
      add(leaving, parent, child);
    }
  }
  for (const [parent, children] of leaving) {
    const way = wayUp(db, parent, moved);
    const going = isLost(db, way.at(-1)!) ? [] : children.filter((child) => !way.includes(child));
    if (going.length > 0) forms.push(...reached(db, parent, moved));
    for (const child of going) {
      forms.push(...hang(db, child, parent));
      moved.set(child, parent);
    }
  }
  return forms;
}

function isAt(db: Db, uid: string, parent: string | undefined): boolean {
  const now = parentOf(db, idOf(db, uid)!);
  return now !== undefined && uidOf(db, now) === parent;
}

/* What undoes a step, and what does when others have changed the graph meanwhile. */
export interface Turn {
  readonly forms: readonly Form[];
  readonly again: (db: Db) => readonly Form[];
}

/* The steps that can be undone and redone. It is told of one's own edits only. */
export class History {
  private done: Step[] = [];
  private undone: Step[] = [];

  /* An edit that is about to be made. With the `run` of the last one it joins that step. */
  add(db: Db, forms: readonly Form[], run?: string): void {
    const step = recordStep(db, forms, run);
    if (step.changes.length === 0) return;
    const last = this.done.at(-1);
    this.undone = [];
    if (last && run !== undefined && last.run === run) {
      this.done[this.done.length - 1] = joined(last, step);
    } else {
      this.done = [...this.done, step].slice(-STEPS_MAX);
    }
  }

  /* The last step's undoing; steps of which nothing is left are passed over. */
  undo(db: Db, now: number): Turn {
    return this.turn(db, this.done, this.undone, now);
  }

  redo(db: Db, now: number): Turn {
    return this.turn(db, this.undone, this.done, now);
  }

  private turn(db: Db, from: Step[], to: Step[], now: number): Turn {
    for (let step = from.pop(); step; step = from.pop()) {
      const undone = step;
      const forms = undoForms(db, undone, now);
      if (forms.length > 0) {
        to.push(recordStep(db, forms));
        return { forms, again: (later) => undoForms(later, undone, now) };
      }
    }
    return { forms: [], again: () => [] };
  }
}

/* Two steps as one: the oldest old and the newest new value of each. */
function joined(first: Step, second: Step): Step {
  const keyOf = (change: Change): string =>
    JSON.stringify([change.uid, change.attribute, change.isRef ? (change.old ?? change.fresh) : 0]);
  const changes = new Map(first.changes.map((change) => [keyOf(change), change]));
  for (const change of second.changes) {
    const known = changes.get(keyOf(change));
    changes.set(keyOf(change), known ? { ...known, fresh: change.fresh } : change);
  }
  return { changes: [...changes.values()].filter((change) => change.old !== change.fresh), run: first.run };
}
