/* The client where it is meant to live: in pages of a browser. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertSameKeys, mirrorKeys, settled, shared, until, within } from '../harness.mjs';
import { browserTest } from './chromium.mjs';
import { Proxy } from './proxy.mjs';

/* Connects the page's client, `client` in the page, and waits until it is live. */
function connect(page, options) {
  return within('the page to be live', page.evaluate(async (given) => {
    globalThis.client = stoa.connect(given);
    await client.live();
  }, { graph: 'main', ...options }));
}

/* The page's mirror, as mirrorKeys() wants a client. */
async function mirrorOf(page) {
  const datoms = await page.evaluate(() => client.mirror.datoms());
  return { mirror: { datoms: () => datoms } };
}

const stateOf = (page) => page.evaluate(() => ({ status: client.status, pending: client.state.pending, t: client.mirror.position?.t }));

const shownIn = (page, uid) =>
  page.evaluate((value) => stoa.datascript.datoms(client.db, ':aevt', ':block/uid').some(({ v }) => v === value), uid);

for (const protocol of ['json', 'msgpack']) {
  browserTest(`a page and a program edit one graph, over ${protocol}`, {}, async (t, stoa, browser) => {
    const page = await browser.page();
    const other = await stoa.liveClient({ on: 1 });
    await other.transact([{ ':block/uid': 'a', ':block/string': 'of the program' }]);
    await connect(page, { url: stoa.url(0), protocol });
    const { tempids } = await within('the page to edit', page.evaluate(() =>
      client.transact([{ ':db/id': 'new', ':block/uid': 'b', ':block/when': new Date(5) }])));
    await until('the program to have it', () => other.mirror.datoms().some(([e]) => e === tempids.new));
    assertSameKeys(mirrorKeys(await mirrorOf(page)), mirrorKeys(other), 'the page against the program');
    assert.deepEqual(page.errors, []);
  });
}

browserTest('edits made offline survive a reload, and are applied once', {}, async (t, stoa, browser) => {
  const proxy = await Proxy.to(stoa.url(0));
  t.after(() => proxy.stop());
  const other = await stoa.liveClient({ on: 1 });
  await other.transact('[{:db/ident :block/uid :db/unique :db.unique/identity}]');
  const page = await browser.page();
  await connect(page, { url: proxy.url });
  proxy.cut();
  await until('the page to be offline', async () => (await stateOf(page)).status === 'offline');
  await page.evaluate(() => {
    ['one', 'two', 'three'].forEach((uid) => client.transact([{ ':block/uid': uid }]).catch(() => {}));
    return client.stored();
  });
  assert.deepEqual(await Promise.all(['one', 'two', 'three'].map((uid) => shownIn(page, uid))), [true, true, true]);
  assert.equal((await stateOf(page)).pending, 3);
  await page.reload();
  await page.waitForFunction(() => globalThis.stoa !== undefined);
  // One made before the store is open goes behind those that are in it.
  await page.evaluate((url) => {
    globalThis.client = stoa.connect({ url });
    client.transact([{ ':block/uid': 'four' }]).catch(() => {});
    return client.stored();
  }, proxy.url);
  await page.reload();
  await page.waitForFunction(() => globalThis.stoa !== undefined);
  await page.evaluate((url) => {
    globalThis.client = stoa.connect({ url });
  }, proxy.url);
  await until('the edits to be back', async () => (await stateOf(page)).pending === 4);
  proxy.mend();
  await page.evaluate(() => client.live());
  await until('the edits to be sent', async () => (await stateOf(page)).pending === 0);
  await until('the program to have them', () => other.mirror.position.t === 5);
  const made = other.mirror.datoms().filter(([, a]) => a === ':block/uid').map(([, , v]) => v);
  assert.deepEqual(made, ['one', 'two', 'three', 'four']);
  assertSameKeys(mirrorKeys(await mirrorOf(page)), mirrorKeys(other), 'the page against the program');
});

browserTest('two tabs of one browser, and what one leaves behind', {}, async (t, stoa, browser) => {
  const proxy = await Proxy.to(stoa.url(0));
  t.after(() => proxy.stop());
  const other = await stoa.liveClient({ on: 1 });
  const [one, two] = [await browser.page(), await browser.page()];
  await Promise.all([one, two].map((page) => connect(page, { url: proxy.url })));
  const edit = (page, uid) => page.evaluate((value) => client.transact([[':db/add', 'new', ':block/uid', value]]), uid);
  await Promise.all([edit(one, 'one'), edit(two, 'two')]);
  await until('each to see both', async () => (await shownIn(one, 'two')) && shownIn(two, 'one'));
  proxy.cut();
  await until('both to be offline', async () =>
    (await Promise.all([one, two].map(stateOf))).every(({ status }) => status === 'offline'));
  await one.evaluate(() => {
    client.transact([[':db/add', 'new', ':block/uid', 'left behind']]).catch(() => {});
    return client.stored();
  });
  await two.evaluate(() => {
    client.transact([[':db/add', 'new', ':block/uid', 'kept']]).catch(() => {});
  });
  assert.equal((await stateOf(two)).pending, 1, "one tab's edits are not the other's");
  await one.close();
  proxy.mend();
  const made = () => other.mirror.datoms().filter(([, a]) => a === ':block/uid').map(([, , v]) => v).sort();
  await until(() => `the edits of both tabs: ${made()}`, () => made().length === 4);
  assert.deepEqual(made(), ['kept', 'left behind', 'one', 'two']);
});

browserTest('two tabs that are opened at the same moment both connect', {}, async (t, stoa, browser) => {
  const [slow, quick] = [await browser.page(), await browser.page()];
  // The slow one's request for the lock of its lane is on its way for as long as the other takes to connect.
  await slow.evaluate((url) => {
    const request = navigator.locks.request.bind(navigator.locks);
    const isAsked = new Promise((resolve) => {
      navigator.locks.request = async (...args) => {
        resolve();
        await new Promise((ask) => {
          globalThis.ask = ask;
        });
        return request(...args);
      };
    });
    const channel = new BroadcastChannel(`stoa ${url} main`);
    channel.onmessage = () => channel.postMessage({ type: 'heard' }); // behind whatever the client answers
    globalThis.client = stoa.connect({ url, graph: 'main' });
    return isAsked;
  }, stoa.url(0));
  await quick.evaluate((url) => {
    globalThis.isHeard = new Promise((resolve) => {
      const channel = new BroadcastChannel(`stoa ${url} main`);
      channel.onmessage = ({ data }) => data.type === 'heard' && resolve();
    });
  }, stoa.url(0));
  await connect(quick, { url: stoa.url(0) });
  await within('the slow one to hear of the quick one', quick.evaluate(() => isHeard));
  await within('the slow one to be live', slow.evaluate(() => {
    ask();
    return client.live();
  }));
});

browserTest('a page that is shown again, or online again, connects at once', {}, async (t, stoa, browser) => {
  const proxy = await Proxy.to(stoa.url(0));
  t.after(() => proxy.stop());
  const page = await browser.page();
  await page.evaluate(() => {
    Math.random = () => 0.999; // the pauses between tries grow as fast as they can
  });
  await connect(page, { url: proxy.url });
  const wakings = {
    online: () => globalThis.dispatchEvent(new Event('online')),
    shown: () => document.dispatchEvent(new Event('visibilitychange')),
  };
  for (const [name, wake] of Object.entries(wakings)) {
    proxy.cut();
    // Far enough from the next try that nobody can take it for the answer to the event.
    await until('the next try to be far off', () =>
      page.evaluate(() => client.state.status === 'offline' && client.state.retryAt - Date.now() > 3000));
    proxy.mend();
    await page.evaluate(wake);
    const isLive = () => page.evaluate(() => client.status === 'live');
    await until(`the page to be live when it is ${name}`, isLive, 2500);
  }
});

const realGraph = join(shared, 'data', 'roam-help.edn');

browserTest(
  'a page has turns of its own while the real graph is loaded',
  { skip: !existsSync(realGraph) && `${realGraph} is not there` },
  async (t, stoa, browser) => {
    assert.equal((await stoa.import('notes', readFileSync(realGraph, 'utf8'))).status, 201);
    const page = await browser.page();
    // Turns after the last datom has come, when nothing is waited for and everything has yet to be put in order.
    await page.evaluate(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const { progress } = globalThis.client?.state ?? {};
        if (progress && progress.done === progress.total) {
          turns += 1;
        }
        port2.postMessage(null);
      };
      port2.postMessage(null);
    });
    for (const protocol of ['json', 'msgpack']) {
      await page.evaluate(() => {
        globalThis.turns = 0;
      });
      await connect(page, { url: stoa.url(0), graph: 'notes', protocol });
      const { held, turns } = await page.evaluate(() => ({ held: client.mirror.datoms().length, turns: globalThis.turns }));
      assert(held > 70_000, `${held} datoms`);
      assert(turns >= 2, `${turns} turns over ${protocol}`);
      await page.evaluate(() => client.close());
    }
  },
);
