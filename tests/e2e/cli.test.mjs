/* The command-line tool against a server: what it writes is what others see, and its exit codes. */
import assert from 'node:assert/strict';
import { entriesOf } from '../../client/dist/index.js';
import { readEdn } from './edn.mjs';
import { stoaTest, until } from './harness.mjs';

/* A map with keys as plain names. */
const plain = (map) => Object.fromEntries(entriesOf(map).map(([key, value]) => [String(key).replace(/^:/, ''), value]));

stoaTest('transact, query, pull, log and status', {}, async (t, stoa) => {
  const client = await stoa.liveClient({ on: 1 });
  const forms = '[{:db/id "n" :note/id "a" :note/n 1.5} {:note/id "b" :note/n 7 :note/tags #{:x "y"}}]';
  const id = 'b7a5f2ee-3a5c-4b5b-9a57-0c6f3c3f1c11';
  const first = plain(readEdn(await stoa.cli('transact', forms, '--tx-id', id, '--meta', '{:tx/note "by hand"}')));
  assert.deepEqual([first.t, first.tx, plain(first.tempids).n], [1, 2 ** 29 + 1, 1]);
  assert.deepEqual(plain(readEdn(await stoa.cli('transact', forms, '--tx-id', id))).t, 1, 'a repeat');
  await until('the other gateway to send it', () => client.mirror.position.t === 1);
  assert.equal(client.mirror.datoms().length, 5);

  const query = '[:find ?id ?n :in $ ?least :where [?e :note/id ?id] [?e :note/n ?n] [(>= ?n ?least)]]';
  assert.deepEqual([...readEdn(await stoa.cli('query', query, '--arg', '2'))], [['b', 7]]);
  const count = '[:find (count ?e) . :where [?e :note/id]]';
  assert.equal(readEdn(await stoa.cli('query', count)), 2);
  assert.deepEqual(JSON.parse(await stoa.cli('query', count, '--format', 'json')), 2);
  assert.equal(plain(readEdn(await stoa.cli('pull', '[*]', '1')))['note/id'], 'a');
  assert.equal(readEdn(await stoa.cli('query', '[:find ?note . :where [?tx :tx/note ?note]]')), 'by hand');

  await client.transact('[[:db/add 1 :note/n 2]]');
  const log = await stoa.cli('log');
  const entries = log.trim().split('\n').map((line) => plain(readEdn(line)));
  assert.deepEqual(entries.map((entry) => entry.t), [1, 2]);
  assert.deepEqual(entries[1].datoms.map(([e, a, v, added]) => [e, String(a), v, added]), [
    [1, ':note/n', 1.5, false],
    [1, ':note/n', 2, true],
  ]);
  assert.match(await stoa.cli('log', '--from', '2', '--limit', '1'), /^[^\n]*:t 2[^\n]*\n$/);
  assert.match(await stoa.cli('status'), /main/);
});

stoaTest('exit codes', {}, async (t, stoa) => {
  const rows = [
    [1, /incorrect.*nil/s, 'transact', '[[:db/add 1 :a nil]]'],
    [1, /not-found/, 'query', '[:find ?e :where [?e :a]]', '--graph', 'nope'],
    [1, /\?x/, 'query', '[:find ?x :where [?e :a]]'],
    [2, /--nope/, 'query', '[:find ?e :where [?e :a]]', '--nope'],
    [3, /./, 'status', '--url', 'http://127.0.0.1:1'],
    [4, /./, 'import', '/nonexistent/graph.edn', '--graph', 'x'],
  ];
  for (const [expected, names, command, ...args] of rows) {
    const { code, report } = await stoa.cliRun(command, ...args);
    assert.equal(code, expected, `${command} ${args.join(' ')}: ${report}`);
    assert.match(report, names);
  }
});
