/* Clients as an application makes them in Node, on lines that can be cut. */
import assert from 'node:assert/strict';
import { connect, datascript } from '../../../client/dist/node.js';
import { within } from '../harness.mjs';
import { Proxy } from './proxy.mjs';

export const SCHEMA = `[{:db/ident :block/uid :db/unique :db.unique/identity}
                        {:db/ident :block/children :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
                        {:db/ident :block/tags :db/cardinality :db.cardinality/many}]`;

/* A client that is closed when the test ends, and its line. */
export async function person(t, stoa, { on = 0, ...options } = {}) {
  const line = await Proxy.to(stoa.url(on));
  const client = follow(t, connect({ url: line.url, ...options }));
  t.after(() => line.stop());
  return { client, line };
}

export async function livePerson(t, stoa, options) {
  const made = await person(t, stoa, options);
  await within('a person to be live', made.client.live());
  return made;
}

export function follow(t, client) {
  client.faults = [];
  client.on('fault', (error) => client.faults.push(error));
  t.after(() => client.close());
  return client;
}

/* Resolves when the state has this status. */
export function becomes(client, status) {
  return within(`the client to be ${status}, not ${client.status}`, new Promise((resolve) => {
    const off = client.onState((state) => {
      if (state.status === status) {
        queueMicrotask(() => off());
        resolve(state);
      }
    });
  }));
}

/* Cuts the line, and waits until the client knows. */
export async function goOffline({ client, line }) {
  line.cut();
  await becomes(client, 'offline');
}

export async function goOnline({ client, line }) {
  line.mend();
  client.reconnect();
  await within('the client to be live again', client.live());
}

/* Value of an attribute of a block, in the view or in the mirror. */
export function look(db, uid, attribute = ':block/string') {
  const [block] = datascript.datoms(db, ':avet', ':block/uid', uid);
  return block && datascript.datoms(db, ':eavt', block.e, attribute)[0]?.v;
}

/* All datoms of a database, without their transactions. */
export function contents(db) {
  return datascript.datoms(db, ':eavt').map(({ e, a, v }) => JSON.stringify([e, a, v]));
}

export function assertSettled(client) {
  assert.equal(client.pending.length, 0);
  assert.deepEqual(contents(client.db), contents(client.mirror.db));
  assert.ok(client.db === client.mirror.db, 'the view is the mirror itself');
}
