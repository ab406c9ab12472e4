/* What a client is given when it connects: the log, a snapshot or nothing, and no seam between that
 * and what comes live. */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Uuid, datascript } from '../../client/dist/index.js';
import { Random, seedOf } from './random.mjs';
import { assertSameKeys, mirrorKeys, settled, stoaTest, until } from './harness.mjs';

const PROTOCOLS = ['json', 'msgpack'];

const note = (i) => [{ ':note/id': `n${i}`, ':note/text': `text ${i}` }];

async function write(client, from, to) {
  for (let i = from; i <= to; i++) {
    await client.transact(note(i));
  }
}

/* The t of every `tx` that a socket got. */
const ticks = (socket) => socket.messages.filter((message) => message.type === 'tx').map((message) => message.t);

const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

for (const protocol of PROTOCOLS) {
  stoaTest(`since gets exactly the log after it (${protocol})`, {}, async (t, stoa) => {
    const writer = await stoa.liveClient({ on: 0, protocol });
    await write(writer, 1, 20);
    const { epoch, t: last } = writer.mirror.position;
    const socket = await stoa.socket({ on: 1, protocol });
    const welcome = await socket.hello({ epoch: new Uuid(epoch), since: last - 7, sync: 'log' });
    assert.equal(welcome.sync, 'log');
    assert.equal(String(welcome.epoch), epoch);
    assert.equal(welcome.graph, 'main');
    await socket.next('the last t', (message) => message.t === last && message.type === 'tx');
    assert.deepEqual(ticks(socket), range(last - 6, last));
    await write(writer, 21, 22);
    await socket.next('a live t', (message) => message.type === 'tx' && message.t === last + 2);
    assert.deepEqual(ticks(socket), range(last - 6, last + 2));
    assert(socket.messages.every((message) => !['snapshot', 'datoms'].includes(message.type)));
  });

  stoaTest(`snapshot where the log cannot serve (${protocol})`, {}, async (t, stoa) => {
    const writer = await stoa.liveClient({ on: 0, protocol });
    await write(writer, 1, 5);
    const { epoch, t: last } = writer.mirror.position;
    const cases = [
      ['an epoch nobody knows', { epoch: Uuid.random(), since: last, sync: 'auto' }],
      ['an epoch nobody knows, log asked for', { epoch: Uuid.random(), since: last, sync: 'log' }],
      ['since beyond t', { epoch: new Uuid(epoch), since: last + 1000, sync: 'log' }],
      ['since beyond t, auto', { epoch: new Uuid(epoch), since: last + 1000 }],
      ['no since', { epoch: new Uuid(epoch), sync: 'log' }],
      ['no epoch', { since: 1, sync: 'auto' }],
      ['nothing said', {}],
      ['asked for', { epoch: new Uuid(epoch), since: last, sync: 'snapshot' }],
    ];
    for (const [what, hello] of cases) {
      const socket = await stoa.socket({ on: 1, protocol });
      assert.equal((await socket.hello(hello)).sync, 'snapshot', what);
      const snapshot = await socket.ofType('snapshot');
      const synced = await socket.ofType('synced');
      const datoms = socket.messages.filter(({ type }) => type === 'datoms').flatMap((message) => message.datoms);
      assert.equal(synced.t, snapshot.t, what);
      assert.equal(datoms.length, snapshot.count, what);
      assert.equal(snapshot.count, 10, what);
      assert.equal(synced.checksum, writer.mirror.checksumText, what);
      socket.terminate();
    }
  });

  stoaTest(`sync none gives live transactions alone (${protocol})`, {}, async (t, stoa) => {
    const writer = await stoa.liveClient({ on: 0, protocol });
    await write(writer, 1, 5);
    const last = writer.mirror.position.t;
    const socket = await stoa.socket({ on: 1, protocol });
    const welcome = await socket.hello({ sync: 'none' });
    assert.equal(welcome.sync, 'none');
    assert.equal(welcome.t, last);
    await write(writer, 6, 8);
    await socket.next('the last t', (message) => message.type === 'tx' && message.t === last + 3);
    assert.deepEqual(ticks(socket), range(last + 1, last + 3));
    assert(socket.messages.every((message) => !['snapshot', 'datoms', 'synced'].includes(message.type)));
  });
}

stoaTest('who connects amid a stream of writes misses and doubles nothing, 200 times', {}, async (t, stoa) => {
  const random = new Random(seedOf(t));
  const writers = await Promise.all([stoa.liveClient({ on: 0 }), stoa.liveClient({ on: 1 })]);
  const epoch = new Uuid(writers[0].mirror.position.epoch);
  let isOver = false;
  const writing = writers.map(async (writer, w) => {
    for (let i = 0; !isOver; i++) {
      await writer.transact([{ ':note/id': `w${w}-${i % 50}`, ':note/text': `text ${i}` }]);
    }
  });
  const hellos = [
    () => ({ sync: 'snapshot' }),
    () => ({ sync: 'none' }),
    (now) => ({ epoch, since: random.below(now + 1), sync: 'log' }),
    (now) => ({ epoch, since: now }),
    (now) => ({ epoch, since: random.below(now + 1), sync: 'auto' }),
  ];
  const connect = async (i) => {
    const protocol = random.pick(PROTOCOLS);
    const socket = await stoa.socket({ on: i % 2, protocol });
    const hello = random.pick(hellos)(writers[0].mirror.position.t);
    const welcome = await socket.hello(hello);
    const isLate = (message) => message.type === 'tx' && message.t >= welcome.t + 15;
    const last = await socket.next('later transactions', isLate);
    const starts = {
      log: () => hello.since + 1,
      none: () => welcome.t + 1,
      snapshot: () => socket.messages.find(({ type }) => type === 'snapshot').t + 1,
    };
    const upTo = ticks(socket).filter((tick) => tick <= last.t);
    assert.deepEqual(upTo, range(starts[welcome.sync](), last.t), `connection ${i}, ${JSON.stringify(hello)}`);
    if (welcome.sync === 'snapshot') {
      const types = socket.messages.map(({ type }) => type).filter((type) => ['snapshot', 'synced', 'tx'].includes(type));
      assert.deepEqual(types.slice(0, 3), ['snapshot', 'synced', 'tx']);
    }
    socket.terminate();
  };
  for (let i = 0; i < 200; i += 4) {
    await Promise.all([0, 1, 2, 3].map((j) => connect(i + j)));
  }
  isOver = true;
  await Promise.all(writing);
  await settled(writers);
  assertSameKeys(mirrorKeys(writers[0]), mirrorKeys(writers[1]), 'the writers');
});

stoaTest('a snapshot amid writes has the checksum of its t', {}, async (t, stoa) => {
  const writer = await stoa.liveClient({ on: 0 });
  let isOver = false;
  const writing = (async () => {
    for (let i = 0; !isOver; i++) {
      await writer.transact([{ ':note/id': `n${i % 30}`, ':note/text': `text ${i}`, ':note/score': i / 2 }]);
    }
  })();
  for (let i = 0; i < 20; i++) {
    const client = await stoa.liveClient({ on: 1, sync: 'snapshot', protocol: PROTOCOLS[i % 2] });
    assert.deepEqual(client.faults, []);
    client.close();
  }
  isOver = true;
  await writing;
});

stoaTest('schema changes reach mirrors with the transaction that makes them', {}, async (t, stoa) => {
  const clients = await Promise.all(PROTOCOLS.map((protocol, on) => stoa.liveClient({ on, protocol })));
  const [a, b] = clients;
  await a.transact('[{:note/id "x" :note/tag "one"}]');
  await a.transact('[{:db/ident :note/id :db/unique :db.unique/identity} {:db/ident :note/tag :db/cardinality :db.cardinality/many}]');
  await b.transact('[{:note/id "x" :note/tag ["two" "three"]}]');
  await a.transact('[{:db/ident :note/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]');
  await a.transact('[{:note/id "x" :note/friend [{:note/id "y"} {:note/id "z"}]}]');
  await settled(clients);
  assertSameKeys(mirrorKeys(a), mirrorKeys(b), 'the mirrors');
  assert.equal(mirrorKeys(a).filter((key) => key.includes(':note/tag')).length, 3);
  assert.equal(mirrorKeys(a).filter((key) => key.includes(':note/friend')).length, 2);
  assert.deepEqual(
    datascript.q('[:find [?n ...] :where [?x ":note/id" "x"] [?x ":note/friend" ?f] [?f ":note/id" ?n]]', a.mirror.db).sort(),
    ['y', 'z'],
  );
});

stoaTest('a client that was away goes on from where it was', {}, async (t, stoa) => {
  const [away, writer] = await Promise.all([stoa.liveClient({ sync: 'log' }), stoa.liveClient({ on: 1 })]);
  const seen = [];
  away.on('tx', ({ t: tick }) => seen.push(tick));
  await write(writer, 1, 3);
  await settled([away, writer]);
  const syncs = [];
  away.on('welcome', ({ sync }) => syncs.push(sync));
  await stoa.gateways[0].program.stop('SIGKILL');
  await write(writer, 4, 9);
  await until('the client to be back', () => away.status === 'live');
  await settled([away, writer]);
  const last = writer.mirror.position.t;
  assert.deepEqual(seen, range(seen[0], last));
  assert.deepEqual(syncs, ['log']);
  assertSameKeys(mirrorKeys(away), mirrorKeys(writer), 'the mirrors');
});

stoaTest('an older copy of the data that is put back while a gateway runs reaches its clients', {}, async (t, stoa) => {
  const client = await stoa.liveClient({ on: 0 });
  const copy = join(stoa.dir, 'copy');
  const ids = () => datascript.q('[:find [?n ...] :where [_ ":note/id" ?n]]', client.mirror.db).sort();
  await write(client, 1, 3);
  await stoa.txd.stop();
  cpSync(stoa.dataDir, copy, { recursive: true });
  stoa.startTxd();
  await write(client, 4, 6);
  await stoa.txd.stop();
  rmSync(stoa.dataDir, { recursive: true });
  renameSync(copy, stoa.dataDir);
  stoa.startTxd();
  await stoa.cli('transact', '[{:note/id "n9"}]');
  await until('the client to hold what the copy holds', () => ids().join() === 'n1,n2,n3,n9');
});
