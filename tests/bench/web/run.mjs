/*
 * The outliner's figures in Chromium, one line each: "what: figure".
 *
 *     node tests/bench/web/run.mjs GRAPH
 *
 * GRAPH is a file of #datascript/DB EDN; a generated graph of 100,000 blocks is measured after it. STOA_BUILD says
 * where the programs are (default build); the outliner is that of web/dist. Everything runs on one machine.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { datascript } from '../../../client/dist/node.js';
import { largeGraph } from '../../data/large-graph.mjs';
import { heapSize, longTasks, noChromium, processorTime } from '../../e2e/client/chromium.mjs';
import { Stoa } from '../../e2e/harness.mjs';
import { People, dist } from '../../e2e/web/people.mjs';

const LOADS = 7;
const LARGE = 100_000;
const LONG_PAGE = { least: 300, most: 900 };
const FRAME_LIMIT_MS = 50;
const KB = 1000;
const MB = 1e6;

/* Frames are drawn as soon as they are ready, not at the next beat of a screen. */
const UNPACED = ['--disable-frame-rate-limit', '--disable-gpu-vsync'];

/* What is typed: a line and Enter, again and again, ten keys a second. */
const LINE = 'the quick brown fox jumps over the lazy dog and';
const LINES = 8;
const KEY_MS = 100;

/* Scrolled each frame: 10,000 pixels a second at 60 frames, which is a hard fling. */
const STEP_PX = 160;

const print = (what, figure) => console.log(`${what}: ${figure}`);

function share(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

const shares = (times) => [0.5, 0.95, 0.99].map((part) => `p${part * 100} ${share(times, part).toFixed(1)} ms`).join(', ');

/* --- size --- */

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
}

function size() {
  const all = filesBelow(dist).filter((file) => !/\.(br|gz)$/.test(file));
  const sizes = all.map((file) => ['', '.br', '.gz'].map((form) => statSync(file + form, { throwIfNoEntry: false })?.size ?? statSync(file).size));
  const [plain, brotli, gzip] = [0, 1, 2].map((i) => sizes.reduce((sum, each) => sum + each[i], 0) / KB);
  print('all that the outliner is made of', `${plain.toFixed(0)} KB, ${gzip.toFixed(0)} KB with gzip, ${brotli.toFixed(0)} KB with brotli (300 KB at most is wanted)`);
}

/* --- pages of a graph --- */

/* Uid and number of rows that are seen, of the longest page and of one of several hundred. */
function pagesOf(db) {
  const valuesOf = (attribute) => datascript.datoms(db, ':aevt', attribute);
  const closed = new Set(valuesOf(':block/open').filter(({ v }) => v === false).map(({ e }) => e));
  const children = new Map();
  valuesOf(':block/children').forEach(({ e, v }) => children.set(e, [...(children.get(e) ?? []), v]));
  const below = (id) => (children.get(id) ?? []).reduce((sum, child) => sum + 1 + (closed.has(child) ? 0 : below(child)), 0);
  const pages = valuesOf(':node/title')
    .map(({ e }) => ({ uid: datascript.datoms(db, ':eavt', e, ':block/uid')[0]?.v, rows: below(e) }))
    .filter(({ uid }) => uid !== undefined)
    .sort((a, b) => b.rows - a.rows);
  const long = pages.find(({ rows }) => rows >= LONG_PAGE.least && rows <= LONG_PAGE.most) ?? pages[0];
  return { longest: pages[0], long };
}

/* --- from navigation to interactive --- */

/* Runs in the page before its own scripts: when the first frame that holds a row, or a typed letter, has been drawn. */
function watchStart() {
  const drawn = (name) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (globalThis[name] ??= performance.now());
    port2.postMessage(0);
  });
  new MutationObserver((_, observer) => {
    if (!document.querySelector('.block .text')) return;
    observer.disconnect();
    drawn('drawn_ms');
  }).observe(document, { childList: true, subtree: true });
  addEventListener('input', () => drawn('typed_ms'), { capture: true, once: true });
}

async function loads(people, graph, what) {
  const all = [];
  for (let i = 0; i < LOADS; i++) {
    const person = await people.visitor('Plato');
    const cpu_ms = await processorTime(person.page);
    await person.context.addInitScript(watchStart);
    await person.page.goto(`${people.stoa.url(0)}/?graph=${graph}`, { waitUntil: 'commit' });
    await person.page.locator('.block .text').first().click();
    await person.page.keyboard.press('x');
    const typed_ms = await person.page.waitForFunction(() => globalThis.typed_ms).then((handle) => handle.jsonValue());
    all.push({ typed_ms, cpu_ms: await cpu_ms(), drawn_ms: await person.page.evaluate(() => globalThis.drawn_ms) });
    await person.page.keyboard.press('Backspace');
    await person.isLive();
    await person.context.close();
  }
  const times = (name) => `${share(all.map((each) => each[name]), 0.5).toFixed(0)} ms`;
  print(`from navigation to interactive, ${what}`,
    `${times('typed_ms')} until a typed letter is drawn (1500 is wanted), ${times('drawn_ms')} until the daily notes are; processor time of the page's thread ${times('cpu_ms')}`);
}

/* --- from a key to its frame --- */

/* Runs in the page: notes how long after each key press the frame that shows it was done. */
function watchKeys() {
  const times = { letters: [], enters: [] };
  let pressed_ms;
  const frame = (kind, from_ms) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => times[kind].push(performance.now() - from_ms);
    port2.postMessage(0);
  });
  addEventListener('keydown', ({ key, timeStamp }) => {
    pressed_ms = timeStamp;
    if (key === 'Enter') frame('enters', timeStamp);
  }, { capture: true });
  addEventListener('input', () => frame('letters', pressed_ms), { capture: true });
  globalThis.keyTimes = times;
}

async function typing(people, graph, { uid, rows }, what) {
  const person = await people.join('Plato', { graph, route: `#/page/${encodeURIComponent(uid)}` });
  await person.page.locator('.block').first().waitFor();
  await person.page.locator('.scroller').evaluate((scroller) => (scroller.scrollTop = scroller.scrollHeight / 3));
  await person.page.locator('.block .text:not(:has(a, button, input, img, pre))').nth(5).click();
  await person.press('End');
  await person.page.evaluate(watchKeys);
  const cpu_ms = await processorTime(person.page);
  const begun_ms = await cpu_ms();
  for (let i = 0; i < LINES; i++) {
    await person.page.keyboard.type(LINE, { delay: KEY_MS });
    await person.press('Enter');
  }
  await person.isLive();
  const { letters, enters } = await person.page.evaluate(() => globalThis.keyTimes);
  const each_ms = ((await cpu_ms()) - begun_ms) / (letters.length + enters.length);
  print(`from a key to its frame, ${what}, page of ${rows} blocks`,
    `${shares(letters)} (16 at p95 is wanted); Enter p50 ${share(enters, 0.5).toFixed(1)} ms; processor time of the page's thread ${each_ms.toFixed(1)} ms a key`);
  await person.context.close();
}

/* --- scrolling --- */

/* Runs in the page: from top to bottom, a step each frame; gives how long each frame took. */
async function scrollDown(step_px) {
  const scroller = document.querySelector('.scroller');
  const frames = [];
  let last_ms = await new Promise(requestAnimationFrame);
  while (scroller.scrollTop + scroller.clientHeight < scroller.scrollHeight - 1) {
    scroller.scrollTop += step_px;
    const now_ms = await new Promise(requestAnimationFrame);
    frames.push(now_ms - last_ms);
    last_ms = now_ms;
  }
  return frames;
}

async function scrolling(people, graph, { uid, rows }, what) {
  const person = await people.join('Plato', { graph, route: `#/page/${encodeURIComponent(uid)}` });
  await person.page.locator('.block').first().waitFor();
  let frames;
  const long = await longTasks(person.page, FRAME_LIMIT_MS, async () => {
    frames = await person.page.evaluate(scrollDown, STEP_PX);
  });
  const late = frames.filter((ms) => ms > FRAME_LIMIT_MS).length;
  print(`scrolling from top to bottom, ${what}, page of ${rows} blocks`,
    `${frames.length} frames, the longest ${Math.max(...frames).toFixed(0)} ms, ${late} over ${FRAME_LIMIT_MS} ms (none is wanted); tasks of over ${FRAME_LIMIT_MS} ms of processor time: ${long.length}`);
  await person.context.close();
}

/* --- memory --- */

async function memory(people, graph, { uid, rows }, what) {
  const person = await people.join('Plato', { graph, route: `#/page/${encodeURIComponent(uid)}` });
  await person.page.locator('.block').first().waitFor();
  const heap = await heapSize(person.page);
  const nodes = await person.page.evaluate(() => document.querySelectorAll('*').length);
  print(`memory of a tab, ${what}, page of ${rows} blocks`, `${(heap / MB).toFixed(0)} MB of JavaScript, ${nodes} elements in the document`);
  await person.context.close();
}

/* --- the run --- */

async function withPeople(stoa, args, work) {
  const people = await People.gather(stoa, args);
  try {
    await work(people);
  } finally {
    await people.stop();
  }
}

async function measure(stoa, graph, edn, name) {
  const response = await stoa.import(graph, edn);
  if (!response.ok) throw new Error(`the import of ${graph}: ${await response.text()}`);
  const reader = await stoa.liveClient({ graph });
  const { longest, long } = pagesOf(reader.mirror.db);
  await reader.close();
  await withPeople(stoa, [], async (people) => {
    await loads(people, graph, name);
    await typing(people, graph, long, `${name}, 60 frames a second`);
    await scrolling(people, graph, longest, name);
    await memory(people, graph, longest, name);
  });
  await withPeople(stoa, UNPACED, async (people) => {
    await typing(people, graph, long, name);
    await typing(people, graph, longest, name);
  });
}

const file = process.argv[2];
if (noChromium) {
  console.error(`nothing is measured: ${noChromium}`);
} else {
  const stoa = new Stoa({ gateways: 1, gatewayArgs: ['--static-dir', dist] });
  try {
    size();
    await stoa.start();
    await measure(stoa, 'real', readFileSync(file, 'utf8'), 'real graph');
    await measure(stoa, 'large', largeGraph(LARGE), `${LARGE.toLocaleString('en')} blocks`);
  } finally {
    await stoa.stop();
  }
}
