/*
 * Random transactions against a graph and against npm's datascript, whose databases must be equal
 * after each. Left out is where the npm package cannot serve as an oracle (keywords, doubles that
 * are whole, tuples) and where Stoa decides otherwise on purpose: a new entity's id comes from the
 * highest ever used, so the oracle is kept from removing its last entity.
 */
import assert from 'node:assert/strict';
import datascript from 'datascript';
import { RequestError } from '../../client/dist/index.js';
import { assertSameKeys, mirrorKeys, stoaTest } from './harness.mjs';
import { Random, seedOf } from './random.mjs';

const ROUNDS = Number(process.env.STOA_ROUNDS ?? 600);

const SCHEMA = {
  ':name': { ':db/unique': ':db.unique/identity' },
  ':email': { ':db/unique': ':db.unique/identity' },
  ':badge': { ':db/unique': ':db.unique/value' },
  ':friend': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
  ':boss': { ':db/valueType': ':db.type/ref' },
  ':part': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many', ':db/isComponent': true },
  ':tag': { ':db/cardinality': ':db.cardinality/many' },
};

const NAMES = Array.from({ length: 12 }, (_, i) => `n${i}`);
/* The first entity is never removed and stands for "someone who is there". */
const KEPT = 1;

class Forms {
  constructor(random) {
    this.random = random;
  }

  eid() {
    const { random } = this;
    return random.pick([
      () => 1 + random.below(30),
      () => 1 + random.below(30),
      () => [':name', random.pick(NAMES)],
      () => -1 - random.below(3),
      () => `t${random.below(2)}`,
    ])();
  }

  known() {
    return this.random.chance(0.5) ? 1 + this.random.below(30) : [':name', this.random.pick(NAMES)];
  }

  scalar() {
    const { random } = this;
    return random.pick([() => random.below(5), () => `s${random.below(5)}`, () => random.chance(0.5), () => random.below(9) + 0.5])();
  }

  pair() {
    const { random } = this;
    return random.pick([
      () => [':name', random.pick(NAMES)],
      () => [':email', random.pick(NAMES)],
      () => [':badge', random.below(20)],
      () => [':age', this.scalar()],
      () => [':tag', this.scalar()],
      () => [':friend', this.eid()],
      () => [':boss', this.eid()],
      () => [':part', this.eid()],
    ])();
  }

  /* A map form; values of `:tag` may be several, and refs may be nested maps. */
  map(depth) {
    const { random } = this;
    const form = random.chance(0.6) ? { ':db/id': this.eid() } : {};
    for (let i = 0; i <= random.below(3); i++) {
      const [attribute, value] = this.pair();
      form[attribute] = value;
    }
    if (random.chance(0.3)) form[':tag'] = [this.scalar(), this.scalar()];
    if (depth < 2 && random.chance(0.3)) form[random.pick([':friend', ':part'])] = [this.map(depth + 1)];
    if (random.chance(0.1)) form[':_boss'] = this.eid();
    return form;
  }

  form() {
    const { random } = this;
    return random.pick([
      () => [':db/add', this.eid(), ...this.pair()],
      () => [':db/add', this.eid(), ...this.pair()],
      () => [':db/retract', this.known(), ...this.pair()],
      () => [':db/retract', this.known(), random.pick([':age', ':tag', ':friend', ':boss', ':part'])],
      () => [':db.fn/retractAttribute', this.known(), random.pick([':age', ':tag', ':part'])],
      () => [':db.fn/retractEntity', 2 + random.below(29)],
      () => [':db.fn/cas', this.known(), ':age', random.chance(0.3) ? null : this.scalar(), this.scalar()],
      () => this.map(0),
      () => this.map(0),
    ])();
  }

  transaction() {
    return Array.from({ length: 1 + this.random.below(4) }, () => this.form());
  }
}

const oracleKeys = (db) =>
  datascript.datoms(db, ':eavt').map(({ e, a, v, tx }) => JSON.stringify([e, a, v, tx])).sort();

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

stoaTest(`${ROUNDS} random transactions against npm datascript`, {}, async (t, stoa) => {
  const client = await stoa.liveClient({ on: 0 });
  const schema = Object.entries(SCHEMA).map(([ident, properties]) => ({ ':db/ident': ident, ...properties }));
  await client.transact(schemaForms(schema));
  let db = datascript.init_db([], SCHEMA);
  db = datascript.db_with(db, []);
  const random = new Random(seedOf(t));
  const make = new Forms(random);
  const start = [{ ':db/id': KEPT, ':name': 'n0' }, { ':db/id': 30, ':name': 'n11' }];
  await client.transact(start);
  db = datascript.db_with(db, start);
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
    assert(!(result instanceof RequestError), `${what}: datascript takes it; ${result.message}`);
    db = report.db_after;
    outcomes.both += 1;
    assertSameKeys(mirrorKeys(client), oracleKeys(db), what);
    const tempids = Object.fromEntries(Object.entries(report.tempids).filter(([key]) => key !== ':db/current-tx'));
    assert.deepEqual({ ...result.tempids }, tempids, what);
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert(outcomes.both > ROUNDS / 5 && outcomes.refused > ROUNDS / 20, 'both kinds must come up');
});

/* Schema forms with keywords where the server wants keywords. */
function schemaForms(schema) {
  const text = schema.map((form) => `{${Object.entries(form).map(([key, value]) => `${key} ${value}`).join(' ')}}`);
  return `[${text.join(' ')}]`;
}
