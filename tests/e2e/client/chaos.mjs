/*
 * Clients that edit one graph while their lines are cut, their programs end and start again, and the
 * gateways are killed; and what must be true in the end:
 *
 *   - what was acknowledged is in the log once,
 *   - what was made (stored, that is) is in the log once, or was refused to whoever made it,
 *   - nothing is in the log twice, nor refused and in it,
 *   - all hold the same graph, which is the server's, and no checksum ever differed.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pause, until, within } from '../harness.mjs';
import { Random, seedOf } from '../random.mjs';
import { BLOCKS } from './chaos_worker.mjs';
import { Proxy } from './proxy.mjs';
import { SCHEMA } from './people.mjs';

const GRAPH = 'main';
const SETTLE_MS = 120_000;
const EXPECTED_REFUSALS = ['conflict', 'not-found'];

/* A client, the line it is on, and what it has said. */
class Player {
  said = { made: new Set(), done: new Map(), refused: new Map(), faults: [] };

  hear = ({ made, done, refused, fault, t, code }) => {
    if (made !== undefined) this.said.made.add(made);
    if (done !== undefined) this.said.done.set(done, t);
    if (refused !== undefined) this.said.refused.set(refused, code);
    if (fault !== undefined) this.said.faults.push(fault);
  };

  constructor(line, make) {
    this.line = line;
    this.client = make(this.hear);
  }

  async offline(ms) {
    this.line.cut();
    await pause(ms);
    this.online();
  }

  online() {
    this.line.mend();
    void this.client.ask('wake');
  }
}

/*
 * `makers`: for each client a function of its options ({url, graph, protocol, queue, name, seed}) and of
 * what hears it, that gives an object with start(), reload(), stop() and ask(method of Work).
 */
export async function chaos(t, stoa, makers, seconds) {
  const random = new Random(seedOf(t));
  const writer = await stoa.liveClient({});
  await writer.transact(SCHEMA);
  await writer.transact('[{:db/ident :mark/id :db/unique :db.unique/value}]');
  await writer.transact(Array.from({ length: BLOCKS }, (_, i) => ({ ':block/uid': `b${i}`, ':block/order': 0 })));
  const players = await Promise.all(makers.map(async (make, i) => {
    const line = await Proxy.to(stoa.url(i % stoa.gateways.length));
    const name = 'abcdefghij'[i];
    const options = { url: line.url, graph: GRAPH, protocol: i % 2 ? 'msgpack' : 'json', name, queue: join(stoa.dir, `queue-${name}`), seed: random.below(2 ** 30) };
    return new Player(line, (hear) => make(options, hear));
  }));
  t.after(() => Promise.all(players.map(({ client, line }) => {
    line.stop();
    return client.stop();
  })));
  await Promise.all(players.map(({ client }) => client.start()));
  const counts = await disturb(stoa, players, random, seconds);
  t.diagnostic(JSON.stringify(counts));
  await settle(stoa, players);
  await check(t, stoa, players);
}

async function disturb(stoa, players, random, seconds) {
  const counts = { offline: 0, blink: 0, reload: 0, reloadOffline: 0, gateway: 0 };
  const acts = {
    offline: (player) => player.offline(500 + random.below(3000)),
    blink: (player) => player.offline(0),
    reload: (player) => player.client.reload(),
    reloadOffline: async (player) => {
      player.line.cut();
      await pause(random.below(1000));
      await player.client.reload();
      await pause(random.below(1000));
      player.online();
    },
    gateway: async () => {
      const i = random.below(stoa.gateways.length);
      await stoa.gateways[i].program.stop('SIGKILL');
      stoa.startGateway(i);
    },
  };
  const busy = new Map();
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await pause(100 + random.below(700));
    const [kind, player] = [random.pick(Object.keys(acts)), random.pick(players)];
    const key = kind === 'gateway' ? kind : player;
    if (!busy.has(key)) {
      counts[kind] += 1;
      busy.set(key, acts[kind](player).finally(() => busy.delete(key)));
    }
  }
  await Promise.all(busy.values());
  return counts;
}

/* Everybody back, nothing pending, and all at the same t. */
async function settle(stoa, players) {
  players.forEach(({ line }) => line.mend());
  await stoa.ready();
  await within('all edits to be answered', Promise.all(players.map(({ client }) => client.ask('stop'))), SETTLE_MS);
  let positions = [];
  await until(() => `the clients to agree: ${JSON.stringify(positions)}`, async () => {
    positions = await Promise.all(players.map(({ client }) => client.ask('position')));
    return positions.every((at) => at.status === 'live' && at.t === positions[0].t);
  });
}

async function check(t, stoa, players) {
  const reports = await Promise.all(players.map(({ client }) => client.ask('report')));
  reports.forEach((report) => assert.deepEqual(report, { ...reports[0], counted: reports[0].checksum, isOne: true }));
  assert.deepEqual(players.flatMap(({ said }) => said.faults), []);
  const newcomer = await stoa.liveClient({ sync: 'snapshot' });
  assert.deepEqual([newcomer.mirror.position.t, newcomer.mirror.checksumText], [reports[0].t, reports[0].checksum]);

  const applied = await marks(stoa);
  const wrong = [];
  const [made, done, refused] = ['made', 'done', 'refused'].map((what) => players.flatMap(({ said }) => [...said[what].keys()]));
  const isRefused = new Set(refused);
  done.forEach((mark) => applied.get(mark)?.length === 1 || wrong.push(`${mark} was acknowledged and applied ${applied.get(mark)?.length} times`));
  made.forEach((mark) => (applied.get(mark)?.length ?? 0) + isRefused.has(mark) === 1 || wrong.push(`${mark}: applied at ${applied.get(mark)}, refused ${isRefused.has(mark)}`));
  applied.forEach((at, mark) => (at.length === 1 && !isRefused.has(mark)) || wrong.push(`${mark}: applied at ${at}, refused ${isRefused.has(mark)}`));
  assert.deepEqual(wrong.slice(0, 10), []);
  outOfOrder(players, applied);
  const codes = new Set(players.flatMap(({ said }) => [...said.refused.values()]));
  assert.deepEqual([...codes].filter((code) => !EXPECTED_REFUSALS.includes(code)), []);
  t.diagnostic(`${made.length} edits made, ${done.length} acknowledged, ${refused.length} refused, ${applied.size} applied; ${reports[0].count} datoms at t ${reports[0].t}`);
  assert(done.length > players.length * 10, 'most of them must have got somewhere');
}

/* A client's edits are applied in the order of their making: NAME-RUN-NUMBER. */
function outOfOrder(players, applied) {
  const last = new Map();
  for (const [mark, [t]] of [...applied].sort(([, [a]], [, [b]]) => a - b)) {
    const [name, run, number] = mark.split('-');
    const order = Number(run) * 1e6 + Number(number);
    assert(order > (last.get(name) ?? -1), `${mark} at t ${t} comes after ${last.get(name)}`);
    last.set(name, order);
  }
}

/* Mark -> the t at which it was added, from the whole log. */
async function marks(stoa) {
  const found = new Map();
  for (let from = 1, end = 1; from <= end; ) {
    const response = await fetch(`${stoa.url()}/v1/graphs/${GRAPH}/log?from=${from}&limit=1000`, { headers: { accept: 'application/json' } });
    const { t, txs } = await response.json();
    for (const tx of txs) {
      for (const [, attribute, mark, added] of tx.datoms) {
        if (attribute === '~:mark/id' && added) found.set(mark, [...(found.get(mark) ?? []), tx.t]);
      }
    }
    end = t;
    from = txs.length > 0 ? txs.at(-1).t + 1 : end + 1;
  }
  return found;
}
