/* A graph in a database that holds entities of the application's own, under the same ids on purpose. */
import assert from 'node:assert/strict';
import { LocalEntities, datascript } from '../../../client/dist/node.js';
import { Editor } from '../edits.mjs';
import { settled, stoaTest, until } from '../harness.mjs';
import { Random, seedOf } from '../random.mjs';
import { sampleGraph } from '../../data/sample-graph.mjs';

const OWN_SCHEMA = { ':ui/selected': { ':db/valueType': ':db.type/ref' } };
const OWN_COUNT = 200;

/* An application's database: entities 1 to 200, some of them with attributes that the graph has too. */
function ownDatabase() {
  const datoms = Array.from({ length: OWN_COUNT }, (_, i) => [i + 1, ':ui/window', `window ${i + 1}`]);
  return datascript.conn_from_db(datascript.db_with(datascript.empty_db(OWN_SCHEMA), [
    ...datoms.map((datom) => [':db/add', ...datom]),
    [':db/add', 1, ':block/string', 'a draft'],
    [':db/add', 2, ':ui/selected', 3],
  ]));
}

const valueKey = (v) => (v instanceof Date ? `date ${v.getTime()}` : `${typeof v} ${v}`);

/* The graph's datoms in the application's database, in the ids of the client's view. */
function translated({ client, conn }) {
  const db = datascript.db(conn);
  const ids = new Map(datascript.datoms(db, ':aevt', ':stoa/id').map(({ e, v }) => [e, v]));
  const isRef = (a) => client.mirror.schema[a]?.[':db/valueType'] === ':db.type/ref';
  return datascript.datoms(db, ':eavt')
    .filter(({ e, a }) => ids.has(e) && a !== ':stoa/id' && !a.startsWith(':ui/'))
    .map(({ e, a, v }) => `${ids.get(e)} ${a} ${valueKey(isRef(a) ? ids.get(v) : v)}`)
    .sort();
}

const viewed = (client) => datascript.datoms(client.db, ':eavt').map(({ e, a, v }) => `${e} ${a} ${valueKey(v)}`).sort();

const ownDatoms = (conn) =>
  datascript.datoms(datascript.db(conn), ':eavt')
    .filter(({ e, a }) => e <= OWN_COUNT && (a.startsWith(':ui/') || e === 1))
    .map(({ e, a, v }) => [e, a, v]);

function assertInStep(app, what) {
  assert.deepEqual(translated(app), viewed(app.client), what);
}

function appOf(client, conn = ownDatabase()) {
  return { client, conn, entities: new LocalEntities(client, conn, { schema: OWN_SCHEMA }) };
}

stoaTest('ids that clash: the graph and the own entities live in one database', {}, async (t, stoa) => {
  const writer = await stoa.liveClient({});
  await writer.transact(`[{:db/ident :block/uid :db/unique :db.unique/identity}
    {:db/ident :block/children :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`);
  await writer.transact([
    { ':block/uid': 'page', ':block/children': [{ ':block/uid': 'a', ':block/string': 'one' }, { ':block/uid': 'b' }] },
  ]);
  const app = appOf(await stoa.liveClient({}));
  const { client, conn, entities } = app;
  const before = ownDatoms(ownDatabase());
  assertInStep(app, 'at the start');
  assert.deepEqual(ownDatoms(conn), before, 'the own entities are as they were');

  const [page, a] = ['page', 'a'].map((uid) => datascript.q(`[:find ?e . :where [?e ":block/uid" "${uid}"]]`, datascript.db(conn)));
  assert(page > OWN_COUNT && a > OWN_COUNT);
  assert(entities.remoteIdOf(page) <= OWN_COUNT, 'the server numbers from 1 too');
  assert.equal(entities.localId(entities.remoteIdOf(page)), page);
  assert.equal(entities.remoteIdOf(5), undefined);

  // An own entity may point at one of the graph; attributes of its own on that one stay.
  datascript.transact(conn, [[':db/add', 4, ':ui/selected', a], [':db/add', a, ':ui/open', true]]);
  await writer.transact([[':db/add', [':block/uid', 'a'], ':block/string', 'two']]);
  await settled([writer, client]);
  assertInStep(app, 'after an edit of another');
  const held = datascript.pull(datascript.db(conn), '[*]', a);
  assert.deepEqual([held[':block/string'], held[':ui/open']], ['two', true]);

  // Edits in the ids of the database, refs in both directions among them.
  const added = entities.transact([
    [':db/add', a, ':block/string', 'three'],
    { ':db/id': 'new', ':block/uid': 'c', ':block/string': 'four' },
    [':db/add', page, ':block/children', 'new'],
  ]);
  const find = (uid) => datascript.q(`[:find ?e . :where [?e ":block/uid" "${uid}"]]`, datascript.db(conn));
  const early = find('c');
  assert(early > OWN_COUNT, 'shown at once');
  const { tempids } = await added;
  assert.deepEqual([tempids.new, find('c')], [early, early], 'and it keeps its id');
  await settled([writer, client]);
  assertInStep(app, 'after an own edit');
  assert.equal(await writer.query('[:find ?s . :where [?p :block/uid "page"] [?p :block/children ?c] [?c :block/uid "c"] [?c :block/string ?s]]'), 'four');

  // An own entity becomes one of the graph by being spoken of: it stays what it is here.
  await entities.transact([[':db/add', 7, ':block/uid', 'seven'], [':db/add', page, ':block/children', 7]]);
  await settled([writer, client]);
  assertInStep(app, 'after one became the graph\'s');
  assert.equal(find('seven'), 7);
  assert.equal(datascript.pull(datascript.db(conn), '[*]', 7)[':ui/window'], 'window 7');
  assert.equal(await writer.query('[:find (count ?w) . :where [_ :ui/window ?w]]'), null, 'what was not said was not sent');

  // Removed by another: what the application had on it remains.
  await writer.transact([[':db/retractEntity', [':block/uid', 'a']]]);
  await settled([writer, client]);
  assertInStep(app, 'after a removal');
  assert.deepEqual(datascript.pull(datascript.db(conn), '[*]', a), { ':db/id': a, ':ui/open': true });
  assert.deepEqual(ownDatoms(conn).filter(([e]) => e !== 4), before.filter(([e]) => e !== 4));

  // The database is all there is to keep.
  entities.close();
  await writer.transact([[':db/add', [':block/uid', 'b'], ':block/string', 'meanwhile'], { ':block/uid': 'd' }]);
  const saved = datascript.from_serializable(JSON.parse(JSON.stringify(datascript.serializable(datascript.db(conn)))));
  const again = appOf(await stoa.liveClient({}), datascript.conn_from_db(saved));
  assertInStep(again, 'after a restart');
  assert.equal(datascript.q('[:find ?e . :where [?e ":block/uid" "c"]]', datascript.db(again.conn)), early);
});

stoaTest('random edits of three, one of them offline at times, in a database with own entities', {}, async (t, stoa) => {
  assert.equal((await stoa.import('notes', sampleGraph())).status, 201);
  const random = new Random(seedOf(t));
  const clients = await Promise.all([0, 1, 0].map((on) => stoa.liveClient({ on, graph: 'notes' })));
  const app = appOf(clients[2]);
  const editors = clients.map((client, i) => new Editor(client, new Random(random.below(2 ** 31)), 'abc'[i]));
  const refused = [];
  const window = (i) => ({ ':db/id': i, ':block/uid': `own-${i}`, ':block/string': 'of the application' });
  for (let round = 0; round < 2; round++) {
    const work = editors.map((editor) => editor.edit(30, 4));
    for (let i = 1; i <= 10; i++) {
      const own = random.below(OWN_COUNT) + 1;
      work.push(app.entities.transact([window(own)]).catch((error) => refused.push(error)));
    }
    assertInStep(app, 'while edits are pending');
    await stoa.gateways[0].program.stop('SIGKILL');
    app.entities.transact([window(round + 1)]).catch((error) => refused.push(error));
    assertInStep(app, 'offline');
    stoa.startGateway(0);
    await Promise.all(work);
  }
  await until('nothing to be pending', () => clients.every((client) => client.pending.length === 0));
  await settled(clients);
  assertInStep(app, 'at the end');
  assert.deepEqual(refused, []);
  const datoms = ownDatoms(app.conn).filter(([, a]) => a === ':ui/window');
  assert.deepEqual(datoms.map(([e, , v]) => v), Array.from({ length: OWN_COUNT }, (_, i) => `window ${i + 1}`));
});
