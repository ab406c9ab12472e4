/*
 * The client's figures, one line each: "what: figure".
 *
 *     node --expose-gc tests/bench/client/run.mjs [GRAPH]
 *
 * GRAPH is a file of #datascript/DB EDN. STOA_BUILD says where the programs are (default build). Times are
 * of a quiet server on the same machine; processor time is that of the client's own thread.
 */
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Client, datascript } from '../../../client/dist/node.js';
import { sampleGraph } from '../../data/sample-graph.mjs';
import { Browser, heapSize, longTasks, minified, noChromium, processorTime } from '../../e2e/client/chromium.mjs';
import { Proxy } from '../../e2e/client/proxy.mjs';
import { Stoa, until, within } from '../../e2e/harness.mjs';

const TIMES = 5;
const TRANSACTIONS = 5000;
const WIDTH = 32;
const GRAPH = 'notes';
const KB = 1000;
const MB = 1e6;

const print = (what, figure) => console.log(`${what}: ${figure}`);

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/* --- size --- */

async function size() {
  const script = Buffer.from(await minified());
  const [gzip, brotli] = [gzipSync(script, { level: 9 }), brotliCompressSync(script)].map(({ length }) => length / KB);
  print('the client as one minified script, without DataScript',
    `${(script.length / KB).toFixed(1)} KB, ${gzip.toFixed(1)} KB with gzip, ${brotli.toFixed(1)} KB with brotli (60 KB at most is wanted)`);
}

/* --- what is measured, in Node and in pages alike --- */

/* Its text runs in pages too, so it uses nothing of this file. */
async function comeBack(client) {
  const { t } = client.mirror.position;
  const welcome = new Promise((resolve) => client.on('welcome', resolve));
  client.reconnect();
  await welcome;
  const begun_ms = performance.now();
  await client.live();
  const took_ms = performance.now() - begun_ms;
  const applied = client.mirror.position.t - t;
  await client.close();
  return { applied, took_ms };
}

const NODE = {
  name: 'Node',
  cpu_ms: () => process.cpuUsage().user / 1000,
  async load(stoa, protocol) {
    const begun_ms = performance.now();
    const client = new Client({ urls: [stoa.url()], graph: GRAPH, protocol });
    await client.live();
    const took_ms = performance.now() - begun_ms;
    await client.close();
    return took_ms;
  },
  async heap(stoa, protocol) {
    const clients = [];
    const heaps = [];
    for (let i = 0; i < 2; i++) {
      clients.push(new Client({ urls: [stoa.url()], graph: GRAPH, protocol }));
      await clients[i].live();
      global.gc();
      heaps.push(process.memoryUsage().heapUsed);
    }
    await Promise.all(clients.map((client) => client.close()));
    return heaps[1] - heaps[0];
  },
  async leave(url, protocol, away) {
    this.client = new Client({ urls: [url], graph: GRAPH, protocol });
    await this.client.live();
    await away(() => this.client.status === 'offline');
  },
  comeBack() {
    return comeBack(this.client);
  },
};

async function chromiumOf(page) {
  return {
    name: 'Chromium',
    cpu_ms: await processorTime(page),
    async load(stoa, protocol) {
      return page.evaluate(async (options) => {
        const begun_ms = performance.now();
        globalThis.client = stoa.connect(options);
        await client.live();
        const took_ms = performance.now() - begun_ms;
        await client.close();
        return took_ms;
      }, { url: stoa.url(), graph: GRAPH, protocol, queue: false });
    },
    async heap(stoa, protocol) {
      const heaps = [];
      for (let i = 0; i < 2; i++) {
        await page.evaluate(async (options) => {
          globalThis.clients = [...(globalThis.clients ?? []), stoa.connect(options)];
          await globalThis.clients.at(-1).live();
        }, { url: stoa.url(), graph: GRAPH, protocol, queue: false });
        heaps.push(await heapSize(page));
      }
      await page.evaluate(async () => {
        await Promise.all(globalThis.clients.map((client) => client.close()));
        globalThis.clients = undefined;
      });
      return heaps[1] - heaps[0];
    },
    async leave(url, protocol, away) {
      await page.evaluate(async (options) => {
        globalThis.client = stoa.connect(options);
        await client.live();
      }, { url, graph: GRAPH, protocol, queue: false });
      await away(() => page.evaluate(() => client.status === 'offline'));
    },
    comeBack() {
      return page.evaluate(`(${comeBack})(client)`);
    },
  };
}

/* What `work` gives, and the processor time of the client's thread meanwhile. */
async function timed(platform, work) {
  const begun_ms = await platform.cpu_ms();
  const result = await work();
  return { result, cpu_ms: (await platform.cpu_ms()) - begun_ms };
}

async function loads(stoa, platform, count) {
  for (const protocol of ['json', 'msgpack']) {
    const runs = [];
    for (let i = 0; i < TIMES; i++) {
      runs.push(await timed(platform, () => within('a load', platform.load(stoa, protocol))));
    }
    const [first, later] = [runs[0].result, median(runs.slice(1).map(({ result }) => result))];
    const cpu_ms = median(runs.map((run) => run.cpu_ms));
    print(`from connect() to live in ${platform.name}, ${count} datoms, ${protocol}`,
      `the first time ${Math.round(first)} ms, then ${Math.round(later)} ms; processor time ${Math.round(cpu_ms)} ms`);
    print(`heap of a second client in ${platform.name}, ${count} datoms, ${protocol}`, `${((await platform.heap(stoa, protocol)) / MB).toFixed(1)} MB`);
  }
}

async function edit(stoa) {
  const writer = await stoa.liveClient({ graph: GRAPH, sync: 'none' });
  const turns = Array.from({ length: WIDTH }, async (_, turn) => {
    for (let i = turn; i < TRANSACTIONS; i += WIDTH) {
      const block = { ':block/uid': `bench-${i % 500}`, ':block/string': `text ${i}`, ':edit/time': i };
      await writer.transact([block]);
    }
  });
  await Promise.all(turns);
  await writer.close();
}

async function catchUps(stoa, platform) {
  for (const protocol of ['json', 'msgpack']) {
    const proxy = await Proxy.to(stoa.url());
    await platform.leave(proxy.url, protocol, async (isOffline) => {
      proxy.cut();
      await until('the client to be offline', isOffline);
      await edit(stoa);
      proxy.mend();
    });
    const { result: { applied, took_ms }, cpu_ms } = await timed(platform, () => platform.comeBack());
    proxy.stop();
    print(`transactions applied in ${platform.name}, ${protocol}`,
      `${Math.round(applied / (took_ms / 1000))}/s, of 4 datoms each; processor time ${Math.round(cpu_ms / applied * 1000)} us each`);
  }
}

/* Of the page's thread, in a page that has loaded before. */
async function longestTasks(stoa, platform, page, count) {
  for (const protocol of ['json', 'msgpack']) {
    const tasks = await longTasks(page, 0, () => within('a load', platform.load(stoa, protocol)));
    print(`the longest task of a load in ${platform.name}, ${count} datoms, ${protocol}`,
      `${Math.max(...tasks).toFixed(0)} ms of processor time (50 at most is wanted)`);
  }
}

/* --- the run --- */

const file = process.argv[2];
const stoa = new Stoa({ gateways: 1, gatewayArgs: ['--allowed-origins', '*'] });
let browser;
try {
  await size();
  await stoa.start();
  await stoa.import(GRAPH, file ? readFileSync(file, 'utf8') : sampleGraph());
  const counter = await stoa.liveClient({ graph: GRAPH });
  const count = datascript.datoms(counter.mirror.db, ':eavt').length;
  await counter.close();
  await loads(stoa, NODE, count);
  await catchUps(stoa, NODE);
  if (noChromium) {
    console.error(`nothing is measured in Chromium: ${noChromium}`);
  } else {
    browser = await Browser.start();
    const page = await browser.page();
    const chromium = await chromiumOf(page);
    await loads(stoa, chromium, count);
    await longestTasks(stoa, chromium, page, count);
    await catchUps(stoa, chromium);
  }
} finally {
  await browser?.stop();
  await stoa.stop();
}
