/* Edits made offline: kept in order, through the end of the program, sent once, refused to whom they are due. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, datascript } from '../../../client/dist/node.js';
import { freePort, stoaTest, until, within } from '../harness.mjs';
import { SCHEMA, assertSettled, becomes, follow, goOffline, goOnline, livePerson, look, person } from './people.mjs';

/* The log's values of an attribute, in order. */
async function logged(stoa, attribute, graph = 'main') {
  const response = await fetch(`${stoa.url()}/v1/graphs/${graph}/log`, { headers: { accept: 'application/json' } });
  const text = await response.text();
  const { txs } = JSON.parse(text);
  return txs.flatMap(({ datoms }) => datoms.filter(([, a, , added]) => a === `~:${attribute}` && added).map(([, , v]) => v));
}

stoaTest('edits made offline are sent in order, and the refused one among them goes back to its caller', {}, async (t, stoa) => {
  const me = await livePerson(t, stoa);
  await me.client.transact(SCHEMA);
  await me.client.transact([{ ':block/uid': 'taken' }, { ':block/uid': 'mine' }]);
  await goOffline(me);
  const outcomes = [];
  const edits = Array.from({ length: 20 }, (_, i) => (i === 7
    ? me.client.transact([[':db/add', [':block/uid', 'mine'], ':block/uid', 'taken']])
    : me.client.transact([{ ':note/n': i }])
  ).then(() => outcomes.push(i), (error) => outcomes.push(error.code)));
  assert.equal(me.client.state.pending, 20);
  await goOnline(me);
  await within('all edits to be answered', Promise.all(edits));
  assert.deepEqual(outcomes, Array.from({ length: 20 }, (_, i) => (i === 7 ? 'conflict' : i)));
  assert.deepEqual(await logged(stoa, 'note/n'), [0, 1, 2, 3, 4, 5, 6, ...Array.from({ length: 12 }, (_, i) => i + 8)]);
  assertSettled(me.client);
});

class Program {
  messages = [];

  constructor(t, url, queue) {
    const path = fileURLToPath(new URL('program.mjs', import.meta.url));
    this.child = spawn(process.execPath, [path, url, 'main', queue], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.messages.push(JSON.parse(line)));
    this.exit = new Promise((resolve) => this.child.once('close', resolve));
    t.after(() => this.child.kill('SIGKILL'));
  }

  transact(forms) {
    this.child.stdin.write(`${JSON.stringify(forms)}\n`);
  }

  until(what, predicate) {
    return until(`the program to say ${what}; it said ${JSON.stringify(this.messages)}`, () => this.messages.find(predicate));
  }
}

const lines = (path) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0);

stoaTest('edits survive a kill of the program, and are sent by the next one', {}, async (t, stoa) => {
  const queue = join(stoa.dir, 'queue');
  const dead = `http://127.0.0.1:${await freePort()}`;
  const setup = await stoa.liveClient({});
  await setup.transact(SCHEMA);
  const first = new Program(t, dead, queue);
  for (let i = 0; i < 10; i++) {
    first.transact([{ ':note/n': i }]);
  }
  first.transact([[':db/add', [':block/uid', 'nobody'], ':note/n', 99]]);
  first.transact([{ ':note/n': 10 }]);
  await until('the edits to be in the file', () => lines(queue) === 12);
  await assert.rejects(connect({ url: dead, queue }).live(), /in use by process/);
  first.child.kill('SIGKILL');
  await first.exit;
  appendFileSync(queue, '["cut short by the', 'utf8');

  const second = new Program(t, stoa.url(), queue);
  await second.until('that it is live and done', ({ status, pending }) => status === 'live' && pending === 0);
  assert.equal((await second.until('what was refused', ({ rejected }) => rejected)).code, 'not-found');
  assert.deepEqual(await logged(stoa, 'note/n'), Array.from({ length: 11 }, (_, i) => i));
  second.transact([{ ':note/n': 11 }]);
  await second.until('that the next edit is done', ({ done }) => done);
  second.child.kill('SIGKILL');
  await second.exit;
  const third = follow(t, connect({ url: stoa.url(), queue }));
  await third.live();
  // The kill may have come before the file knew of the answer: then the edit is sent again, by its tx_id.
  await until('that nothing waits any more', () => third.pending.length === 0);
  assert.deepEqual(await logged(stoa, 'note/n'), Array.from({ length: 12 }, (_, i) => i));
});

stoaTest('a kill between a refusal and the word of it: the next run tells, and does not send it again', {}, async (t, stoa) => {
  const queue = join(stoa.dir, 'queue');
  const found = join(stoa.dir, 'found after the kill');
  const { client } = await livePerson(t, stoa, { queue });
  await client.transact(SCHEMA);
  const edit = [[':db/add', [':block/uid', 'late'], ':note/n', 1]];
  const refusal = await client.transact(edit).catch((error) => {
    copyFileSync(queue, found); // what a kill would leave at the moment when the caller learns of it
    return error;
  });
  assert.equal(refusal.code, 'not-found');
  await client.transact([{ ':block/uid': 'late' }]); // were it sent again, it would be applied
  const next = follow(t, connect({ url: stoa.url(), queue: found }));
  const told = within('the next run to tell', new Promise((resolve) => next.onRejected(resolve)));
  await next.live();
  const { txData, error } = await told;
  assert.deepEqual([txData, error.code, error.message], [edit, refusal.code, refusal.message]);
  assertSettled(next);
  assert.deepEqual(await logged(stoa, 'note/n'), []);
  await next.close();
  const last = follow(t, connect({ url: stoa.url(), queue: found }));
  last.onRejected(() => assert.fail('told again'));
  await last.live();
  assertSettled(last);
});

stoaTest('an edit that was applied and never answered is not applied again by the next run', {}, async (t, stoa) => {
  const queue = join(stoa.dir, 'queue');
  const txIds = [];
  for (let i = 0; i < 10; i++) {
    const { client, line } = await livePerson(t, stoa, { queue });
    const seen = new Promise((resolve) => client.on('tx', resolve));
    client.transact([{ ':note/n': i }]).catch(() => {});
    txIds.push(String(client.pending.at(-1).txId));
    if (i % 2) await seen;
    line.cut();
    await client.close();
  }
  const last = follow(t, connect({ url: stoa.url(), queue }));
  await until('nothing to be pending', () => last.status === 'live' && last.state.pending === 0);
  assert.deepEqual((await logged(stoa, 'note/n')).sort((a, b) => a - b), Array.from({ length: 10 }, (_, i) => i));
});

stoaTest('a new entity of a pending edit can be named in the next ones, also after a restart', {}, async (t, stoa) => {
  const queue = join(stoa.dir, 'queue');
  const me = await livePerson(t, stoa, { queue });
  const other = await stoa.liveClient({});
  await me.client.transact(SCHEMA);
  await goOffline(me);
  const find = (uid) => datascript.datoms(me.client.db, ':avet', ':block/uid', uid)[0].e;
  const edits = [me.client.transact([{ ':block/uid': 'page', ':block/children': [{ ':block/uid': 'child' }] }])];
  const [page, child] = ['page', 'child'].map(find);
  assert.notEqual(page, child);
  assert.equal(me.client.entityId(page), undefined);
  edits.push(me.client.transact([[':db/add', child, ':block/string', 'named by id']]));
  edits.push(me.client.transact([{ ':block/uid': 'second', ':block/_children': page }]));
  edits.push(me.client.transact([{ ':db/id': page, ':block/string': 'the page' }, [':db/add', page, ':block/children', -1], [':db/add', -1, ':block/uid', 'third']]));
  edits.push(me.client.editText(child, ':block/string', 'named by id, again'));
  edits.forEach((edit) => edit.catch(() => {}));
  for (let i = 0; i < 30; i++) {
    await other.transact([{ ':note/n': i }]); // so that the server's ids are not those that were guessed
  }
  await me.client.close();

  const { client } = await person(t, stoa, { queue });
  client.onRejected(({ error }) => client.faults.push(error));
  await until('all to be sent', () => client.status === 'live' && client.state.pending === 0 && client.pending.length === 0);
  assert.deepEqual(client.faults, []);
  assertSettled(client);
  assert.equal(look(client.db, 'page'), 'the page');
  assert.equal(look(client.db, 'child'), 'named by id, again');
  const children = datascript.q('[:find [?u ...] :where [?p ":block/uid" "page"] [?p ":block/children" ?c] [?c ":block/uid" ?u]]', client.db);
  assert.deepEqual([...children].sort(), ['child', 'second', 'third']);
});

stoaTest('what was to be made by a refused edit takes the edits that name it along', {}, async (t, stoa) => {
  const me = await livePerson(t, stoa);
  await me.client.transact(SCHEMA);
  await me.client.transact([{ ':block/uid': 'a' }]);
  await goOffline(me);
  const other = await stoa.liveClient({});
  const refused = me.client.transact([{ ':block/string': 'new' }, [':db/cas', [':block/uid', 'a'], ':note/n', null, 1]]);
  const [{ e: made }] = datascript.datoms(me.client.db, ':aevt', ':block/string');
  const orphan = me.client.transact([[':db/add', made, ':block/string', 'of nothing']]);
  const after = me.client.transact([{ ':note/n': 3 }]);
  await other.transact([[':db/add', [':block/uid', 'a'], ':note/n', 5]]);
  const rejections = [assert.rejects(refused, { code: 'conflict' }), assert.rejects(orphan, { code: 'not-found' })];
  await goOnline(me);
  await Promise.all([...rejections, after]);
  assertSettled(me.client);
});
