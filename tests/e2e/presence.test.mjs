/* Who is here, what they look at, and that nobody stays who has left. */
import assert from 'node:assert/strict';
import { stoaTest, until } from './harness.mjs';

const names = (client) => client.presence.sessions.map(({ user }) => user.name).sort();
const find = (client, session) => client.presence.sessions.find((other) => other.session === session);

const everyoneSees = (clients, expected, timeout_ms) =>
  until(
    () => `${expected}; seen are ${clients.map((client) => `[${names(client)}]`)}`,
    () => clients.every((client) => names(client).join() === [...expected].sort().join()),
    timeout_ms,
  );

/* Sockets that are closed by their side are gone for all others long before a lease could have run out, also on a busy machine. */
const AT_ONCE_MS = 6_000;
const LEASE_MS = 10_000;

stoaTest('people on two gateways see each other, their page and their block', {}, async (t, stoa) => {
  const plato = await stoa.liveClient({ on: 0, user: { name: 'Plato', color: '#7c3aed' }, state: { page: 'p1' } });
  const zeno = await stoa.liveClient({ on: 1, user: { name: 'Zeno' }, protocol: 'msgpack' });
  await everyoneSees([plato, zeno], ['Plato', 'Zeno']);
  assert.deepEqual(find(zeno, plato.session).user, { name: 'Plato', color: '#7c3aed' });
  assert.deepEqual(find(zeno, plato.session).state, { page: 'p1' });
  assert(find(zeno, zeno.session), 'full includes the session itself');

  plato.setState({ page: 'p2', block: 'b7', cursor: { line: 3 } });
  await until('the state of Plato', () => find(zeno, plato.session).state.block === 'b7');
  assert.deepEqual(find(zeno, plato.session).state, { page: 'p2', block: 'b7', cursor: { line: 3 } });
  plato.setState({ page: 'p3' });
  await until('the new state in place of the old', () => find(zeno, plato.session).state.page === 'p3');
  assert.equal('block' in find(zeno, plato.session).state, false);

  zeno.setState({ page: 'p3' });
  await until('the state of Zeno', () => find(plato, zeno.session).state.page === 'p3');
  zeno.close();
  await everyoneSees([plato], ['Plato'], AT_ONCE_MS);
});

stoaTest('who takes another name is seen by it, and writes by it', {}, async (t, stoa) => {
  const [plato, zeno] = [await stoa.liveClient({ on: 0, user: { name: 'Aristocles' } }), await stoa.liveClient({ on: 1 })];
  await everyoneSees([zeno], ['Aristocles', 'anonymous']);
  const authors = [];
  zeno.onTransaction(({ user }) => authors.push(user?.name));
  plato.setUser({ name: 'Plato' });
  await plato.transact('[{:name "The Academy"}]');
  await everyoneSees([plato, zeno], ['Plato', 'anonymous']);
  await until('the edit', () => authors.length > 0);
  assert.deepEqual(authors, ['Plato']);
});

stoaTest('updates are merged, at most 10 a second, and the last one always comes', {}, async (t, stoa) => {
  const [busy, watcher] = [await stoa.liveClient({ on: 0 }), await stoa.socket({ on: 1 })];
  await watcher.hello({ sync: 'none' });
  await watcher.ofType('presence');
  const started = Date.now();
  const COUNT = 400;
  for (let i = 0; i < COUNT; i++) {
    busy.setState({ block: `b${i}` });
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const updates = () =>
    watcher.messages.flatMap(({ type, updated }) => (type === 'presence' ? updated ?? [] : []))
      .filter(({ session }) => session === busy.session);
  await until('the last update', () => updates().at(-1)?.state.block === `b${COUNT - 1}`);
  const tenths = Math.ceil((Date.now() - started) / 100);
  assert(updates().length <= tenths + 2, `${updates().length} updates in ${tenths} tenths of a second`);
});

stoaTest('a session without a name is anonymous; each connection is a new session', {}, async (t, stoa) => {
  const watcher = await stoa.liveClient({ on: 1, user: { name: 'W' } });
  const nameless = await stoa.socket({ on: 0 });
  const { session } = await nameless.hello({ user: undefined, sync: 'none' });
  await everyoneSees([watcher], ['W', 'anonymous']);
  assert(find(watcher, session));
  nameless.terminate();
  await everyoneSees([watcher], ['W'], AT_ONCE_MS);
});

stoaTest("a killed gateway's sessions vanish, and who reconnects is no ghost", {}, async (t, stoa) => {
  const watcher = await stoa.liveClient({ on: 1, user: { name: 'W' } });
  const lost = await stoa.socket({ on: 0 });
  await lost.hello({ user: { name: 'Lost' }, sync: 'none' });
  const roamer = stoa.client({ user: { name: 'Roamer' } });
  await roamer.live();
  await everyoneSees([watcher, roamer], ['W', 'Lost', 'Roamer']);
  const session = roamer.session;
  await stoa.gateways[0].program.stop('SIGKILL');
  await everyoneSees([watcher], ['W', 'Roamer'], LEASE_MS);
  await until('Roamer to be back', () => roamer.status === 'live');
  assert.notEqual(roamer.session, session);
  await everyoneSees([watcher, roamer], ['W', 'Roamer']);
});

stoaTest('a gateway that stops takes its sessions along at once, not when its lease runs out', {}, async (t, stoa) => {
  const watcher = await stoa.liveClient({ on: 1, user: { name: 'W' } });
  const leaver = await stoa.socket({ on: 0 });
  const { session } = await leaver.hello({ user: { name: 'Leaver' }, sync: 'none' });
  await everyoneSees([watcher], ['W', 'Leaver']);
  leaver.send({ type: 'presence', state: { page: 'last' } }); // txd has just been told something
  await until('the page', () => find(watcher, session)?.state.page === 'last');
  await stoa.gateways[0].program.stop('SIGTERM');
  await everyoneSees([watcher], ['W'], AT_ONCE_MS);
});

stoaTest('presence outlives a restart of txd', {}, async (t, stoa) => {
  const a = await stoa.liveClient({ on: 0, user: { name: 'A' } });
  const b = await stoa.liveClient({ on: 1, user: { name: 'B' } });
  await everyoneSees([a, b], ['A', 'B']);
  const sessions = [a.session, b.session];
  await stoa.txd.stop('SIGKILL');
  stoa.startTxd();
  await stoa.ready();
  b.setState({ page: 'after' });
  await until('the state after the restart', () => find(a, b.session)?.state.page === 'after');
  assert.deepEqual([a.session, b.session], sessions, 'sockets are kept while txd is away');
  const late = await stoa.liveClient({ on: 0, user: { name: 'C' } });
  await everyoneSees([a, b, late], ['A', 'B', 'C']);
  // What is not announced again within 5 s of the return is gone: nobody may be.
  const end = Date.now() + 6_000;
  await until('the 5 s after the return to pass', () => Date.now() > end);
  await everyoneSees([a, b, late], ['A', 'B', 'C']);
});

stoaTest('presence belongs to one graph', {}, async (t, stoa) => {
  assert.equal((await fetch(`${stoa.url()}/v1/graphs/other`, { method: 'PUT' })).status, 201);
  const here = await stoa.liveClient({ on: 0, user: { name: 'Here' } });
  const there = await stoa.liveClient({ on: 1, graph: 'other', user: { name: 'There' } });
  const second = await stoa.liveClient({ on: 1, user: { name: 'Second' } });
  await everyoneSees([here, second], ['Here', 'Second']);
  await everyoneSees([there], ['There']);
});
