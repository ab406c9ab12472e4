/*
 * Several people at one outline, thousands of times over: a server between them that takes transactions one by one, lines
 * on which edits and their answers wait, and the model's own edits, undoings and rescues. In whatever order all that
 * comes, no block may be left in two places, in a circle, or nowhere.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../client/dist/index.js';
import { Random, seedOf } from '../../tests/e2e/random.mjs';
import { idOf, readBlock, rowsBelow } from '../out/model/blocks.js';
import * as edit from '../out/model/edit.js';
import { Edits } from '../out/model/edits.js';
import { Plan, stillToMake } from '../out/model/import/plan.js';
import { restoreBlock, restorePage } from '../out/model/past.js';
import { mergePages } from '../out/model/page_edits.js';
import { NOW, apply, faultsOf, outline, pastOf, transacted } from './outline.mjs';

const ROUNDS = Number(process.env.STOA_ROUNDS ?? 150);
const STEPS = 60;

class Server {
  log = [];
  history = []; // what it was asked, in functions: only what fails is written

  constructor(db) {
    this.db = db;
  }

  /* Throws what the real one answers with. */
  transact(forms, author) {
    let transaction;
    try {
      transaction = transacted(this.db, forms);
    } catch (error) {
      this.history.push(() => `${author.name} is refused ${JSON.stringify(forms)}: ${error.message}`);
      throw new RequestError(/cas/.test(error.message) ? 'conflict' : 'not-found', error.message, undefined);
    }
    this.history.push(() => `${author.name} changes ${JSON.stringify(forms)}`);
    this.db = transaction.db;
    this.log.push({ ...transaction, author });
    return this.log.length;
  }
}

/* An edit that cannot be applied is not shown. */
function withForms(db, { forms }) {
  try {
    return apply(db, forms);
  } catch {
    return db;
  }
}

class Person {
  t = 0;
  pending = []; // {forms, t, resolve, reject}: `t` is there when it is answered
  told = [];

  constructor(name, server, random) {
    Object.assign(this, { name, server, random, mirror: server.db, past: pastOf(server.db) });
    this.edits = new Edits(this);
  }

  sent() {
    return this.mirror;
  }

  shown() {
    this.known ??= this.pending.reduce(withForms, this.mirror);
    return this.known;
  }

  transact(forms) {
    this.known = withForms(this.shown(), { forms });
    return new Promise((resolve, reject) => this.pending.push({ forms, resolve, reject }));
  }

  rejected(error) {
    this.told.push(error.message);
  }

  /* The first edit that is not answered reaches the server. */
  send() {
    const next = this.pending.find(({ t }) => t === undefined);
    if (!next) return;
    try {
      next.t = this.server.transact(next.forms, this);
    } catch (error) {
      this.pending.splice(this.pending.indexOf(next), 1);
      this.known = undefined;
      next.reject(error);
    }
  }

  /* The next transaction comes. */
  receive() {
    const entry = this.server.log[this.t];
    if (!entry) return;
    this.t += 1;
    this.mirror = entry.db;
    this.known = undefined;
    const done = this.pending.filter(({ t }) => t !== undefined && t <= this.t);
    this.pending = this.pending.filter((each) => !done.includes(each));
    done.forEach(({ resolve }) => resolve());
    this.edits.saw(entry.datoms, entry.author === this);
  }

  /* A file that others import too. */
  async import() {
    for (const { forms } of new Plan(this.shown(), IMPORTED, Date.now(), () => this.random.name(8)).batches()) {
      await this.edits.load((db) => stillToMake(db, forms)).catch(({ message }) => this.told.push(message));
    }
  }

  undo() {
    return this.edits.undo();
  }

  redo() {
    return this.edits.redo();
  }

  /* Something that makes sense where the person is, as the keyboard would do it. */
  act() {
    const { random } = this;
    const now = Date.now();
    const shown = this.shown();
    const page = random.pick(['p', 'o']);
    const pageId = idOf(shown, page);
    const rows = pageId === undefined ? [] : rowsBelow(shown, pageId).map((row) => row.uid);
    if (rows.length === 0) return undefined;
    const uid = random.pick(rows);
    const text = readBlock(shown, uid).text;
    const fresh = random.name(8);
    const root = random.chance(0.2) ? random.pick(rows) : page; // zoomed in
    const several = [...new Set([uid, random.pick(rows), random.pick(rows)])];
    const paste = (name) => edit.tree(name, name, [edit.tree(`${name}1`, 'one', [edit.tree(`${name}11`, 'below')]), edit.tree(`${name}2`, 'two')]);
    const ACTS = {
      split: (db) => edit.split(db, root, uid, text, random.below(text.length + 1), fresh, now)?.forms,
      merge: (db) => edit.mergeUp(db, root, uid, text, now)?.forms,
      indent: (db) => edit.indent(db, [uid])?.forms,
      outdent: (db) => edit.outdent(db, root, [uid])?.forms,
      shift: (db) => edit.shift(db, [uid], random.pick([-1, 1]))?.forms,
      move: (db) => edit.moveTo(db, edit.topmost(db, several), random.pick(rows), 0),
      write: (db) => edit.setText(db, uid, `${text}${fresh[0]}`, true, now),
      remove: (db) => edit.remove(db, edit.topmost(db, several.slice(0, 2))),
      paste: (db) => edit.insert(db, uid, 0, [paste(fresh)], now),
      restore: (db) => restorePage(db, this.past, now),
      bring: (db) => restoreBlock(db, 'p', 'a', random.pick(this.past.children), now),
      joinPages: (db) => (['p', 'o'].every((each) => idOf(db, each) !== undefined) ? mergePages(db, page, page === 'p' ? 'o' : 'p', now) : []),
    };
    const fn = ACTS[random.chance(0.03) ? random.pick(Object.keys(ACTS)) : random.pick(Object.keys(ACTS).slice(0, 9))];
    return this.edits.edit((db) => fn(db) ?? []);
  }
}

const OUTLINE = 'a\n  b\n    c\nd\n  e\nf\ng';

function start() {
  const db = apply(outline(OUTLINE), [{ ':block/uid': 'o', ':node/title': 'Other' }]);
  return apply(db, edit.insert(db, 'o', 0, [edit.tree('x', 'x', [edit.tree('y', 'y')]), edit.tree('z', 'z')], NOW));
}

const START = start();

const IMPORTED = [
  { title: 'Page', children: [{ uid: 'i', text: 'i', children: [{ uid: 'j', text: 'see ((k))', children: [] }] }] },
  { title: 'Other', children: [{ uid: 'k', text: 'k', children: [{ uid: 'l', text: 'l', children: [] }] }] },
];

/* What hangs on awaiting has its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function play(random) {
  const server = new Server(START);
  const people = ['Plato', 'Sappho', 'Zeno'].map((name) => new Person(name, server, random));
  const lag = random.pick([1, 2, 4]); // how much is done for each thing that is sent or comes
  for (let step = 0; step < STEPS; step++) {
    const person = random.pick(people);
    const isDoing = random.below(lag + 1) > 0;
    const does = isDoing ? ['act', 'act', 'act', 'undo', 'redo'] : ['send', 'receive'];
    void person[random.chance(0.01) ? 'import' : random.pick(does)]();
    await turn();
  }
  const isBusy = (person) => person.pending.length > 0 || person.t < server.log.length;
  for (let i = 0; people.some(isBusy); i++) {
    assert(i < 10_000, 'all is still at last');
    const person = random.pick(people.filter(isBusy));
    if (random.chance(0.5)) person.send();
    else person.receive();
    await turn();
  }
  return server;
}

test(`${ROUNDS} times three people: every block ends in one place below a page`, async (t) => {
  const random = new Random(seedOf(t));
  for (let round = 0; round < ROUNDS; round++) {
    const seed = random.below(2 ** 31);
    const { db, history } = await play(new Random(seed));
    const faults = faultsOf(db);
    if (faults.length > 0) {
      assert.fail(`round ${round}, ${seed}: ${faults.join(', ')}\n${history.map((line) => line()).join('\n')}`);
    }
  }
});
