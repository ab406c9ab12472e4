/*
 * Random transactions against a graph and against npm's datascript, whose databases must be equal
 * after each. The npm package cannot serve as an oracle for keywords, doubles that are whole, and
 * tuples; and it numbers new entities in an order of its own, so these are matched by their tempids.
 */
import assert from 'node:assert/strict';
import { RequestError, datascript } from '../../client/dist/index.js';
import { assertSameKeys, mirrorKeys, stoaTest } from './harness.mjs';
import { Random, seedOf } from './random.mjs';

const ROUNDS = Number(process.env.STOA_ROUNDS ?? 600);

const SCHEMA = {
  ':name': { ':db/unique': ':db.unique/identity' },
  ':email': { ':db/unique': ':db.unique/identity' },
  ':badge': { ':db/unique': ':db.unique/value' },
  ':friend': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
  ':p/boss': { ':db/valueType': ':db.type/ref' },
  ':part': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many', ':db/isComponent': true },
  ':tag': { ':db/cardinality': ':db.cardinality/many' },
};

const NAMES = Array.from({ length: 12 }, (_, i) => `n${i}`);

class Forms {
  constructor(random) {
    this.random = random;
  }

  eid() {
    return this.random.chance(0.6) ? this.known() : this.tempid();
  }

  tempid() {
    const { random } = this;
    return random.chance(0.7) ? -1 - random.below(3) : `t${random.below(2)}`;
  }

  known() {
    return this.random.chance(0.7) ? 1 + this.random.below(NAMED) : [':name', this.random.pick(NAMES)];
  }

  scalar() {
    const { random } = this;
    return random.pick([() => random.below(5), () => `s${random.below(5)}`, () => random.chance(0.5), () => random.below(9) + 0.5])();
  }

  /* An attribute and a value; `ref` gives the entity that it refers to. */
  pair(ref = () => this.eid()) {
    const { random } = this;
    return random.pick([
      () => [':name', random.pick(NAMES)],
      () => [':email', random.pick(NAMES)],
      () => [':badge', random.below(20)],
      () => [':age', this.scalar()],
      () => [':tag', this.scalar()],
      () => [':friend', ref()],
      () => [':p/boss', ref()],
      () => [':part', ref()],
    ])();
  }

  /* A map form; values of `:tag` may be several, and refs may be nested maps. */
  map(depth) {
    const { random } = this;
    const form = { ':db/id': this.eid() };
    for (let i = 0; i <= random.below(3); i++) {
      const [attribute, value] = this.pair();
      form[attribute] = value;
    }
    if (random.chance(0.3)) form[':tag'] = [this.scalar(), this.scalar()];
    if (depth < 2 && random.chance(0.3)) form[random.pick([':friend', ':part'])] = [this.map(depth + 1)];
    if (random.chance(0.1)) form[':p/_boss'] = this.eid();
    return form;
  }

  form() {
    const { random } = this;
    return random.pick([
      () => [':db/add', this.eid(), ...this.pair()],
      () => [':db/add', this.eid(), ...this.pair()],
      () => [':db/retract', this.known(), ...this.pair(() => this.known())],
      () => [':db/retract', this.known(), random.pick([':age', ':tag', ':friend', ':p/boss', ':part'])],
      () => [':db.fn/retractAttribute', this.known(), random.pick([':age', ':tag', ':part'])],
      () => [':db.fn/retractEntity', 1 + random.below(NAMED)],
      () => [':db.fn/cas', this.known(), ':age', random.chance(0.3) ? null : this.scalar(), this.scalar()],
      () => this.map(0),
      () => this.map(0),
    ])();
  }

  transaction() {
    return Array.from({ length: 1 + this.random.below(4) }, () => this.form());
  }
}

const REFS = Object.keys(SCHEMA).filter((attribute) => SCHEMA[attribute][':db/valueType']);
/* The entities that forms name by their id; all others are new ones. */
const NAMED = 30;

/* Which entity of the graph is which of the oracle. */
class Match {
  ids = new Map();
  txs = new Map();
  highest = NAMED;

  of(id) {
    return id <= NAMED ? id : this.ids.get(id) ?? `unmatched ${id}`;
  }

  /* New entities of the graph must follow the highest id ever used, with no gap. */
  add(tempids, theirs, what) {
    assert.deepEqual(Object.keys(tempids).sort(), Object.keys(theirs).sort(), what);
    for (const [tempid, id] of Object.entries(theirs)) {
      if (id > NAMED && !this.ids.has(id)) this.ids.set(id, tempids[tempid]);
      assert.equal(tempids[tempid], this.of(id), what);
    }
    const fresh = [...new Set(Object.values(tempids))].filter((id) => id > this.highest).sort((a, b) => a - b);
    assert.deepEqual(fresh, fresh.map((_, i) => this.highest + 1 + i), what);
    this.highest += fresh.length;
  }

  /* The datoms that the graph must hold. One that a transaction takes back and adds again keeps its
   * tx there; the oracle gives it a new one. */
  keys(db) {
    const txs = new Map();
    for (const { e, a, v, tx } of datascript.datoms(db, ':eavt')) {
      const datom = JSON.stringify([this.of(e), a, REFS.includes(a) ? this.of(v) : v]);
      txs.set(datom, this.txs.get(datom) ?? tx);
    }
    this.txs = txs;
    return [...txs].map(([datom, tx]) => `${datom.slice(0, -1)},${tx}]`).sort();
  }
}

/* The oracle's answer: a report, or the error with which it refuses. */
function consult(db, forms) {
  const conn = datascript.conn_from_db(db);
  try {
    return { report: datascript.transact(conn, forms) };
  } catch (error) {
    return { error };
  }
}

/* It fails over two tempids for one new entity when one is text and the other a number. */
const isItsFault = (error) => /^Cannot compare/.test(error.message);

/* It forgets to look for tempids that are only values when an upsert made it start again. */
const isOverlooked = (result) => result instanceof RequestError && /only as a value/.test(result.message);

stoaTest(`${ROUNDS} random transactions against npm datascript`, {}, async (t, stoa) => {
  const client = await stoa.liveClient({ on: 0 });
  const schema = Object.entries(SCHEMA).map(([ident, properties]) => ({ ':db/ident': ident, ...properties }));
  await client.transact(schemaForms(schema));
  // Declaring the schema was a transaction, too.
  let db = datascript.db_with(datascript.init_db([], SCHEMA), []);
  const random = new Random(seedOf(t));
  const make = new Forms(random);
  const start = [{ ':db/id': 1, ':name': 'n0' }, { ':db/id': NAMED, ':name': 'n11' }];
  await client.transact(start);
  db = datascript.db_with(db, start);
  const match = new Match();
  assertSameKeys(mirrorKeys(client), match.keys(db), 'the start');
  const outcomes = { both: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const forms = make.transaction();
    const what = `round ${round}: ${JSON.stringify(forms)}`;
    const { report, error: refusal } = consult(db, forms);
    if (refusal && isItsFault(refusal)) {
      continue;
    }
    const result = await client.transact(forms).catch((error) => {
      assert(error instanceof RequestError && ['incorrect', 'conflict', 'not-found'].includes(error.code), `${what}: ${error}`);
      return error;
    });
    if (refusal) {
      assert(result instanceof RequestError, `${what}: datascript refuses it: ${refusal.message}`);
      outcomes.refused += 1;
      continue;
    }
    if (isOverlooked(result)) {
      continue;
    }
    assert(!(result instanceof RequestError), `${what}: datascript takes it; ${result.message}`);
    db = report.db_after;
    outcomes.both += 1;
    const { ':db/current-tx': _, ...theirs } = report.tempids;
    match.add(result.tempids, theirs, what);
    assertSameKeys(mirrorKeys(client), match.keys(db), what);
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert(outcomes.both > ROUNDS / 5 && outcomes.refused > ROUNDS / 20, 'both kinds must come up');
});

/* The schema as EDN, where strings of the npm package are the keywords that they stand for. */
function schemaForms(schema) {
  const text = schema.map((form) => `{${Object.entries(form).map(([key, value]) => `${key} ${value}`).join(' ')}}`);
  return `[${text.join(' ')}]`;
}
