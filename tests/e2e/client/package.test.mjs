/* The package as its users get it: packed, put into an empty folder, compiled against, run, bundled. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { stoaTest } from '../harness.mjs';

const client = fileURLToPath(new URL('../../../client', import.meta.url));
const COMPRESSED_MAX = 60_000;

const APP = `
import { LocalEntities, connect, datascript, mergeText, type State } from '@stoa/client';

const client = connect({ url: process.argv[2]!, user: { name: 'Plato' } });
const seen: State['status'][] = [];
client.onState(({ status }) => seen.push(status));
await client.live();
const { tempids } = await client.transact([{ ':db/id': 'new', ':block/string': mergeText('a', 'ab', 'ca') }]);
const own = datascript.conn_from_db(datascript.empty_db());
const entities = new LocalEntities(client, own);
const text: unknown = datascript.q('[:find ?s . :where [_ ":block/string" ?s]]', datascript.db(own));
console.log(JSON.stringify([text, entities.localId(tempids['new']!) !== undefined, seen.at(-1)]));
await client.close();
`;

const TSCONFIG = {
  compilerOptions: { module: 'NodeNext', target: 'ES2022', strict: true, noUncheckedIndexedAccess: true, types: ['node'] },
  files: ['app.mts'],
};

function run(cwd, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/* An application that has installed the package; what the package depends on is that of the client. */
function installed(t) {
  const app = mkdtempSync(join(tmpdir(), 'stoa-app-'));
  t.after(() => rmSync(app, { recursive: true, force: true }));
  const modules = join(app, 'node_modules');
  mkdirSync(join(modules, '@stoa'), { recursive: true });
  run(client, 'npm', 'pack', '--silent', '--pack-destination', app);
  const [packed] = readdirSync(app).filter((name) => name.endsWith('.tgz'));
  run(app, 'tar', 'xzf', packed, '--transform', 's,^package,node_modules/@stoa/client,');
  const licences = [join(client, '..'), join(modules, '@stoa', 'client')].map((folder) => readFileSync(join(folder, 'LICENSE'), 'utf8'));
  assert.equal(licences[0], licences[1]);
  for (const name of ['datascript', 'ws', '@types']) {
    symlinkSync(join(client, 'node_modules', name), join(modules, name));
  }
  return app;
}

stoaTest('an application in TypeScript compiles against the package, strictly, and runs', { gateways: 1 }, async (t, stoa) => {
  const app = installed(t);
  writeFileSync(join(app, 'package.json'), '{"type": "module"}');
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, 'app.mts'), APP);
  run(app, process.execPath, join(client, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.');
  assert.deepEqual(JSON.parse(run(app, process.execPath, 'app.mjs', stoa.url())), ['cab', true, 'live']);
});

test(`for browsers it is at most ${COMPRESSED_MAX} bytes, compressed and without DataScript, and asks nothing of Node`, async (t) => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: "export * from '@stoa/client';", resolveDir: installed(t) },
    bundle: true, minify: true, format: 'iife', target: 'es2022', platform: 'browser',
    external: ['datascript'], write: false, metafile: true,
  });
  const script = outputFiles[0].contents;
  const sizes = { gzip: gzipSync(script).length, brotli: brotliCompressSync(script).length };
  t.diagnostic(`${script.length} bytes, ${JSON.stringify(sizes)}`);
  assert(sizes.gzip <= COMPRESSED_MAX && sizes.brotli <= COMPRESSED_MAX);
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  assert.deepEqual([...new Set(outside)], ['datascript']);
});
