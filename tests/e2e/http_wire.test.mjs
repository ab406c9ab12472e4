/* HTTP as clients and proxies speak it that are not the project's own: what they send is taken, or refused by name. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { oneSegment, stoaTest } from './harness.mjs';

const QUERY = '{:query [:find ?x . :in ?x] :args [42]}';
const ROUTE = '/v1/graphs/main/query';
const EDN = 'Content-Type: application/edn\r\n';
const CHUNKED = `${EDN}Transfer-Encoding: chunked\r\n`;
const LAST = 'Connection: close\r\n'; // else it takes seconds to see that nothing more comes

const request = (method, path, headers = '', body = '', version = '1.1') =>
  `${method} ${path} HTTP/${version}\r\nHost: x\r\n${headers}\r\n${body}`;
const sized = (body) => `${EDN}Content-Length: ${body.length}\r\n${LAST}`;
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

stoaTest('what Accept asks for does not matter where there is one type alone', {}, async (t, stoa) => {
  const types = { healthz: 'text/plain', readyz: 'text/plain', metrics: 'text/plain', '': 'text/html', 'v1/graphs/main/export': 'application/edn' };
  for (const [path, type] of Object.entries(types)) {
    for (const accept of [type, 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3']) {
      const response = await fetch(`${stoa.url()}/${path}`, { headers: { accept } });
      assert.deepEqual([response.status, response.headers.get('content-type').split(';')[0]], [200, type], `/${path} as ${accept}`);
    }
  }
  assert.equal((await fetch(`${stoa.url()}/v1/graphs`, { headers: { accept: 'text/plain' } })).status, 406);
});

stoaTest('HEAD is GET without the body', {}, async (t, stoa) => {
  for (const path of ['healthz', 'v1/graphs', 'v1/graphs/main/log', 'v1/graphs/main/export']) {
    const [got, head] = [await fetch(`${stoa.url()}/${path}`), await fetch(`${stoa.url()}/${path}`, { method: 'HEAD' })];
    for (const name of ['content-type', 'content-length']) {
      assert.equal(head.headers.get(name), got.headers.get(name), `${name} of ${path}`);
    }
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.notEqual(await got.text(), '');
  }
});

stoaTest('a body is taken as it is, and its end must be told once', {}, async (t, stoa) => {
  const size = QUERY.length.toString(16);
  const rows = [
    ['whole', sized(QUERY), QUERY, 200, /42/],
    ['in chunks', CHUNKED, `5\r\n${QUERY.slice(0, 5)}\r\n${(QUERY.length - 5).toString(16)};of=two\r\n${QUERY.slice(5)}\r\n0\r\nX: y\r\n\r\n`, 200, /42/],
    ['identity', `Content-Encoding: identity\r\n${sized(QUERY)}`, QUERY, 200, /42/],
    ['a coding', `Content-Encoding: br\r\n${sized(QUERY)}`, QUERY, 415, /:unsupported.*Content-Encoding is ."br/],
    ['another transfer', `${EDN}Transfer-Encoding: gzip\r\n`, QUERY, 400, /Transfer-Encoding is ."gzip/],
    ['both', `${CHUNKED}Content-Length: 5\r\n`, `${size}\r\n${QUERY}\r\n0\r\n\r\n`, 400, /both/],
    ['two lengths', `Content-Length: 5\r\n${sized(QUERY)}`, QUERY, 400, /Content-Length/],
    ['no length', `${EDN}Content-Length: many\r\n`, QUERY, 400, /Content-Length is .*many/],
    ['less than nothing', `${EDN}Content-Length: -5\r\n`, QUERY, 400, /Content-Length is .*-5/],
    ['a chunk without a size', CHUNKED, `zz\r\n${QUERY}\r\n0\r\n\r\n`, 400, /chunks/],
    ['a chunk longer than its size', CHUNKED, `2\r\n{}${QUERY}\r\n0\r\n\r\n`, 400, /chunks/],
  ];
  for (const [what, headers, body, status, names] of rows) {
    const answer = await oneSegment(stoa.url(), request('POST', ROUTE, headers, body));
    assert.equal(statusOf(answer), status, `${what}: ${answer}`);
    assert.match(answer, names, what);
    assert.equal(answer.split('HTTP/1.1 ').length, 2, `${what}: one answer, and none to the rest of the body`);
  }
  const packed = await stoa.import('packed', gzipSync('#datascript/DB {:schema {} :datoms []}'), 0, { 'content-encoding': 'gzip' });
  assert.equal(packed.status, 415);
});

stoaTest('an import that breaks off in a wrong chunk leaves its name free', {}, async (t, stoa) => {
  const start = '#datascript/DB {:schema {} :datoms [[1 :a 1 536870913]';
  const answer = await oneSegment(stoa.url(), request('POST', '/v1/graphs/broken/import', CHUNKED, `${start.length.toString(16)}\r\n${start}\r\nzz\r\n`));
  assert.equal(statusOf(answer), 400, answer);
  assert.equal((await stoa.import('broken', `${start}]}`)).status, 201);
});

stoaTest('clients of HTTP/1.0, and of HTTP/2 that asks first', {}, async (t, stoa) => {
  const exported = await oneSegment(stoa.url(), request('GET', '/v1/graphs/main/export', '', '', '1.0'));
  assert.doesNotMatch(exported, /chunked/i);
  assert.match(exported, /\r\n\r\n#datascript\/DB \{:schema \{\} :datoms \[\]\}\n$/, 'HTTP/1.0 knows no chunks');
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n';
  for (const [what, asked] of [['GET', request('GET', '/healthz', h2c)], ['POST', request('POST', ROUTE, `${h2c}${EDN}Content-Length: ${QUERY.length}\r\n`, QUERY)]]) {
    assert.equal(statusOf(await oneSegment(stoa.url(), asked)), 200, `an offer of h2c with ${what} is not taken up`);
  }
});

stoaTest('headers as long as browsers send them', {}, async (t, stoa) => {
  const cookies = `Cookie: of-another-port=${'x'.repeat(12_000)}\r\n${LAST}`;
  assert.equal(statusOf(await oneSegment(stoa.url(), request('GET', '/healthz', cookies))), 200);
});

stoaTest('a WebSocket is opened as version 13 alone, with a key', {}, async (t, stoa) => {
  const open = (version, key) =>
    oneSegment(stoa.url(), request('GET', '/v1/graphs/main/socket', `Connection: Upgrade\r\nUpgrade: websocket\r\n${version}${key}`));
  const [version, key] = ['Sec-WebSocket-Version: 13\r\n', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'];
  for (const other of ['Sec-WebSocket-Version: 8\r\n', '']) {
    const answer = await open(other, key);
    assert.equal(statusOf(answer), 426, answer);
    assert.match(answer, /sec-websocket-version: 13\r\n/i);
  }
  for (const other of ['Sec-WebSocket-Key: short\r\n', '']) {
    assert.equal(statusOf(await open(version, other)), 400, other);
  }
  assert.equal(statusOf(await open(version, key)), 101);
});

stoaTest('a user told in EDN is one like any other', {}, async (t, stoa) => {
  const socket = await stoa.socket({});
  await socket.hello({ sync: 'none', user: { name: 'Plato', 'with space': 1 } });
  const post = async (body) => (await fetch(`${stoa.url()}/v1/graphs/main/transact`, { method: 'POST', headers: { 'content-type': 'application/edn' }, body })).status;
  assert.equal(await post('{:tx-data [] :user {:name "Socrates" :home-town :athens}}'), 200);
  const { user } = await socket.ofType('tx');
  assert.deepEqual([user.name, String(user.home_town)], ['Socrates', ':athens']);
  socket.send({ type: 'transact', id: 1, tx_data: [] });
  await socket.answer(1);
  const log = await (await fetch(`${stoa.url()}/v1/graphs/main/log`, { headers: { accept: 'application/edn' } })).text();
  assert.match(log, /:user \{:name "Socrates" :home-town :athens\}/);
  assert.match(log, /:user \{:name "Plato" "with space" 1\}/);
});
