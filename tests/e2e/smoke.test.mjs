/* smoke.mjs, which is run against deployments: it passes, and it fails when it must. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stoaTest } from './harness.mjs';

const script = fileURLToPath(new URL('smoke.mjs', import.meta.url));

function smoke(env) {
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

stoaTest('the smoke test of deployments', {}, async (t, stoa) => {
  const STOA_URL = stoa.urls.join(',');
  assert.equal((await smoke({ STOA_URL })).code, 0);
  const kept = await smoke({ STOA_URL: stoa.url(1), STOA_EXPECT: '1' });
  assert.deepEqual([kept.code, kept.stderr], [0, '']);
  assert.match(kept.stdout, /1 earlier runs/);
  const lost = await smoke({ STOA_URL, STOA_EXPECT: '3' });
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /3 earlier runs are wanted, those of 2 are there/);
});
