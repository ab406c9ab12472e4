/* Edits in a file: what is there after whatever ended the program. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileStore } from '../dist/file_store.js';

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'stoa-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const edit = (key) => ({ key, text: `text of ${key}` });
const keys = (edits) => edits.map(({ key }) => key);

async function reopened(path) {
  const store = new FileStore(path);
  const found = await store.open();
  await store.close();
  return keys(found);
}

test('what was put and not removed is found again, in order, with its last text', async (t) => {
  const path = join(folder(t), 'queue');
  const store = new FileStore(path);
  assert.deepEqual(await store.open(), []);
  await Promise.all([...['a', 'b', 'c', 'd'].map((key) => store.put(edit(key)))]);
  await store.put({ key: 'b', text: 'another' });
  await Promise.all([store.remove('a'), store.remove('d'), store.remove('never there')]);
  await store.close();
  const next = new FileStore(path);
  assert.deepEqual(await next.open(), [{ key: 'b', text: 'another' }, edit('c')]);
  await next.close();
  assert(!existsSync(`${path}.lock`));
});

test('an edit that is put while the store opens comes after what was there', async (t) => {
  const path = join(folder(t), 'queue');
  writeFileSync(path, '["old","text"]\n');
  const store = new FileStore(path);
  const opened = store.open();
  await store.put(edit('new'));
  assert.deepEqual(keys(await opened), ['old']);
  await store.close();
  assert.deepEqual(await reopened(path), ['old', 'new']);
});

test('a line cut short is passed over, and the file goes on', async (t) => {
  const path = join(folder(t), 'queue');
  writeFileSync(path, '["a","1"]\n["b","2"]\n["a"]\n["c","3');
  assert.deepEqual(await reopened(path), ['b']);
  appendFileSync(path, '["d","4"]\n');
  assert.deepEqual(await reopened(path), ['b', 'd']);
});

test('one owner at a time; the lock of one that ended is broken', async (t) => {
  const path = join(folder(t), 'queue');
  const first = new FileStore(path);
  await first.open();
  await assert.rejects(new FileStore(path).open(), new RegExp(`in use by process ${process.pid}`));
  await first.put(edit('a'));
  for (const dead of [`${2 ** 22 + 1} 1`, `${process.pid} 1`, '', 'nonsense']) {
    writeFileSync(`${path}.lock`, dead); // no such process; this one, started at another time; a cut write
    assert.deepEqual(await reopened(path), ['a'], dead);
  }
});

test('a file in which nothing is left does not grow for ever', async (t) => {
  const path = join(folder(t), 'queue');
  const store = new FileStore(path);
  await store.open();
  const text = 'x'.repeat(100_000);
  for (let i = 0; i < 20; i++) {
    await store.put({ key: `k${i}`, text });
    await store.remove(`k${i}`);
  }
  assert(statSync(path).size <= 1_200_000);
  await store.put(edit('last'));
  await store.close();
  assert.match(readFileSync(path, 'utf8'), /last/);
  assert.deepEqual(await reopened(path), ['last']);
});
