// Files of the outliner over HTTP: compressed ahead of time, kept by their hashes, under a strict policy.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { stoaTest } from './harness.mjs';

const dir = mkdtempSync(join(tmpdir(), 'stoa-static-'));
after(() => rmSync(dir, { recursive: true, force: true }));
mkdirSync(join(dir, 'assets'));
const files = {
  'index.html': 'a page', 'icon.svg': 'a picture', 'secret': 'plain',
  'assets/a-1.js': 'plain', 'assets/a-1.js.br': 'as brotli', 'assets/a-1.js.gz': 'as gzip',
  'assets/b-2.js': 'plain', 'assets/b-2.js.gz': 'as gzip',
};
Object.entries(files).forEach(([name, text]) => writeFileSync(join(dir, name), text));

/* fetch() would decode what is not encoded here. */
function get(url, headers) {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    }).on('error', reject).end();
  });
}

const encoded = [
  ['/assets/a-1.js', 'gzip, deflate, br', 'as brotli', 'br'],
  ['/assets/a-1.js', 'gzip, br;q=0', 'as gzip', 'gzip'],
  ['/assets/a-1.js', 'GZIP;q=0.5', 'as gzip', 'gzip'],
  ['/assets/a-1.js', 'brotli, x-gzip', 'plain', undefined],
  ['/assets/a-1.js', '', 'plain', undefined],
  ['/assets/b-2.js', 'gzip, deflate, br', 'as gzip', 'gzip'],
  ['/icon.svg', 'gzip, br', 'a picture', undefined],
];

stoaTest('static files', { gateways: 1, gatewayArgs: ['--static-dir', dir] }, async (t, stoa) => {
  for (const [path, accepted, text, encoding] of encoded) {
    const answer = await get(stoa.url() + path, { 'accept-encoding': accepted });
    assert.deepEqual([answer.status, answer.text, answer.headers['content-encoding']], [200, text, encoding], `${path} ${accepted}`);
    assert.equal(answer.headers.vary, 'accept-encoding');
    for (const known of [answer.headers.etag, `W/${answer.headers.etag}`, `"other", ${answer.headers.etag}`]) {
      const again = await get(stoa.url() + path, { 'accept-encoding': accepted, 'if-none-match': known });
      assert.deepEqual([again.status, again.text], [304, ''], `${path} again, with ${known}`);
    }
    assert.equal((await get(stoa.url() + path, { 'if-none-match': '"other"' })).status, 200);
  }
  const asset = await get(`${stoa.url()}/assets/a-1.js`);
  assert.match(asset.headers['cache-control'], /immutable/);
  assert.equal(asset.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(asset.headers['content-security-policy'], undefined);

  const page = await get(`${stoa.url()}/`);
  assert.equal(page.headers['cache-control'], 'no-cache');
  assert.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  assert.doesNotMatch(page.headers['content-security-policy'], /unsafe/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');

  assert.equal((await get(`${stoa.url()}/assets/none.js`, { 'accept-encoding': 'br' })).status, 404);
  assert.equal((await get(`${stoa.url()}/assets`)).status, 404);
});
