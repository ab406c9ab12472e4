/* The connection and its states: what an application shows of them, and who is never asked again. */
import assert from 'node:assert/strict';
import { sampleGraph } from '../../data/sample-graph.mjs';
import { freePort, stoaTest, until } from '../harness.mjs';
import { connect, datascript } from '../../../client/dist/node.js';
import { becomes, follow, goOffline, goOnline, livePerson, person } from './people.mjs';

stoaTest('connecting, syncing with progress, live, offline with edits pending, and back', {}, async (t, stoa) => {
  assert.equal((await stoa.import('notes', sampleGraph())).status, 201);
  const { client, line } = await person(t, stoa, { graph: 'notes' });
  const states = [];
  client.onState((state) => states.push(state));
  await client.live();
  assert.deepEqual(states[0], { status: 'connecting', pending: 0 });
  const syncing = states.filter(({ status }) => status === 'syncing');
  const { total } = syncing.at(-1).progress;
  assert.equal(total, client.mirror.datoms().length);
  const done = syncing.map(({ progress }) => progress.done);
  assert.deepEqual(done, [...done].sort((a, b) => a - b));
  assert(done.at(-1) > 0);
  assert.deepEqual(states.at(-1), { status: 'live', pending: 0 });

  await goOffline({ client, line });
  assert(client.state.retryAt > Date.now() - 1000 && client.state.retryAt < Date.now() + 1000, 'the first pause is half a second at most');
  const edits = ['a', 'b'].map((uid) => client.transact([{ ':block/uid': uid }]));
  assert.deepEqual([client.state.status, client.state.pending], ['offline', 2]);
  const from = states.length;
  await goOnline({ client, line });
  await Promise.all(edits);
  await until('the state to say that nothing is pending', () => client.state.pending === 0);
  assert.equal(states.slice(from).at(-1).status, 'live');
});

stoaTest('several addresses are tried in turn', {}, async (t, stoa) => {
  const dead = `http://127.0.0.1:${await freePort()}`;
  const client = follow(t, connect({ url: [dead, stoa.url(1), stoa.url(0)] }));
  await client.live();
  await client.transact([{ ':note/n': 1 }]);
  await stoa.gateways[1].program.stop('SIGKILL');
  await becomes(client, 'offline');
  await client.live();
  assert.equal((await client.transact([{ ':note/n': 2 }])).t, 2);
});

stoaTest('a graph that does not exist is said, and not asked for again until told to', {}, async (t, stoa) => {
  const { client } = await person(t, stoa, { graph: 'nowhere' });
  const { error } = await becomes(client, 'rejected');
  assert.equal(error.code, 'not-found');
  assert.match(error.message, /nowhere/);
  await assert.rejects(client.live(), { code: 'not-found' });
  await assert.rejects(client.query('[:find ?e :where [?e :a]]'), { code: 'not-found' });
  const edit = client.transact([{ ':note/n': 1 }]);
  assert.deepEqual([client.state.status, client.state.pending], ['rejected', 1]);
  assert.equal((await fetch(`${stoa.url()}/v1/graphs/nowhere`, { method: 'PUT', headers: { 'content-type': 'application/edn' }, body: '{:schema-flexibility "read"}' })).status, 201);
  client.reconnect();
  assert.equal((await edit).t > 0, true);
});

stoaTest('a server that is away is not a graph that is not there', { gateways: 1 }, async (t, stoa) => {
  const { client } = await livePerson(t, stoa);
  await stoa.gateways[0].program.stop('SIGKILL');
  await becomes(client, 'offline');
  const edit = client.transact([{ ':note/n': 1 }]);
  stoa.startGateway(0);
  await edit;
});

stoaTest('a datom that changed in the mirror is found at a heartbeat, told, and mended', { gatewayArgs: ['--ping-ms', '300'] }, async (t, stoa) => {
  const { client } = await livePerson(t, stoa);
  await client.transact([{ ':note/id': 'x', ':note/text': 'as it came' }]);
  const told = new Promise((resolve) => client.onDivergence(resolve));
  const mutated = client.mirror.datoms().length;
  const datom = datascript.datoms(client.mirror.db, ':eavt').find(({ a }) => a === ':note/text');
  datom.v = 'tampered';
  assert.match((await told).message, /checksum/);
  await until('the mirror to be mended', () => client.status === 'live' && client.mirror.datoms().some(([, , v]) => v === 'as it came'));
  assert.equal(client.mirror.datoms().length, mutated);
  assert.equal(client.faults.length, 1);
});

stoaTest('an edit that is too large is refused here, and the socket lives', {}, async (t, stoa) => {
  const { client } = await livePerson(t, stoa);
  const { session } = client;
  await assert.rejects(client.transact([{ ':note/text': 'x'.repeat(2 << 20) }]), { code: 'incorrect' });
  assert.equal((await client.transact([{ ':note/text': 'y' }])).t, 1);
  assert.equal(client.session, session);
});
