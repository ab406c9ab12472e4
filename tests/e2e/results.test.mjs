/* Results: after their tx, once for each tx_id, wherever and whenever it is tried again. */
import assert from 'node:assert/strict';
import { Keyword, List, Sym, Uuid } from '../../client/dist/index.js';
import { stoaTest, until, within } from './harness.mjs';

const PROTOCOLS = ['json', 'msgpack'];

for (const protocol of PROTOCOLS) {
  stoaTest(`the result of a transaction comes after its tx (${protocol})`, {}, async (t, stoa) => {
    const [socket, other] = [await stoa.socket({ protocol }), await stoa.socket({ on: 1, protocol })];
    await socket.hello({ sync: 'none' });
    await other.hello({ sync: 'none', user: { name: 'Zeno' } });
    const COUNT = 200;
    for (let i = 0; i < COUNT; i++) {
      (i % 3 ? socket : other).send({ type: 'transact', id: i, tx_data: [[':db/add', -1, ':note/n', i]] });
    }
    for (let i = 0; i < COUNT; i++) {
      const from = i % 3 ? socket : other;
      const result = await from.answer(i);
      if (result.type === 'error') {
        assert.equal(result.code, 'busy');
        continue;
      }
      const at = from.messages.indexOf(result);
      const tx = from.messages.findIndex((message) => message.type === 'tx' && message.t === result.t);
      assert(tx >= 0 && tx < at, `tx of t ${result.t} at ${tx}, its result at ${at}`);
      assert.equal(from.messages[tx].tx, result.tx);
      assert.equal(result.tx, 2 ** 29 + result.t);
      assert.equal(from.messages[tx].user.name, i % 3 ? 'raw' : 'Zeno');
    }
  });

  stoaTest(`a refusal comes after the tx that is its cause (${protocol})`, {}, async (t, stoa) => {
    const sockets = [await stoa.socket({ protocol }), await stoa.socket({ on: 1, protocol })];
    for (const socket of sockets) {
      await socket.hello({ sync: 'none' });
    }
    sockets[0].send({ type: 'transact', id: 'schema', tx_data: '[{:db/ident :note/id :db/unique :db.unique/value}]' });
    await sockets[0].answer('schema');
    for (let i = 0; i < 100; i++) {
      sockets.forEach((socket) => socket.send({ type: 'transact', id: i, tx_data: [[':db/add', -1, ':note/id', `${i}`]] }));
      const answers = await Promise.all(sockets.map((socket) => socket.answer(i)));
      const loser = answers.findIndex(({ type }) => type === 'error');
      assert.equal(answers[loser]?.code, 'conflict');
      const { messages } = sockets[loser];
      const tx = messages.findIndex((message) => message.type === 'tx' && message.t === answers[1 - loser].t);
      assert(tx >= 0 && tx < messages.indexOf(answers[loser]), `round ${i}`);
    }
  });

  stoaTest(`tempids are answered as they were written (${protocol})`, {}, async (t, stoa) => {
    const client = await stoa.liveClient({ protocol });
    const first = await client.transact([{ ':db/id': -1, ':note/id': 'a' }, { ':db/id': 'b', ':note/id': 'b' }]);
    assert.deepEqual(Object.keys(first.tempids).sort(), ['-1', 'b']);
    assert.deepEqual([first.tempids['-1'], first.tempids['b']], [1, 2]);
    const second = await client.transact('[[:db/add "datomic.tx" :tx/note "why"] [:db/add -9 :note/id "c"]]');
    assert.deepEqual(second.tempids, { '-9': 3 });
  });

  stoaTest(`a read sees what its socket was sent (${protocol})`, {}, async (t, stoa) => {
    const [writer, reader] = [await stoa.liveClient({ on: 0 }), await stoa.liveClient({ on: 1, protocol })];
    for (let i = 1; i <= 50; i++) {
      const told = new Promise((resolve) => {
        const off = reader.on('tx', () => resolve(off()));
      });
      await writer.transact([{ ':db/id': 1, ':note/n': i }]);
      await told;
      assert.equal(await reader.query('[:find ?n . :where [1 :note/n ?n]]'), i);
    }
  });

  stoaTest(`query, pull and index (${protocol})`, {}, async (t, stoa) => {
    const client = await stoa.liveClient({ protocol });
    await client.transact(`[{:db/ident :note/id :db/unique :db.unique/identity}
                            {:db/ident :note/child :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`);
    await client.transact('[{:note/id "root" :note/child [{:note/id "x"} {:note/id "y"}]}]');
    const found = await client.query('[:find [?id ...] :in $ ?r :where [?e :note/id ?r] [?e :note/child ?c] [?c :note/id ?id]]', ['root']);
    assert.deepEqual([...found].sort(), ['x', 'y']);
    const pulled = await client.pull('[:note/id {:note/child [:note/id]}]', [':note/id', 'root'].map(String));
    assert.deepEqual(pulled, { ':note/id': 'root', ':note/child': [{ ':note/id': 'x' }, { ':note/id': 'y' }] });
    const first = await client.index('avet', [':note/id'], { limit: 2 });
    assert.deepEqual(first.datoms.map(([, attribute, value]) => [attribute, value]), [[':note/id', 'root'], [':note/id', 'x']]);
    const second = await client.index('avet', [':note/id'], { limit: 2, after: first.after });
    assert.deepEqual(second.datoms.map(([, , value]) => value), ['y']);
    assert.equal(second.after ?? null, null);
    const { t: before } = client.mirror.position;
    await client.transact('[[:db/add [:note/id "x"] :note/id "z"]]');
    const ids = '[:find [?id ...] :where [_ :note/id ?id]]';
    assert.deepEqual([...(await client.query(ids, [], { asOf: before }))].sort(), ['root', 'x', 'y']);
    assert.deepEqual([...(await client.query(ids))].sort(), ['root', 'y', 'z']);
    const without = { with: '[[:db.fn/retractEntity [:note/id "y"]]]' };
    assert.deepEqual([...(await client.query(ids, [], without))].sort(), ['root', 'z']);
    assert.deepEqual(await client.pull('[{:note/child [:note/id]}]', [':note/id', 'root'], without), { ':note/child': [{ ':note/id': 'z' }] });
    const values = async (options) => (await client.index('avet', [':note/id', 'y'], options)).datoms.map(([, , value]) => value);
    assert.deepEqual(await values(), ['y']);
    assert.deepEqual(await values({ walk: 'seek', limit: 2 }), ['y', 'z']);
    assert.deepEqual(await values({ walk: 'seek', limit: 1, ...without }), ['z']);
    assert.deepEqual(await values({ walk: 'reverse', limit: 2 }), ['y', 'root']);
    assert.deepEqual(await values({ walk: 'range', end: 'z' }), ['y', 'z']);
    assert.equal(client.mirror.position.t, before + 1, 'nothing was committed');
  });
}

/* MessagePack has no lists, so the server must take vectors for them; JSON has both. */
for (const protocol of PROTOCOLS) {
  for (const list of [(...items) => new List(items), (...items) => items]) {
    stoaTest(`queries as data, calls as ${list().constructor.name} (${protocol})`, {}, async (t, stoa) => {
      const client = await stoa.liveClient({ protocol });
      await client.transact('[{:db/id 1 :n 1 :tag "x"} {:db/id 2 :n 2 :tag "y"} {:db/id 3 :n 3}]');
      const [k, s] = [Keyword.of, Sym.of];
      const find = [k('find'), [s('?e'), s('...')]];
      const where = (...clauses) => client.query([...find, k('where'), [s('?e'), k('n'), s('?n')], ...clauses]).then((rows) => [...rows].sort());
      assert.equal(await client.query([k('find'), list(s('count'), s('?e')), s('.'), k('where'), [s('?e'), k('n')]]), 3);
      assert.deepEqual(await where([list(s('>'), s('?n'), 1)]), [2, 3]);
      assert.deepEqual(await where([list(s('inc'), s('?n')), s('?m')], [list(s('='), s('?m'), 3)]), [2]);
      assert.deepEqual(await where(list(s('not'), [s('?e'), k('tag')])), [3]);
      assert.deepEqual(await where(list(s('or'), [s('?e'), k('tag'), 'x'], [s('?e'), k('n'), 3])), [1, 3]);
      const rules = [[list(s('tagged'), s('?x')), [s('?x'), k('tag')]]];
      const ruled = [...find, k('in'), s('$'), s('%'), k('where'), list(s('tagged'), s('?e'))];
      assert.deepEqual([...(await client.query(ruled, [rules]))].sort(), [1, 2]);
      const pulled = await client.pull([list(k('tag'), k('as'), 'label')], 1);
      assert.deepEqual(pulled, { label: 'x' });
    });
  }
}

stoaTest('the same tx_id gives the first result, on each gateway and after a restart of txd', {}, async (t, stoa) => {
  const tx_id = Uuid.random();
  const ask = async (on, id, tx_data) => {
    const socket = await stoa.socket({ on });
    await socket.hello({ sync: 'none' });
    socket.send({ type: 'transact', id, tx_id, tx_data });
    const { type, t: at, tx, tempids, message } = await socket.answer(id);
    assert.equal(type, 'result', message);
    socket.terminate();
    return { t: at, tx, tempids };
  };
  const first = await ask(0, 1, [{ ':db/id': -1, ':note/id': 'once' }]);
  assert.deepEqual(await ask(0, 2, [{ ':db/id': -1, ':note/id': 'once' }]), first);
  assert.deepEqual(await ask(1, 3, [{ ':db/id': -1, ':note/id': 'once' }]), first);
  assert.deepEqual(await ask(1, 4, [{ ':db/id': -5, ':note/id': 'something else' }]), first);
  await stoa.txd.stop('SIGKILL');
  stoa.startTxd();
  await stoa.ready();
  assert.deepEqual(await ask(1, 5, [{ ':db/id': -1, ':note/id': 'once' }]), first);
  const client = await stoa.liveClient({});
  assert.equal(client.mirror.position.t, first.t);
  assert.equal(client.mirror.datoms().length, 1);
});

stoaTest('one tx_id twice in one frame is applied once', {}, async (t, stoa) => {
  const socket = await stoa.socket({});
  await socket.hello({ sync: 'none' });
  const tx_id = Uuid.random();
  const transact = (id) => ({ type: 'transact', id, tx_id, tx_data: [{ ':note/id': 'x' }] });
  socket.send([transact(1), transact(2)]);
  const [one, two] = await Promise.all([socket.answer(1), socket.answer(2)]);
  assert.deepEqual([one.t, two.t], [1, 1]);
});

stoaTest('a client transacts through a restart of txd and of its gateway', {}, async (t, stoa) => {
  const client = await stoa.liveClient({});
  const COUNT = 200;
  const results = [];
  const writing = (async () => {
    for (let i = 0; i < COUNT; i++) {
      results.push((await client.transact([{ ':note/id': `n${i}` }])).t);
    }
  })();
  const progress = (count) => until(`${count} results`, () => results.length >= count);
  await progress(50);
  await stoa.txd.stop('SIGKILL');
  stoa.startTxd();
  await progress(100);
  await stoa.gateways[0].program.stop('SIGKILL');
  stoa.startGateway(0);
  await progress(150);
  await stoa.gateways[1].program.stop('SIGKILL');
  stoa.startGateway(1);
  await within('all results', writing, 60_000);
  assert.deepEqual(results, Array.from({ length: COUNT }, (_, i) => i + 1));
  assert.equal(new Set(client.mirror.datoms().map(([, , value]) => value)).size, COUNT);
});

/* It stands still and then goes on, so that it has the first request and nobody waits for the answer. */
stoaTest('who gets no answer is told why, and with which tx_id to ask again', {}, async (t, stoa) => {
  const socket = await stoa.socket({});
  await socket.hello({ sync: 'none' });
  const post = async (route, body) => {
    const response = await fetch(`${stoa.url()}/v1/graphs/main/${route}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    return { status: response.status, ...(await response.json()) };
  };
  const tx_data = [[':db/add', -1, ':note/id', 'once']];
  stoa.txd.child.kill('SIGSTOP');
  socket.send({ type: 'transact', id: 1, tx_data });
  const [read, overSocket, overHttp] = await Promise.all([
    post('query', { query: '[:find ?e . :where [?e :note/id]]' }), socket.answer(1), post('transact', { tx_data }),
  ]);
  const silent = 'txd went away before it answered: it says nothing; ask again';
  assert.deepEqual([read.status, read.code, read.message], [503, 'unavailable', silent]);
  assert.deepEqual([overSocket.code, overHttp.code], ['unavailable', 'unavailable']);
  const named = new RegExp(`^${silent} \\(with tx_id ([0-9a-f-]{36}): so the transaction is committed once, whether or not it has been already\\)$`);
  const ids = [overSocket, overHttp].map(({ message }) => {
    assert.match(message, named);
    return named.exec(message)[1];
  });
  stoa.txd.child.kill('SIGCONT');
  await stoa.ready();
  const again = await Promise.all(ids.map((tx_id) => post('transact', { tx_id: `~u${tx_id}`, tx_data })));
  assert.deepEqual(again.map(({ t: at }) => at).sort(), [1, 2]);
  assert.equal((await stoa.liveClient({})).mirror.position.t, 2);
});
