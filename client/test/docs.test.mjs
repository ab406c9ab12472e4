/* docs/client/reference is what `npm run docs` makes of the comments in the code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const client = fileURLToPath(new URL('..', import.meta.url));

function filesOf(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? Object.entries(filesOf(join(folder, entry.name))).map(([name, text]) => [`${entry.name}/${name}`, text])
      : [[entry.name, readFileSync(join(folder, entry.name), 'utf8')]],
  );
  return Object.fromEntries(entries);
}

test('docs/client/reference is up to date', (t) => {
  const out = mkdtempSync(join(tmpdir(), 'stoa-docs-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const typedoc = join(client, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const { status, stderr, stdout } = spawnSync(process.execPath, [typedoc, '--out', out], { cwd: client, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  const [made, kept] = [filesOf(out), filesOf(join(client, '..', 'docs', 'client', 'reference'))];
  assert.deepEqual(Object.keys(kept), Object.keys(made), 'run `npm run docs` in client');
  Object.keys(made).forEach((name) => assert.equal(kept[name], made[name], `${name}: run \`npm run docs\` in client`));
});
