#!/usr/bin/env node
/*
 * Two clients write to a running Stoa and compare what they hold: exit status 0 when it is the same.
 *
 *     STOA_URL=http://localhost:3010[,http://localhost:3011] node tests/e2e/smoke.mjs
 *
 * With STOA_EXPECT=N there must already be notes of N earlier runs, so that a restart can be shown
 * to have kept them.
 */
import { Client } from '../../client/dist/node.js';

const urls = (process.env.STOA_URL ?? 'http://127.0.0.1:3010').split(',');
const expected = Number(process.env.STOA_EXPECT ?? 0);
const NOTES = 20;
const PATIENCE_MS = 60_000;

const timer = setTimeout(() => fail(`not done after ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
const clients = ['json', 'msgpack'].map((protocol, i) =>
  new Client({ urls: [urls[i % urls.length]], protocol, user: { name: protocol } }));
clients.forEach((client) => client.on('fault', (error) => fail(error.message)));

function fail(message) {
  console.error(`smoke: ${message}`);
  process.exit(1);
}

const datoms = (client) => client.mirror.datoms().map((datom) => JSON.stringify(datom)).sort();

await Promise.all(clients.map((client) => client.live()));
const earlier = datoms(clients[0]).filter((datom) => datom.includes('":smoke/run"')).length;
if (earlier < expected) {
  fail(`the notes of ${expected} earlier runs are wanted, those of ${earlier} are there`);
}
const run = clients[0].session;
await clients[0].transact([{ ':smoke/run': run }]);
const results = await Promise.all(
  Array.from({ length: NOTES }, (_, i) => clients[i % 2].transact([{ ':smoke/of': run, ':smoke/note': `note ${i}` }])),
);
const last = Math.max(...results.map(({ t }) => t));
while (clients.some((client) => client.mirror.position.t < last)) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const [one, two] = clients.map(datoms);
const mine = one.filter((datom) => datom.includes('":smoke/of"') && datom.includes(run)).length;
if (mine !== NOTES) {
  fail(`${NOTES} notes were written, ${mine} are there`);
}
if (one.join() !== two.join()) {
  fail('the two clients hold different datoms');
}
clients.forEach((client) => client.close());
clearTimeout(timer);
console.log(`smoke: ${one.length} datoms at t ${last}, the same on both clients; ${earlier} earlier runs`);
