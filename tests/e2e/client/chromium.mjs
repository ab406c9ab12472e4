/*
 * Pages in Debian's Chromium, each with the client as esbuild bundles it for browsers. A page is
 * served by the browser's own interception, so that it can be loaded again while it is offline.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { stoaTest } from '../harness.mjs';

/* Secure enough for all that browsers give to secure pages; nothing listens there. */
const ORIGIN = 'http://localhost:4';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // An intercepted page has no address, so it counts as one of the Internet that asks for the local network.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

export const executablePath = process.env.STOA_CHROMIUM ??
  spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();

/* Why pages cannot be tried here; false when they can. */
export const noChromium = executablePath === '' && 'there is no chromium on PATH, and STOA_CHROMIUM is not set';

/* A script for browsers with all that it imports. */
async function bundled(path, options) {
  const entry = fileURLToPath(new URL(path, import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, format: 'esm', target: 'es2022', platform: 'browser', write: false, ...options,
  });
  return outputFiles[0].text;
}

/* The client as a site would ship it, beside DataScript. */
export function minified() {
  return bundled('../../../client/dist/index.js', { minify: true, external: ['datascript'] });
}

const HTML = '<!doctype html><meta charset="utf-8"><title>Stoa</title><script type="module" src="page.js"></script>';

/* A browser with a profile of its own: what its pages store is theirs together, and gone at the end. */
export class Browser {
  static async start() {
    const script = await bundled('page.mjs');
    const profile = mkdtempSync(join(tmpdir(), 'stoa-chromium-'));
    const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
    await context.route(`${ORIGIN}/**`, (route) => {
      const isScript = route.request().url().endsWith('.js');
      return route.fulfill({ contentType: isScript ? 'text/javascript' : 'text/html', body: isScript ? script : HTML });
    });
    return new Browser(context, profile);
  }

  constructor(context, profile) {
    this.context = context;
    this.profile = profile;
  }

  /* A tab whose script has run. Errors of the page are kept in `page.errors`. */
  async page() {
    const page = await this.context.newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(error));
    await page.goto(ORIGIN);
    await page.waitForFunction(() => globalThis.stoa !== undefined);
    return page;
  }

  async stop() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/*
 * The tasks of the page's thread while `work` runs that took longer than `limit_ms`: the time that each took
 * of a processor, for on a busy machine a task takes long because others are served.
 */
export async function longTasks(page, limit_ms, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const traceConfig = { includedCategories: ['toplevel', 'devtools.timeline'], recordMode: 'recordAsMuchAsPossible' };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await work();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ tid }) => tid);
  const tasks = events.filter(({ name, tid }) => name.endsWith('RunTask') && threads.includes(tid));
  if (tasks.length === 0) {
    throw new Error('the trace has no tasks of the page');
  }
  return tasks.map(({ tdur }) => tdur / 1000).filter((took_ms) => took_ms > limit_ms);
}

/* A function that gives the milliseconds of a processor that the page's thread has had so far. */
export async function processorTime(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  };
}

/* The bytes that the page's scripts hold. */
export async function heapSize(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

const TIMEOUT_MS = 90_000;

/* A test with processes and a browser of its own; skipped, with the reason, where there is none. */
export function browserTest(name, options, body) {
  const gatewayArgs = ['--allowed-origins', '*', ...(options.gatewayArgs ?? [])];
  stoaTest(name, { skip: noChromium, timeout: TIMEOUT_MS, ...options, gatewayArgs }, async (t, stoa) => {
    const browser = await Browser.start();
    try {
      await body(t, stoa, browser);
    } finally {
      await browser.stop();
    }
  });
}
