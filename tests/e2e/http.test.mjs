/* Every HTTP route in all four encodings, and imports that come out as they went in. */
import assert from 'node:assert/strict';
import {
  Keyword, Uuid, entriesOf, msgpackRead, msgpackWrite, transitRead, transitWrite,
} from '../../client/dist/index.js';
import { sampleGraph } from '../data/sample-graph.mjs';
import { readEdn } from './edn.mjs';
import { assertSameKeys, exportKeys, freePort, mirrorKeys, oneSegment, settled, stoaTest, within } from './harness.mjs';

const k = Keyword.of;

/* The four encodings: how a request is written and an answer read, envelope keys as plain names. */
const transit = { write: transitWrite, read: async (response) => transitRead(await response.text()) };
const ENCODINGS = {
  'application/edn': {
    write: writeEdn,
    read: async (response) => readEdn(await response.text()),
  },
  'application/transit+json': transit,
  'application/json': transit,
  'application/msgpack': {
    write: msgpackWrite,
    read: async (response) => msgpackRead(new Uint8Array(await response.arrayBuffer())),
  },
};

/* Envelopes for EDN bodies: keyword keys with dashes; the rows below use text for all else. */
function writeEdn(fields) {
  const entries = Object.entries(fields).map(([key, value]) => `:${key.replaceAll('_', '-')} ${ednOf(value)}`);
  return `{${entries.join(' ')}}`;
}

function ednOf(value) {
  if (value instanceof Uuid) return `#uuid "${value}"`;
  if (Array.isArray(value)) return `[${value.map(ednOf).join(' ')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/* An answer with keys as PROTOCOL.md names them, whichever encoding it came in. */
function plain(answer) {
  return Object.fromEntries(entriesOf(answer).map(([key, value]) => [String(key).replace(/^:/, '').replaceAll('-', '_'), value]));
}

async function post(url, type, fields) {
  const headers = { 'content-type': type, accept: type };
  const response = await fetch(url, { method: 'POST', headers, body: ENCODINGS[type].write(fields) });
  assert.equal(response.headers.get('content-type').split(';')[0], type);
  return { status: response.status, ...plain(await ENCODINGS[type].read(response)) };
}

for (const type of Object.keys(ENCODINGS)) {
  stoaTest(`transact, query and pull as ${type}`, {}, async (t, stoa) => {
    const [here, there] = stoa.urls.map((url) => `${url}/v1/graphs/main`);
    const tx_id = new Uuid('6ba7b810-9dad-41d1-80b4-00c04fd430c8');
    const tx = { tx_data: '[{:db/id "n" :note/id "a" :note/n 1.5} {:note/id "b" :note/n 7}]', tx_id };
    const first = await post(`${here}/transact`, type, tx);
    assert.deepEqual([first.status, first.t, first.tx], [200, 1, 2 ** 29 + 1]);
    assert.deepEqual(entriesOf(first.tempids).map(([key, id]) => [String(key), id]), [['n', 1]]);
    assert.deepEqual(await post(`${there}/transact`, type, tx), first, 'the same tx_id on the other gateway');

    const found = await post(`${there}/query`, type, { query: '[:find ?id ?n :where [?e :note/id ?id] [?e :note/n ?n]]' });
    assert.deepEqual([found.status, found.t], [200, 1]);
    assert.deepEqual([...found.result].sort(), [['a', 1.5], ['b', 7]]);
    const args = { query: '[:find ?e . :in $ ?id :where [?e :note/id ?id]]', args: ['b'] };
    assert.equal((await post(`${here}/query`, type, args)).result, 2);

    const pulled = await post(`${here}/pull`, type, { pattern: '[*]', eid: 1 });
    const fields = entriesOf(pulled.result).map(([key, value]) => [String(key), value]).sort();
    assert.deepEqual(fields, [[':db/id', 1], [':note/id', 'a'], [':note/n', 1.5]]);

    const refusals = [
      ['transact', { tx_data: '[[:db/add 1 :note/n nil]]' }, 400, 'incorrect', /nil/],
      ['transact', { tx_data: '[[:db/add' }, 400, 'incorrect', /./],
      ['transact', {}, 400, 'incorrect', /tx.data/],
      ['transact', { tx_data: '[[:db/add [:note/q 1] :note/n 5]]' }, 400, 'incorrect', /:note\/q/],
      ['transact', { tx_data: '[[:db.fn/cas 1 :note/n 3 5]]' }, 409, 'conflict', /:note\/n/],
      ['query', { query: '[:find ?x :where [?e :note/id]]' }, 400, 'incorrect', /\?x/],
      ['query', { query: '[:find ?e :where [?e :note/id]]', as_of: 99 }, 404, 'not-found', /./],
      ['pull', { pattern: '[*]' }, 400, 'incorrect', /eid/],
    ];
    for (const [route, fields_, status, code, names] of refusals) {
      const answer = await post(`${here}/${route}`, type, fields_);
      assert.equal(answer.status, status, `${route}: ${answer.message}`);
      assert.equal(String(answer.code).replace(/^:/, ''), code);
      assert.match(answer.message, names);
    }
    const nowhere = await post(`${stoa.url()}/v1/graphs/nope/query`, type, { query: '[:find ?e :where [?e :a]]' });
    assert.deepEqual([nowhere.status, String(nowhere.code).replace(/^:/, '')], [404, 'not-found']);
  });
}

stoaTest('one encoding in, another one out', {}, async (t, stoa) => {
  const url = `${stoa.url()}/v1/graphs/main/query`;
  const body = '{:query [:find ?x . :in ?x] :args [:a/b]}';
  const ask = (accept) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/edn', ...accept }, body });
  const packed = await ask({ accept: 'application/msgpack' });
  assert.deepEqual(msgpackRead(new Uint8Array(await packed.arrayBuffer())).result, k('a/b'));
  const unsaid = await ask({});
  assert.equal(unsaid.status, 200);
  const preferred = await ask({ accept: 'text/html, application/msgpack;q=0.2, Application/JSON; q=0.9, application/edn;q=0' });
  assert.equal(preferred.headers.get('content-type'), 'application/json');
  const shouted = await fetch(url, { method: 'POST', headers: { 'content-type': 'Application/EDN;charset=utf-8' }, body });
  assert.equal(await shouted.text(), '{:t 0 :result :a/b}');
  const headers = { 'content-type': 'text/html', accept: 'application/edn' };
  const unknown = await fetch(url, { method: 'POST', headers, body });
  assert.equal(unknown.status, 415);
  assert.match(await unknown.text(), /^\{:code :unsupported/);
  assert.equal((await ask({ accept: 'image/png' })).status, 406);
});

stoaTest('tempids that differ only in being text have one key in JSON', {}, async (t, stoa) => {
  const ask = (accept) => fetch(`${stoa.url()}/v1/graphs/main/transact`, {
    method: 'POST', headers: { 'content-type': 'application/edn', accept },
    body: '{:tx-data [[:db/add "-1" :n 1] [:db/add -1 :n 2]]}',
  });
  assert.equal(await (await ask('application/json')).text(), '{"t":1,"tx":536870913,"tempids":{"-1":1}}');
  assert.equal(await (await ask('application/edn')).text(), '{:t 2 :tx 536870914 :tempids {"-1" 3 -1 4}}');
});

stoaTest('in EDN a result is a set only when its rows have no order and none comes twice', {}, async (t, stoa) => {
  const graph = `${stoa.url()}/v1/graphs/main`;
  const post = async (route, body) => {
    const answer = await fetch(`${graph}/${route}`, { method: 'POST', headers: { 'content-type': 'application/edn' }, body });
    return (await answer.text()).trim();
  };
  await post('transact', '{:tx-data [{:n 2 :of "a"} {:n 1 :of "a"}]}');
  const cases = [
    ['[:find ?n :where [_ :n ?n] [(< ?n 2)]]', '#{[1]}'],
    ['[:find ?n :where [_ :n ?n] :order-by [?n :desc]]', '[[2] [1]]'],
    ['{:find [?n] :where [[_ :n ?n]] :order-by ?n :limit 1}', '[[1]]'],
    ['[:find (pull ?e [:of]) :where [?e :n]]', '[[{:of "a"}] [{:of "a"}]]'],
    ['[:find ?o :with ?e :where [?e :of ?o]]', '[["a"] ["a"]]'],
    ['[:find (count ?o) :with ?e :where [?e :of ?o]]', '#{[2]}'],
    ['[:find [?n ...] :where [_ :n ?n] [(< ?n 2)]]', '[1]'],
  ];
  for (const [query, result] of cases) {
    assert.equal(await post('query', `{:query ${query}}`), `{:t 1 :result ${result}}`, query);
  }
  assert.equal(
    await post('query', '{:query [:find ?n . :order-by [?n :desc] :where [_ :n ?n]] :with [{:n 3}]}'),
    '{:t 2 :result 3}',
  );
});

stoaTest('graphs are listed, created once, and dropped', {}, async (t, stoa) => {
  const [here, there] = stoa.urls.map((url) => `${url}/v1/graphs`);
  const put = (url, name, body) =>
    fetch(`${url}/${name}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
  const names = async (url) => {
    const answer = plain(transitRead(await (await fetch(url, { headers: { accept: 'application/json' } })).text()));
    return answer.graphs.map((graph) => plain(graph).graph).sort();
  };
  assert.deepEqual(await names(here), ['main']);
  const read = '{"schema_flexibility":"read"}';
  assert.equal((await put(here, 'notes', read)).status, 201);
  assert.equal((await put(there, 'notes', read)).status, 200);
  assert.equal((await put(here, 'notes', '{"schema_flexibility":"write"}')).status, 409);
  assert.equal((await put(here, 'notes')).status, 409, 'the default is write');
  assert.equal((await put(here, 'plain')).status, 201);
  assert.equal((await put(there, 'plain', '{"schema_flexibility":"write"}')).status, 200);
  assert.deepEqual(await names(there), ['main', 'notes', 'plain']);
  for (const bad of ['Upper', '-dash', 'a'.repeat(64), 'dot.dot', '%2e%2e']) {
    const { status } = await put(here, bad, read);
    assert(status === 400 || status === 404, `${bad}: ${status}`);
  }
  assert.equal((await put(here, 'other', '{"schema_flexibility":"sometimes"}')).status, 400);
  assert.equal((await put(here, 'other', '{')).status, 400);

  const socket = await stoa.socket({ graph: 'notes' });
  const first = await socket.hello();
  const drop = (name) => fetch(`${here}/${name}`, { method: 'DELETE' });
  assert((await drop('notes')).ok);
  await socket.closed();
  assert.deepEqual(await names(there), ['main', 'plain']);
  assert.equal((await drop('notes')).status, 404);
  assert.equal((await put(there, 'notes', read)).status, 201);
  const second = await (await stoa.socket({ graph: 'notes' })).hello();
  assert.notEqual(String(second.epoch), String(first.epoch), 'made again: another lineage');
  assert.equal(second.t, 0);
});

stoaTest('an export of an import gives the same datoms, again and again', {}, async (t, stoa) => {
  const edn = sampleGraph();
  const before = exportKeys(edn);
  assert.equal((await stoa.import('one', edn)).status, 201);
  assert.equal((await stoa.import('one', edn)).status, 409, 'only into a new graph');
  const out = await stoa.export('one', 1);
  assertSameKeys(exportKeys(out), before, 'the export');
  assert.match(out, /^#datascript\/DB \{/);
  assert.equal((await stoa.import('two', out, 1)).status, 201);
  assertSameKeys(exportKeys(await stoa.export('two')), before, 'the export of the import of the export');
  const schemaOf = (text) => [...readEdn(text)].find(([key]) => key.name === 'schema')[1];
  const flat = (schema) => [...schema].map(([a, ps]) => `${a} ${[...ps].map(String).sort()}`).sort();
  const ones = (lines) => lines.map((line) => line.replace(/,?:db\/cardinality,:db.cardinality\/one/, '').trim()).filter((l) => / /.test(l));
  assert.deepEqual(ones(flat(schemaOf(out))), ones(flat(schemaOf(edn))));

  const [a, b] = [await stoa.liveClient({ graph: 'one' }), await stoa.liveClient({ graph: 'two', on: 1, protocol: 'msgpack' })];
  assertSameKeys(mirrorKeys(a), before, 'a mirror of the import');
  assert.equal(a.mirror.checksumText, b.mirror.checksumText);
  const highest = Math.max(...a.mirror.datoms().map(([, , , tx]) => tx));
  const { t: next, tempids } = await a.transact([{ ':db/id': -1, ':note/id': 'first after the import' }]);
  assert.equal(next, highest - 2 ** 29 + 1, 't goes on from the highest one imported');
  assert.equal(tempids['-1'], Math.max(...mirrorIds(b)) + 1);
  const late = await stoa.socket({ graph: 'one' });
  const { sync } = await late.hello({ epoch: new Uuid(a.mirror.position.epoch), since: 3, sync: 'log' });
  assert.equal(sync, 'snapshot', 'a since below the base');
  await settled([a]);
});

const mirrorIds = (client) => client.mirror.datoms().map(([e]) => e);

stoaTest('bad imports leave no graph behind', {}, async (t, stoa) => {
  const rows = [
    ['', /./],
    ['{', /./],
    ['[]', /./],
    ['#datascript/DB {:schema {} :datoms [[1 :a', /./],
    ['#datascript/DB {:schema {} :datoms [[1 :a]]}', /./],
    ['#datascript/DB {:schema {} :datoms [[1 :a 2 "t"]]}', /./],
    ['#datascript/DB {:schema {} :datoms [[0 :a 2 536870913]]}', /./],
    ['#datascript/DB {:schema {} :datoms [[1 :a nil 536870913]]}', /nil/],
    ['#datascript/DB {:schema {} :datoms [[536870900 :a 2 536870913]]}', /536870900/],
    ['#datascript/DB {:schema {:a {:db/unique :db.unique/identity}} :datoms [[1 :a 2 536870913] [2 :a 2 536870913]]}', /:conflict.*:a/],
    ['#datascript/DB {:schema {:a {:db/valueType :db.type/ref}} :datoms [[1 :a "x" 536870913]]}', /:a/],
    ['#datascript/DB {:schema {:a {:db/valueType :db.type/frob}} :datoms []}', /frob/],
  ];
  for (const [i, [edn, names]] of rows.entries()) {
    const response = await stoa.import(`bad${i}`, edn);
    const text = await response.text();
    assert.equal(response.status, /conflict/.test(text) ? 409 : 400, `${edn}: ${text}`);
    assert.match(text, names);
    assert.equal((await fetch(`${stoa.url()}/v1/graphs/bad${i}/export`)).status, 404, edn);
  }
  assert.equal((await stoa.import('good', '#datascript/DB {:schema {} :datoms []}')).status, 201);
});

stoaTest('health, readiness, metrics, and routes that are none', {}, async (t, stoa) => {
  for (const route of ['healthz', 'readyz']) {
    assert.equal((await fetch(`${stoa.url()}/${route}`)).status, 200);
  }
  const metrics = await fetch(`${stoa.url()}/metrics`);
  assert.match(metrics.headers.get('content-type'), /^text\/plain/);
  const samples = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert(samples.length > 0 && samples.every((line) => /^stoa_[a-z_]+(\{[^}]*\})? [-+0-9.eE]+$/.test(line)), samples[0]);
  const rows = [
    ['GET', '/v1/graphs/main/nothing', 404],
    ['GET', '/v1/nothing', 404],
    ['GET', '/../../etc/passwd', 404],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd', 404],
    ['GET', '/v1/graphs/main/transact', 405],
    ['POST', '/v1/graphs', 405],
    ['POST', '/healthz', 405],
    ['POST', '/', 405],
    ['POST', '/v1/graphs/main/export', 405],
  ];
  for (const [method, path, status] of rows) {
    assert.equal((await fetch(`${stoa.url()}${path}`, { method })).status, status, `${method} ${path}`);
  }
  const refused = await fetch(`${stoa.url()}/v1/graphs`, { method: 'POST', headers: { accept: 'application/edn' } });
  assert.equal(refused.headers.get('allow'), 'GET, HEAD');
  assert.equal(refused.headers.get('content-type'), 'application/edn');
  assert.match(await refused.text(), /^\{:code :unsupported/);
  assert.equal((await fetch(`${stoa.url()}/v1/graphs/main/socket`)).status, 426, 'a socket route without an upgrade');
});

stoaTest('requests sent ahead in one piece do not stop the gateway', {}, async (t, stoa) => {
  const query = '{:query [:find ?e :where [?e :n]]}';
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const post = `POST /v1/graphs/main/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/edn\r\nContent-Length: ${query.length}\r\n\r\n${query}`;
  const rows = [
    [get + get, [200, 200]],
    [get + post, [200, 400]], // the second is not begun, and may be sent again
    [post + get, [400]],
    [post + post, [400]],
  ];
  for (const [requests, statuses] of rows) {
    const answer = await oneSegment(stoa.url(), requests);
    assert.deepEqual([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((head) => Number(head[1])), statuses, answer);
    assert.match(await oneSegment(stoa.url(), get), /^HTTP\/1\.1 200/);
  }
});

stoaTest('a gateway that cannot do what it is told does not start', { gateways: 0 }, async (t, stoa) => {
  const port = String(await freePort());
  const tries = [
    ['--static-dir', '/nonexistent', /there is no folder \/nonexistent/],
    ['--txd', '127.0.0.1:7010', /--txd: "127\.0\.0\.1:7010" is no address like tcp:/],
  ];
  for (const [name, value, reason] of tries) {
    const gateway = stoa.run('stoa-gateway', ['--listen-port', port, name, value]);
    assert.deepEqual(await within(`${name} to be refused`, gateway.exit), { code: 1, signal: null });
    assert.match(gateway.report(), reason);
  }
});
