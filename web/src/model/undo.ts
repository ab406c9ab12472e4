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
import { Draft, heldForms } from './draft.js';
import { attach, hang, isWithin, reached, ref, set, swap, unset, unwritten, type Form } from './forms.js';

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

/* Not worth undoing, and different each time. */
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
    const uid = uidOf(report.db_after, e) || uidOf(db, e);
    const isRef = REFS.has(a);
    const value = isRef ? uidOf(report.db_after, v as number) || uidOf(db, v as number) : v;
    if (uid === '' || PASSED_OVER.has(a)) continue;
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

/* The forms that take a step back as far as others have left it; [] when nothing of it is left. */
export function undoForms(db: Db, step: Step): Form[] {
  if (step.changes.some((change) => isTaken(db, change))) return [];
  const made = step.changes.filter((each) => each.attribute === ':block/uid' && each.old === undefined);
  const gone = step.changes.filter((each) => each.attribute === ':block/uid' && each.fresh === undefined);
  const madeUids = new Set(made.map((each) => each.uid));
  const back = comingBack(db, step, gone.map((each) => each.uid));
  const going = new Set([...madeUids].filter((uid) => isUntouched(db, uid, step, madeUids)));
  const isThere = (uid: string): boolean => back.has(uid) || (idOf(db, uid) !== undefined && !going.has(uid));
  const draft = new Draft(db);
  draft.add([...back].flatMap((uid) => restored(db, step, uid)));
  const presence = { isThere, back, made: madeUids };
  undoPlaces(draft, step, presence);
  const { forms } = draft;
  for (const change of step.changes) {
    if (!isThere(change.uid) || back.has(change.uid) || madeUids.has(change.uid) || change.isRef) continue;
    forms.push(...undoValue(db, change));
  }
  forms.push(...undoRefs(db, step, presence));
  forms.push(...[...going].flatMap((uid) => [...unwritten(db, uid), [':db/retractEntity', ref(uid)]]));
  return forms;
}

/* Of what the step took away: what is still away, as far as there is a place for it. */
function comingBack(db: Db, step: Step, gone: readonly string[]): Set<string> {
  const back = new Set(gone.filter((uid) => idOf(db, uid) === undefined));
  const hasPlace = (uid: string): boolean =>
    step.changes.some(({ uid: other, attribute, old }) =>
      (other === uid && attribute === ':node/title') ||
      (attribute === PLACE && old === uid && (back.has(other) || idOf(db, other) !== undefined)));
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
function isUntouched(db: Db, uid: string, step: Step, made: ReadonlySet<string>): boolean {
  const id = idOf(db, uid);
  if (id === undefined) return false;
  const text = step.changes.find((each) => each.uid === uid && each.attribute === TEXT);
  return (
    valueOf(db, id, TEXT) === text?.fresh &&
    valuesOf(db, id, PLACE).every((child) => {
      const below = uidOf(db, child as number);
      return made.has(below) ? isUntouched(db, below, step, made) : isGoingBack(db, below, step);
    })
  );
}

/* Whether the step moved a block here from a parent that is still there. */
function isGoingBack(db: Db, uid: string, step: Step): boolean {
  const from = step.changes.find((each) => each.attribute === PLACE && each.old === uid);
  return from !== undefined && idOf(db, from.uid) !== undefined;
}

/*
 * Makes a block as it was before the step took it away. Its text is put where there must be none: the taking away may be
 * unanswered yet, and fail, and what is still there must not come to a second place.
 */
function restored(db: Db, step: Step, uid: string): Form[] {
  const values = step.changes.filter((each) => each.uid === uid && !each.isRef && each.old !== undefined);
  const value = ({ attribute, old }: Change): unknown =>
    attribute === ':node/title' ? freeTitle(db, shown(old)) : plain(old);
  const made = Object.fromEntries(values.filter((each) => each.attribute !== TEXT).map((each) => [each.attribute, value(each)]));
  const texts = values.filter((each) => each.attribute === TEXT);
  return [made, ...texts.map(({ old }) => swap(uid, TEXT, null, plain(old)))];
}

function freeTitle(db: Db, title: string): string {
  let free = title;
  for (let count = 2; idOfTitle(db, free) !== undefined; count++) free = `${title} (${count})`;
  return free;
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
 * itself, where others have moved the old parent.
 */
function undoPlaces(draft: Draft, step: Step, { isThere, back, made }: Presence): void {
  const places = step.changes.filter((change) => change.attribute === PLACE);
  const goingBack = places.flatMap(({ uid, old }) =>
    typeof old === 'string' && !made.has(old) && isThere(old) && isThere(uid) ? [{ parent: uid, child: old }] : []);
  draft.add(goingBack.filter(({ child }) => back.has(child)).map(({ parent, child }) => attach(parent, child)));
  for (const { parent, child } of goingBack.filter((each) => !back.has(each.child))) {
    const put = places.find((each) => each.fresh === child)?.uid;
    const now = parentOf(draft.db, idOf(draft.db, child)!);
    if ((now === undefined || uidOf(draft.db, now) === put) && !isWithin(draft.db, parent, child)) {
      draft.add([...reached(draft.db, parent), ...hang(draft.db, child, parent)]);
    }
  }
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

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

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
  undo(db: Db): Turn {
    return this.turn(db, this.done, this.undone);
  }

  redo(db: Db): Turn {
    return this.turn(db, this.undone, this.done);
  }

  private turn(db: Db, from: Step[], to: Step[]): Turn {
    for (let step = from.pop(); step; step = from.pop()) {
      const undone = step;
      const forms = undoForms(db, undone);
      if (forms.length > 0) {
        to.push(recordStep(db, forms));
        return { forms, again: (now) => undoForms(now, undone) };
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
