/* Two people on two gateways edit one graph and end with the same graph, datom for datom. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleGraph } from '../data/sample-graph.mjs';
import { Editor } from './edits.mjs';
import { assertSameKeys, exportKeys, mirrorKeys, settled, shared, stoaTest } from './harness.mjs';
import { Random, seedOf } from './random.mjs';

const realGraph = join(shared, 'data', 'roam-help.edn');
const EDITS = 1000;
const WIDTH = 6;

const GRAPHS = [
  { name: 'the sample graph', read: sampleGraph },
  {
    name: 'the real graph',
    read: () => readFileSync(realGraph, 'utf8'),
    skip: !existsSync(realGraph) && `${realGraph} is not there`,
  },
];
const PROTOCOLS = [['json', 'json'], ['msgpack', 'msgpack'], ['json', 'msgpack']];

for (const { name, read, skip = false } of GRAPHS) {
  for (const protocols of PROTOCOLS) {
    stoaTest(`${EDITS} mixed edits of ${name} over ${protocols.join(' and ')}`, { skip }, async (t, stoa) => {
      const edn = read();
      const file = join(stoa.dir, 'graph.edn');
      writeFileSync(file, edn);
      await stoa.cli('import', file, '--graph', 'notes');
      const clients = await Promise.all(
        protocols.map((protocol, on) => stoa.liveClient({ on, protocol, graph: 'notes' })),
      );
      assertSameKeys(mirrorKeys(clients[0]), exportKeys(edn), 'the mirror against what was imported');

      const seed = seedOf(t);
      const editors = clients.map((client, i) => new Editor(client, new Random(seed + i), 'ab'[i]));
      await Promise.all(editors.map((editor) => editor.edit(EDITS / 2, WIDTH)));
      editors.forEach(({ name: who, outcomes }) => t.diagnostic(`${who}: ${JSON.stringify(outcomes)}`));
      assert(editors.every((editor) => editor.outcomes.done > EDITS / 8), 'most edits must be real ones');

      await settled(clients);
      const keys = mirrorKeys(clients[0]);
      assertSameKeys(mirrorKeys(clients[1]), keys, 'one mirror against the other');
      assertSameKeys(exportKeys(await stoa.cli('export', '--graph', 'notes')), keys, '`stoa export` against the mirrors');
      assertSameKeys(exportKeys(await stoa.export('notes', 1)), keys, 'the export over HTTP against the mirrors');
      const newcomer = await stoa.liveClient({ graph: 'notes', sync: 'snapshot' });
      assertSameKeys(mirrorKeys(newcomer), keys, 'a new snapshot against the mirrors');
      assert.equal(newcomer.mirror.checksumText, clients[0].mirror.checksumText);
    });
  }
}
