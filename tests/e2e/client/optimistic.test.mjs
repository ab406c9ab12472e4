/* The optimistic view: own edits at once, others' below them, and in the end what the server holds. */
import assert from 'node:assert/strict';
import { datascript } from '../../../client/dist/node.js';
import { sampleGraph } from '../../data/sample-graph.mjs';
import { EXPECTED_REFUSALS, Editor } from '../edits.mjs';
import { assertSameKeys, exportKeys, mirrorKeys, pause, settled, stoaTest, until, within } from '../harness.mjs';
import { Random, seedOf } from '../random.mjs';
import { SCHEMA, assertSettled, contents, goOffline, goOnline, livePerson, look } from './people.mjs';

stoaTest('own edits are shown at once, rebased on others\', and gone when refused', {}, async (t, stoa) => {
  const me = await livePerson(t, stoa);
  const other = await stoa.liveClient({});
  await me.client.transact(SCHEMA);
  await me.client.transact([{ ':block/uid': 'a', ':block/string': 'old', ':note/n': 1 }]);
  await goOffline(me);
  const edits = [
    me.client.transact([[':db/add', [':block/uid', 'a'], ':block/string', 'mine']]),
    me.client.transact([[':db/cas', [':block/uid', 'a'], ':note/n', 1, 2]]),
    me.client.transact('[{:block/uid "b" :block/string "in EDN"}]'),
  ];
  const refused = assert.rejects(edits[1], { code: 'conflict' });
  const shown = (db) => [look(db, 'a'), look(db, 'a', ':note/n'), look(db, 'b')];
  assert.deepEqual(shown(me.client.db), ['mine', 2, 'in EDN']);
  assert.deepEqual(shown(me.client.mirror.db), ['old', 1, undefined]);
  assert.deepEqual(me.client.pending.map(({ state }) => state), ['queued', 'queued', 'queued']);

  await other.transact([{ ':block/uid': 'a', ':note/n': 9, ':block/tags': ['theirs'] }]);
  await goOnline(me);
  await Promise.all([edits[0], refused, edits[2]]);
  assert.deepEqual(shown(me.client.db), ['mine', 9, 'in EDN']);
  assert.equal(look(me.client.db, 'a', ':block/tags'), 'theirs');
  assertSettled(me.client);
});

stoaTest('listeners are told of the view\'s changes, datom by datom, and of no others', {}, async (t, stoa) => {
  const { client } = await livePerson(t, stoa);
  await client.transact(SCHEMA);
  const shown = new Set(contents(client.db));
  const kinds = [];
  datascript.listen(client.conn, ({ tx_data, tx_meta }) => {
    kinds.push(tx_meta?.type);
    tx_data.forEach(({ e, a, v, tx }) => (tx > 0 ? shown.add(JSON.stringify([e, a, v])) : shown.delete(JSON.stringify([e, a, v]))));
  });
  const other = await stoa.liveClient({});
  for (let i = 0; i < 20; i++) {
    const mine = client.transact([{ ':block/uid': `a${i % 5}`, ':block/string': `mine ${i}`, ':block/children': [{ ':block/uid': `c${i}` }] }]);
    const theirs = other.transact([{ ':block/uid': `a${i % 5}`, ':block/string': `theirs ${i}` }]);
    assert.deepEqual([...shown].sort(), contents(client.db).sort());
    await mine;
    assert.deepEqual([...shown].sort(), contents(client.db).sort());
    await theirs;
  }
  await other.transact([{ ':block/uid': 'last' }]);
  await settled([client, other]);
  assert.deepEqual([...shown].sort(), contents(client.db).sort());
  assert(kinds.includes('pending') && kinds.includes('tx'), kinds.join());
  assertSettled(client);
});

stoaTest('a new entity is shown once: under its own id, then under the server\'s', {}, async (t, stoa) => {
  const { client } = await livePerson(t, stoa);
  await client.transact([{ ':note/n': 0 }]);
  const counts = new Set();
  const count = () => counts.add(datascript.datoms(client.db, ':aevt', ':note/new').length);
  datascript.listen(client.conn, count);
  client.onState(count);
  for (let i = 1; i <= 50; i++) {
    counts.clear();
    const edit = client.transact([{ ':note/new': i }]);
    const local = datascript.datoms(client.db, ':aevt', ':note/new').at(-1).e;
    await edit;
    count();
    assert.deepEqual([...counts], [i], 'never more nor less');
    assert.equal(datascript.entity(client.db, client.entityId(local)) !== null, true);
    assert.equal(datascript.datoms(client.db, ':eavt', client.entityId(local), ':note/new')[0].v, i);
  }
});

stoaTest('random edits on and off the line: in the end every view is the server\'s graph', {}, async (t, stoa) => {
  assert.equal((await stoa.import('notes', sampleGraph())).status, 201);
  const random = new Random(seedOf(t));
  const people = await Promise.all(['json', 'msgpack'].map((protocol, on) => livePerson(t, stoa, { on, protocol, graph: 'notes' })));
  const editors = people.map(({ client }, i) => new Editor(client, new Random(random.below(2 ** 31)), 'ab'[i]));
  const edits = [];
  let unshown = 0;
  for (let round = 0; round < 6; round++) {
    const away = people[round % 2];
    await goOffline(away);
    for (let i = 0; i < 60; i++) {
      edits.push(editors[random.below(2)].one());
      unshown += people.some(({ client }) => client.pending.length > 0 && client.db === client.mirror.db) ? 1 : 0;
      if (random.chance(0.2)) await pause(2);
    }
    await goOnline(away);
  }
  await within('all edits to be answered', Promise.all(edits), 240_000);
  const clients = people.map(({ client }) => client);
  await settled(clients);
  clients.forEach(assertSettled);
  const keys = exportKeys(await stoa.export('notes'));
  clients.forEach((client) => assertSameKeys(mirrorKeys(client), keys, 'a client against the export'));
  assert.deepEqual(clients.flatMap(({ faults }) => faults), []);
  t.diagnostic(`${JSON.stringify(editors.map(({ outcomes }) => outcomes))}, expected refusals ${EXPECTED_REFUSALS}, ${unshown} not shown`);
  await until('views to be what listeners saw', () => clients.every((client) => client.pending.length === 0));
});
