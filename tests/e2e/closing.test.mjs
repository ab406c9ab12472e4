/* Gateways that go away in order, and sockets that do not read. */
import assert from 'node:assert/strict';
import { Uuid } from '../../client/dist/index.js';
import { PATIENCE_MS, assertSameKeys, mirrorKeys, pause, settled, stoaTest, until } from './harness.mjs';

const metric = async (stoa, name) => {
  const text = await (await fetch(`${stoa.url()}/metrics`)).text();
  return Number(new RegExp(`^stoa_gateway_${name} (\\d+)$`, 'm').exec(text)[1]);
};

stoaTest('SIGTERM: goaway, 1012, and clients go on elsewhere with nothing lost', {}, async (t, stoa) => {
  const leaver = await stoa.socket({ on: 0 });
  await leaver.hello({ sync: 'none' });
  const [mover, watcher] = [await stoa.liveClient({}), await stoa.liveClient({ on: 1 })];
  const closes = [];
  mover.on('close', ({ code }) => closes.push(code));
  const results = [];
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      results.push((await mover.transact([{ ':note/id': `n${i}` }])).t);
    }
  })();
  await until('some results', () => results.length >= 20);
  const { code, signal } = await stoa.gateways[0].program.stop('SIGTERM');
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  const goaway = leaver.messages.find(({ type }) => type === 'goaway');
  assert(goaway?.retry_ms > 0, 'a goaway with its retry_ms');
  assert.equal(await leaver.closed(), 1012);
  await writing;
  assert.deepEqual(closes, [1012]);
  assert.deepEqual(results, Array.from({ length: 100 }, (_, i) => i + 1));
  await settled([mover, watcher]);
  assertSameKeys(mirrorKeys(mover), mirrorKeys(watcher), 'the mirrors');
});

stoaTest('SIGTERM of txd: it ends cleanly and everything is there after', {}, async (t, stoa) => {
  const client = await stoa.liveClient({});
  await client.transact([{ ':note/id': 'kept' }]);
  assert.deepEqual(await stoa.txd.stop('SIGTERM'), { code: 0, signal: null });
  assert.equal((await fetch(`${stoa.url()}/healthz`)).status, 200);
  await until('the gateway to say that txd is away', async () => (await fetch(`${stoa.url()}/readyz`)).status === 503);
  const away = client.transact([{ ':note/id': 'while away' }]);
  stoa.startTxd();
  assert.equal((await away).t, 2);
  assert.equal(client.mirror.datoms().length, 2);
});

/* More than the kernel's buffers of a connection and the gateway's queue for it can hold. */
const TOO_MUCH = { transactions: 200, bytes: 100_000 };

const slowly = { gatewayArgs: ['--socket-queue-bytes', '2000000'] };

stoaTest('a socket that does not read is closed with 1013 and comes back to the log', slowly, async (t, stoa) => {
  const writer = await stoa.liveClient({ on: 1 });
  const slow = await stoa.socket({ on: 0 });
  const { epoch, t: start } = await slow.hello({ sync: 'none' });
  slow.socket.pause();
  const text = 'x'.repeat(TOO_MUCH.bytes);
  const written = Promise.all(Array.from({ length: TOO_MUCH.transactions }, (_, i) =>
    writer.transact([{ ':db/id': 1 + (i % 8), ':note/text': `${i} ${text}` }])));
  await until('it to be too far behind', async () => (await metric(stoa, 'slow_closes_total')) > 0);
  slow.socket.resume();
  assert.equal(await slow.closed(), 1013);
  await written;
  const again = await stoa.socket({ on: 0 });
  const since = slow.messages.filter(({ type }) => type === 'tx').at(-1)?.t ?? start;
  await again.hello({ epoch: new Uuid(String(epoch)), since, sync: 'log' });
  const last = writer.mirror.position.t;
  await again.next('the last t', (message) => message.type === 'tx' && message.t === last);
  const ticks = again.messages.filter(({ type }) => type === 'tx').map((message) => message.t);
  assert.deepEqual(ticks, Array.from({ length: last - since }, (_, i) => since + 1 + i));
});

/* One transaction after another, so that it falls behind little by little; and longer than a moment. */
stoaTest('a socket that stops reading is not there any more, and learns why when it reads again', {}, async (t, stoa) => {
  const writer = await stoa.liveClient({ on: 1 });
  const other = await stoa.socket({ on: 0 });
  await other.hello({ sync: 'none' });
  const slow = await stoa.socket({ on: 0 });
  const { session } = await slow.hello({ sync: 'none' });
  await other.next('it to be there', ({ joined, sessions }) => (joined ?? sessions)?.some((one) => one.session === session));
  slow.socket.pause();
  const isSlow = async () => {
    await writer.transact([{ ':db/id': 1, ':note/text': 'x'.repeat(100_000) + Math.random() }]);
    return (await metric(stoa, 'slow_closes_total')) > 0;
  };
  await until('it to be too far behind', isSlow);
  await other.next('it to be gone', ({ left }) => left?.includes(session));
  await pause(6000); // its queue has been given up long before
  slow.socket.resume();
  assert.equal(await slow.closed(), 1013);
});

stoaTest('heartbeats on a quiet socket name t and its checksum', { gatewayArgs: ['--ping-ms', '500'] }, async (t, stoa) => {
  const client = await stoa.liveClient({});
  const socket = await stoa.socket({ on: 1 });
  const welcome = await socket.hello({ sync: 'none' });
  assert.equal(welcome.ping_ms, 500);
  const { t: last } = await client.transact([{ ':note/id': 'x', ':note/n': 1.5 }]);
  const heartbeat = await socket.next('a heartbeat', (message) => message.type === 'heartbeat' && message.t === last);
  assert.equal(heartbeat.checksum, client.mirror.checksumText);
});

/* What waits for the end of a read below is told by its own limit. */
const READ_MS = 700;

stoaTest('SIGTERM: HTTP requests that are under way are answered, and their connections closed', { gateways: 1 }, async (t, stoa) => {
  const post = (route, fields) =>
    fetch(`${stoa.url()}/v1/graphs/main/${route}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) });
  const read = post('query', { ...endless, timeout_ms: READ_MS });
  await until('the query to be under way', async () => (await metric(stoa, 'http_in_flight')) >= 2); // and that for the metrics
  const { program } = stoa.gateways[0];
  program.child.kill('SIGTERM');
  await until('it to drain', () => program.output.some((line) => line.includes('draining 0 sockets and 1 requests')));
  const ready = await fetch(`${stoa.url()}/readyz`);
  assert.deepEqual([ready.status, ready.headers.get('connection')], [503, 'close']);
  const written = await post('transact', { tx_data: [['db/add', -1, 'note/id', 'late']] });
  assert.deepEqual([written.status, written.headers.get('connection')], [200, 'close']);
  const answer = await read;
  assert.deepEqual([answer.status, answer.headers.get('connection')], [504, 'close']);
  assert.deepEqual(await program.exit, { code: 0, signal: null });
});

/* Eight million rows, each with a text made for it: more than anyone waits for. */
const numbers = Array.from({ length: 200 }, (_, i) => i);
const endless = {
  query: '[:find ?a . :in $ [?a ...] [?b ...] [?c ...] :where [(str ?a ?b ?c) ?s] [(count ?s) ?n] [(= ?n 0)]]',
  args: [numbers, numbers, numbers],
};

stoaTest('a query ends when its client goes', {}, async (t, stoa) => {
  const goers = [
    async () => {
      const socket = await stoa.socket({});
      await socket.hello({ sync: 'none' });
      socket.send({ type: 'query', id: 7, ...endless });
      return () => socket.terminate();
    },
    async () => {
      const abort = new AbortController();
      const body = JSON.stringify(endless);
      fetch(`${stoa.url()}/v1/graphs/main/query`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: abort.signal,
      }).catch(() => undefined);
      return () => abort.abort();
    },
  ];
  for (const start of goers) {
    const go = await start();
    let seen = 0; // in a row: the gateway also tells txd who is there, in no time
    await until('the query to be under way', async () => (seen = (await metric(stoa, 'bus_in_flight')) > 0 ? seen + 1 : 0) >= 20);
    go();
    seen = 0;
    await until('the query to end', async () => (seen = (await metric(stoa, 'bus_in_flight')) === 0 ? seen + 1 : 0) >= 20, PATIENCE_MS / 6);
  }
});
