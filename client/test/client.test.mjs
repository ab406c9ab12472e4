/* The client against a gateway of a few lines, where the real one cannot be made to misbehave. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { CODECS, Client, Keyword, RequestError, Uuid, connect, datascript } from '../dist/node.js';

const EPOCH = new Uuid('550e8400-e29b-41d4-a716-446655440000');
const TX_0 = 2 ** 29;
const codec = CODECS.json;
const EMPTY = '0000000000000000';

/* Calls `serve(socket, message, nth)` for each message of the nth socket; `socket.say` answers. */
async function serving(t, serve, options = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => codec.subprotocol });
  await once(server, 'listening');
  let count = 0;
  server.on('connection', (socket) => {
    const nth = ++count;
    socket.say = (message) => socket.send(codec.write(message));
    socket.on('message', (data) => codec.read(data.toString()).forEach((message) => serve(socket, message, nth)));
  });
  const client = new Client({ urls: [`http://127.0.0.1:${server.address().port}`], socketClass: WebSocket, ...options });
  t.after(() => {
    client.close();
    server.clients.forEach((socket) => socket.terminate());
    server.close();
  });
  return client;
}

const welcome = (message, fields) => ({
  type: 'welcome', re: message.id, session: 's', graph: 'main', epoch: EPOCH, t: 0, sync: 'log', ping_ms: 25_000,
  limits: { in_flight: 2 }, ...fields,
});

function welcomeEmpty(socket, message) {
  socket.say(welcome(message, { sync: 'snapshot' }));
  socket.say({ type: 'snapshot', t: 0, count: 0, schema: {} });
  socket.say({ type: 'synced', t: 0, checksum: EMPTY });
}

const tx = (t) => ({ type: 'tx', t, tx: TX_0 + t, datoms: [[t, Keyword.of('n'), t, true]] });
const result = (message, t) => ({ type: 'result', re: message.id, t, tx: TX_0 + t, tempids: {} });

test('who cannot have the queue is refused, and reads all the same when it is told to connect', async (t) => {
  const client = await serving(t, welcomeEmpty, { queue: '/dev/null/queue' });
  await assert.rejects(client.live(), { code: 'conflict' });
  client.reconnect();
  await client.live();
});

test('edits go one at a time, in order, and again with their tx_id when the socket ends', async (t) => {
  const seen = [];
  const client = await serving(t, (socket, message, nth) => {
    if (message.type === 'hello' && nth === 1) welcomeEmpty(socket, message);
    else if (message.type === 'hello') {
      assert.deepEqual([message.since, String(message.epoch)], [1, String(EPOCH)]);
      socket.say(welcome(message, { t: 1 }));
    } else {
      seen.push([nth, message.tx_data, String(message.tx_id)]);
      const at = message.tx_data[0];
      if (nth === 1 && at === 2) socket.terminate();
      else [tx(at), result(message, at)].forEach(socket.say);
    }
  });
  const ids = [1, 2, 3].map(() => Uuid.random());
  const answers = await Promise.all(ids.map((txId, i) => client.transact([i + 1], { txId })));
  assert.deepEqual(answers.map((answer) => answer.t), [1, 2, 3]);
  const [one, two, three] = ids.map(String);
  assert.deepEqual(seen, [[1, [1], one], [1, [2], two], [2, [2], two], [2, [3], three]]);
  assert.equal(client.mirror.position.t, 3);
});

test('busy is tried again, incorrect is not, and a query past its limit is not', async (t) => {
  const tries = {};
  const client = await serving(t, (socket, message) => {
    if (message.type === 'hello') return welcomeEmpty(socket, message);
    const [code, then] = message.tx_data ?? [message.query];
    tries[code] = (tries[code] ?? 0) + 1;
    if (tries[code] > 1 && then) return [tx(then), result(message, then)].forEach(socket.say);
    return socket.say({ type: 'error', re: message.id, code, message: 'no' });
  });
  assert.equal((await client.transact(['busy', 1])).t, 1);
  assert.equal((await client.transact(['interrupted', 2])).t, 2);
  assert.equal((await client.transact(['unavailable', 3])).t, 3);
  await assert.rejects(client.transact(['incorrect']), (error) => error instanceof RequestError && error.code === 'incorrect');
  tries.interrupted = 0;
  await assert.rejects(client.query('interrupted'), { code: 'interrupted' });
  assert.equal(tries.interrupted, 1);
});

test('a result is given out only once its transaction is applied', async (t) => {
  const client = await serving(t, (socket, message) => {
    if (message.type === 'hello') {
      socket.say(welcome(message, { sync: 'snapshot', t: 1 }));
      return;
    }
    socket.say(result(message, 1));
    socket.say({ type: 'snapshot', t: 0, count: 0, schema: {} });
    socket.say({ type: 'synced', t: 0, checksum: EMPTY });
    socket.say(tx(1));
  });
  await client.transact([1]);
  assert.equal(client.mirror.position.t, 1);
});

for (const [what, break_] of [
  ['a gap', (socket) => socket.say(tx(2))],
  ['a wrong checksum', (socket) => socket.say({ type: 'heartbeat', t: 0, checksum: 'ffffffffffffffff' })],
]) {
  test(`${what} makes the client ask for a snapshot`, async (t) => {
    const hellos = [];
    const faults = [];
    const client = await serving(t, (socket, message, nth) => {
      hellos.push(message);
      welcomeEmpty(socket, message);
      if (nth === 1) break_(socket);
    });
    client.on('fault', (error) => faults.push(error));
    await new Promise((resolve) => client.on('welcome', () => hellos.length === 2 && resolve()));
    await client.live();
    assert.equal(hellos[1].since, undefined);
    assert.equal(faults.length, 1);
  });
}

test('a heartbeat beyond the last t makes the client come back for the log', async (t) => {
  const sinces = [];
  const client = await serving(t, (socket, message, nth) => {
    sinces.push(message.since);
    if (nth === 1) {
      welcomeEmpty(socket, message);
      socket.say({ type: 'heartbeat', t: 1, checksum: EMPTY });
    } else {
      socket.say(welcome(message, { t: 1 }));
      socket.say(tx(1));
    }
  });
  await new Promise((resolve) => client.on('tx', resolve));
  assert.deepEqual(sinces, [undefined, 0]);
});

test('who is forbidden does not come back', async (t) => {
  let hellos = 0;
  const client = await serving(t, (socket, message) => {
    hellos += 1;
    socket.say({ type: 'error', re: message.id, code: 'forbidden', message: 'not you' });
    socket.close(4403);
  });
  const open = client.query('[:find ?e :where [?e :a]]');
  await assert.rejects(client.live(), { code: 'forbidden', message: 'not you' });
  await assert.rejects(open, { code: 'forbidden' });
  const waiting = client.transact([]);
  assert.deepEqual([client.state.status, client.state.pending, client.state.error.code, hellos], ['rejected', 1, 'forbidden', 1]);
  client.reconnect();
  assert.equal(client.status, 'connecting');
  await assert.rejects(client.live(), { code: 'forbidden' });
  assert.equal(hellos, 2);
  const closed = assert.rejects(waiting, /closed/);
  client.close();
  await closed;
});

test('silence beyond the ping interval ends the socket', async (t) => {
  const client = await serving(t, (socket, message) => {
    welcomeEmpty(socket, message);
    socket.say(welcome(message, { ping_ms: -9_900 }));
  });
  const { reason } = await new Promise((resolve) => client.on('close', resolve));
  assert.match(reason, /silent/);
});

test('a page that wakes up while txd is away keeps its socket', async (t) => {
  const client = await serving(t, (socket, message) => {
    if (message.type === 'hello') return welcomeEmpty(socket, message);
    return socket.say(message.type === 'index'
      ? { type: 'error', re: message.id, code: 'unavailable', message: 'txd is away' }
      : { ...result(message, 0), result: 1 });
  });
  await client.live();
  const apis = ['setTimeout'];
  t.mock.timers.enable(process.versions.node.startsWith('18.') ? apis : { apis });
  client.wake();
  await client.query('after the answer');
  t.mock.timers.tick(6_000);
  assert.equal(client.status, 'live');
});

test('presence: full, joined, updated, left', async (t) => {
  const plato = { session: 'p', user: { name: 'Plato' }, state: { page: '1' } };
  const client = await serving(t, (socket, message) => {
    welcomeEmpty(socket, message);
    socket.say({ type: 'presence', full: true, sessions: [plato] });
    socket.say({ type: 'presence', joined: [{ ...plato, session: 'z' }], updated: [], left: [] });
    socket.say({ type: 'presence', joined: [], updated: [{ session: 'p', state: { block: '2' } }, { session: 'unknown', state: {} }] });
    socket.say({ type: 'presence', left: ['z'] });
  });
  const seen = [];
  await new Promise((resolve) => client.on('presence', (sessions) => seen.push(sessions) === 4 && resolve()));
  assert.deepEqual(seen.map((sessions) => sessions.map(({ session, state }) => `${session} ${JSON.stringify(state)}`)), [
    ['p {"page":"1"}'],
    ['p {"page":"1"}', 'z {"page":"1"}'],
    ['p {"block":"2"}', 'z {"page":"1"}'],
    ['p {"block":"2"}'],
  ]);
});

test('nobody is here while the client is offline, and its listeners are told', async (t) => {
  const client = await serving(t, (socket, message) => {
    welcomeEmpty(socket, message);
    socket.say({ type: 'presence', full: true, sessions: [{ session: 'p', user: {}, state: {} }] });
    setTimeout(() => socket.close(1012), 20);
  });
  const seen = [];
  await new Promise((resolve) => client.onPresence((sessions) => seen.push(sessions.length) === 2 && resolve()));
  assert.deepEqual(seen, [1, 0]);
});

/* Answers each edit [t] with its transaction and its result. */
const answering = (t) => serving(t, (socket, message) => {
  if (message.type === 'hello') {
    welcomeEmpty(socket, message);
    socket.say({ type: 'presence', full: true, sessions: [{ session: 'p', user: {}, state: {} }] });
  } else {
    const at = message.tx_data[0].at(-1);
    [tx(at), result(message, at)].forEach(socket.say);
  }
});

test('what a listener throws is raised, and costs neither an edit nor the socket', async (t) => {
  const client = await answering(t);
  const raised = [];
  const { queueMicrotask } = globalThis;
  t.mock.method(globalThis, 'queueMicrotask', (fn) => queueMicrotask(() => {
    try {
      fn();
    } catch ({ message }) {
      raised.push(message);
    }
  }));
  client.on('close', () => assert.fail('the socket was given up'));
  ['presence', 'state', 'transaction'].forEach((name) => client.on(name, () => { throw new Error(name); }));
  datascript.listen(client.conn, () => { throw new Error('conn'); });
  await client.live();
  for (const at of [1, 2]) {
    assert.equal((await client.transact([[':db/add', at, ':n', at]])).t, at);
  }
  assert.deepEqual([client.pending.length, client.db === client.mirror.db], [0, true]);
  assert.deepEqual([...new Set(raised)].sort(), ['conn', 'presence', 'state', 'transaction']);
});

test('a listener may transact: its edit comes after all have been told', async (t) => {
  const client = await answering(t);
  const faults = [];
  client.on('fault', ({ message }) => faults.push(message));
  await client.live();
  const made = [];
  const seen = [];
  datascript.listen(client.conn, ({ tx_data }) => {
    const at = tx_data.find(({ a }) => a === ':n')?.v ?? 4;
    seen.push(datascript.datoms(client.db, ':eavt', at, ':n').length);
    if (at < 3 && !made[at]) made[at] = client.transact([[':db/add', at + 1, ':n', at + 1]]);
  });
  await client.transact([[':db/add', 1, ':n', 1]]);
  assert.deepEqual((await Promise.all(made.slice(1))).map((done) => done.t), [2, 3]);
  assert.deepEqual([client.mirror.position.t, client.mirror.datoms().length, client.db === client.mirror.db], [3, 3, true]);
  assert.deepEqual([faults, seen.includes(0)], [[], false]);
});

test("a listener's edit does not get into the mirror with what it was told of", async (t) => {
  const client = await serving(t, (socket, message) => {
    if (message.type === 'hello') return welcomeEmpty(socket, message);
    return message.type === 'query' ? [tx(1), tx(2), result(message, 2)].forEach(socket.say) : undefined;
  });
  client.on('fault', ({ message }) => assert.fail(message));
  await client.live();
  const stop = datascript.listen(client.conn, () => {
    datascript.unlisten(client.conn, stop);
    client.transact([[':db/add', 9, ':own', 'pending']]).catch(() => {});
  });
  await client.query('two of others');
  assert.deepEqual(client.mirror.datoms().map(([e]) => e), [1, 2]);
  assert.equal(datascript.datoms(client.db, ':eavt', 9).length, 1);
});

test('an edit that cannot be written is rejected at once and gone, also offline', async () => {
  const client = connect({ url: 'http://127.0.0.1:9' });
  const promise = client.transact([[':db/add', 1, ':a', () => 1]]);
  await assert.rejects(promise, { code: 'incorrect', message: 'cannot be written: function' });
  assert.deepEqual([client.pending.length, datascript.datoms(client.db, ':eavt').length], [0, 0]);
  await assert.rejects(client.transact([new Map([[5, 'x']])]), /neither a keyword nor a string/);
  await client.close();
});

test('close() leads straight to closed', async (t) => {
  const client = await answering(t);
  await client.live();
  const seen = [];
  client.on('status', (status) => seen.push(status));
  await client.close();
  assert.deepEqual(seen, ['closed']);
});

test('connect() takes addresses in several forms and says what it cannot use', async (t) => {
  const client = await answering(t);
  await client.live();
  const [address] = client.options.urls;
  for (const url of [`${address}/`, new URL(address), ['http://127.0.0.1:9', address]]) {
    const other = connect({ url });
    await other.live();
    await other.close();
  }
  for (const [options, said] of [
    [{}, /`url` is "undefined"/], [{ url: [] }, /empty/], [{ url: '127.0.0.1:3010' }, /must be an address as http/],
    [{ url: 'localhost:3010' }, /"localhost:3010"/], [{ url: address, protocol: 'edn' }, /"json" or "msgpack"/],
  ]) {
    assert.throws(() => connect(options), (error) => error instanceof TypeError && said.test(error.message));
  }
});

test('reads give maps as objects with string keys, and attributes as strings', async (t) => {
  const k = Keyword.of;
  const child = new Map([[k('db/id'), 2], [k('n'), k('x/y')]]);
  const mixed = new Map([[5, 'x']]);
  const answers = {
    pull: new Map([[k('db/id'), 1], [k('kids'), [child]], ['label', mixed]]),
    query: [[child, new Set([child])]],
    index: [[1, k('n'), child, TX_0 + 1], [1, k('n'), 1, TX_0 + 2, false]],
  };
  const client = await serving(t, (socket, message) =>
    message.type === 'hello'
      ? welcomeEmpty(socket, message)
      : socket.say({ type: 'result', re: message.id, t: 0, result: answers[message.type], after: 'next' }));
  const plain = { ':db/id': 2, ':n': k('x/y') };
  assert.deepEqual(await client.pull('[*]', 1), { ':db/id': 1, ':kids': [plain], label: mixed });
  assert.deepEqual(await client.query('[:find ..]'), [[plain, new Set([plain])]]);
  assert.deepEqual(await client.asOf(0).index('eavt'), {
    datoms: [[1, ':n', plain, TX_0 + 1], [1, ':n', 1, TX_0 + 2, false]], after: 'next',
  });
});

test('a graph that was made again is loaded afresh', async (t) => {
  const other = new Uuid('6ba7b810-9dad-41d1-80b4-00c04fd430c8');
  const client = await serving(t, (socket, message, nth) => {
    if (message.type === 'hello' && nth === 1) {
      welcomeEmpty(socket, message);
      [tx(1), tx(2)].forEach(socket.say);
      setTimeout(() => socket.close(1012), 20);
    } else if (message.type === 'hello') {
      socket.say(welcome(message, { epoch: other, sync: 'snapshot' }));
    } else {
      assert.equal(nth, 2);
      socket.say(result(message, 1));
      setTimeout(() => {
        socket.say({ type: 'snapshot', t: 0, count: 0, schema: {} });
        socket.say({ type: 'synced', t: 0, checksum: EMPTY });
        socket.say(tx(1));
      }, 20);
    }
  });
  await new Promise((resolve) => client.on('close', resolve));
  assert.equal(client.mirror.position.t, 2);
  assert.equal((await client.transact([])).t, 1);
  assert.deepEqual(client.mirror.position, { epoch: String(other), t: 1 });
});
