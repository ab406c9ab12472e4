/*
 * People go on editing while processes are killed under them: whatever was answered is there, all
 * clients end with the same graph, and none has seen a promise of the protocol broken.
 */
import assert from 'node:assert/strict';
import { sampleGraph } from '../data/sample-graph.mjs';
import { Editor } from './edits.mjs';
import { assertSameKeys, exportKeys, mirrorKeys, pause, settled, stoaTest, within } from './harness.mjs';
import { Random, seedOf } from './random.mjs';

const KILLS = Number(process.env.STOA_KILLS ?? 12);

async function killAndStart(stoa, victim) {
  if (victim === 'txd') {
    await stoa.txd.stop('SIGKILL');
    stoa.startTxd();
  } else {
    await stoa.gateways[victim].program.stop('SIGKILL');
    stoa.startGateway(victim);
  }
}

stoaTest(`${KILLS} kills of gateways and txd while three people edit`, {}, async (t, stoa) => {
  assert.equal((await stoa.import('notes', sampleGraph())).status, 201);
  const random = new Random(seedOf(t));
  const protocols = ['json', 'msgpack', 'json'];
  const clients = await Promise.all(protocols.map((protocol) => stoa.liveClient({ protocol, graph: 'notes' })));
  const marks = clients.map(() => []);
  let isOver = false;
  const editing = clients.map(async (client, i) => {
    const editor = new Editor(client, new Random(random.below(2 ** 31)), 'abc'[i]);
    for (let n = 0; !isOver; n++) {
      await editor.one();
      await client.transact([[':db/add', 'new', ':mark/id', `${i}-${n}`]]);
      marks[i].push(`${i}-${n}`);
    }
  });
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(100 + random.below(600)); // the random moment is what is tested
    await killAndStart(stoa, random.pick(['txd', 0, 1]));
  }
  isOver = true;
  await within('all edits to be answered', Promise.all(editing), 60_000);
  await settled(clients);
  const keys = mirrorKeys(clients[0]);
  clients.forEach((client, i) => assertSameKeys(mirrorKeys(client), keys, `client ${i}`));
  assertSameKeys(exportKeys(await stoa.export('notes')), keys, 'the export');
  const found = clients[0].mirror.datoms().filter(([, a]) => a === ':mark/id').map(([, , v]) => v).sort();
  assert.deepEqual(found, marks.flat().sort(), 'each acknowledged mark exactly once, and no other');
  t.diagnostic(`${marks.flat().length} marks`);
});
