/*
 * Four browsers on two gateways edit one page at random, while their lines are cut and a gateway is killed. In the end all
 * hold the same graph, which is the server's, and show the same text, which is what the graph says; and each block hangs
 * in one place, below a page.
 * STOA_CHAOS_S is how long they are disturbed, in seconds.
 */
import assert from 'node:assert/strict';
import { datascript } from '../../../client/dist/node.js';
import { Proxy } from '../client/proxy.mjs';
import { pause, until } from '../harness.mjs';
import { Random, seedOf } from '../random.mjs';
import { peopleTest } from './people.mjs';

const SECONDS = Number(process.env.STOA_CHAOS_S ?? 20);
const NAMES = ['Plato', 'Sappho', 'Zeno', 'Hypatia'];
const SETTLE_MS = 60_000;

/* All rows must be in sight to be compared, so the page must not grow beyond the window. */
const ROWS_MAX = 50;
const TALL = { viewport: { width: 1000, height: 3000 } };

const WORDS = ['stoa', 'agora', 'walk', 'column', 'shade', '[[Day]]', '[[Night]]', '#order', 'Ζήνων', '散歩'];

class Player {
  constructor(person, line, random) {
    Object.assign(this, { person, line, random, counts: {} });
  }

  /* What someone at the keyboard may do; each by itself makes sense wherever the caret is. */
  acts = {
    go: () => this.click(),
    type: () => this.person.type(` ${this.random.pick(WORDS)}`),
    enter: () => this.person.press('End', 'Enter'),
    split: () => this.person.press('ArrowLeft', 'ArrowLeft', 'Enter'),
    indent: () => this.person.press('Tab'),
    outdent: () => this.person.press('Shift+Tab'),
    move: () => this.person.press(`Control+Shift+Arrow${this.random.pick(['Up', 'Down'])}`),
    step: () => this.person.press(`Arrow${this.random.pick(['Up', 'Down'])}`),
    join: () => this.person.press('Home', 'Backspace'),
    erase: () => this.person.press('Backspace', 'Backspace', 'Backspace'),
    fold: () => this.person.press(`Control+Arrow${this.random.pick(['Up', 'Down'])}`),
    remove: () => this.remove(),
    undo: () => this.person.press('Control+z'),
    redo: () => this.person.press('Control+Shift+z'),
  };

  async click() {
    const rows = this.person.page.locator('.block .text, .add');
    const count = await rows.count();
    // A row may go while one aims at it.
    const at = { position: { x: 2, y: 8 }, timeout: 500, force: true };
    if (count > 0) await rows.nth(this.random.below(count)).click(at).catch(() => {});
  }

  async remove() {
    await this.person.press('Escape', 'Escape', 'Shift+ArrowDown');
    await this.person.press('Delete');
    await this.click();
  }

  async play(isOver) {
    while (!isOver()) {
      const isFull = (await this.person.page.locator('.block').count()) > ROWS_MAX;
      const name = isFull ? 'remove' : this.random.pick(Object.keys(this.acts));
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      await this.acts[name]();
      // A click may have led to another page.
      if ((await this.person.title()) !== 'Chaos') await this.open();
      await pause(this.random.below(60));
    }
  }

  /* Tab may have led into the title, and what was typed there is not the page's yet. */
  async open() {
    await this.person.press('Escape', 'Escape');
    await this.person.open('Chaos');
  }

  state() {
    return this.person.page.evaluate(() => globalThis.stoa.graph.state);
  }
}

async function gather(people, stoa, random) {
  const players = [];
  for (const [i, name] of NAMES.entries()) {
    const line = await Proxy.to(stoa.url(i % stoa.gateways.length));
    const person = await people.visitor(name, TALL);
    await person.page.goto(line.url);
    // The first one is led to the welcome, the others to their day.
    await person.page.locator('.block').first().waitFor();
    person.isCutOff = true;
    players.push(new Player(person, line, new Random(random.below(2 ** 30))));
  }
  return players;
}

async function disturb(stoa, players, random, end) {
  const counts = { cut: 0, kill: 0 };
  for (let turn = 0; Date.now() < end; turn++) {
    await pause(500 + random.below(2500));
    if (turn % 4 === 1) {
      const i = random.below(stoa.gateways.length);
      await stoa.gateways[i].program.stop('SIGKILL');
      await pause(random.below(1000));
      stoa.startGateway(i);
      counts.kill += 1;
    } else {
      const { line } = random.pick(players);
      line.cut();
      await pause(random.below(3000));
      line.mend();
      counts.cut += 1;
    }
  }
  return counts;
}

const plain = (text) => text.replace(/\[\[|\]\]/g, '');

/* What the page of this title must look like, from a database. */
function outlineOf(db, title) {
  const value = (e, attribute) => datascript.datoms(db, ':eavt', e, attribute)[0]?.v;
  const below = (id, depth) => datascript.datoms(db, ':eavt', id, ':block/children')
    .map(({ v }) => ({ id: v, uid: value(v, ':block/uid'), order: value(v, ':block/order') }))
    .sort((a, b) => a.order - b.order || (a.uid < b.uid ? -1 : 1))
    .flatMap(({ id }) => {
      const isClosed = value(id, ':block/open') === false && datascript.datoms(db, ':eavt', id, ':block/children').length > 0;
      const line = `${'  '.repeat(depth)}${isClosed ? '+' : ''}${value(id, ':block/string') ?? ''}`;
      return isClosed ? [line] : [line, ...below(id, depth + 1)];
    });
  const page = datascript.datoms(db, ':avet', ':node/title', title)[0].e;
  return below(page, 0).join('\n');
}

/* Blocks that hang nowhere, in two places, or in a circle. */
function misplaced(db) {
  const parents = (e) => datascript.datoms(db, ':avet', ':block/children', e).map((datom) => datom.e);
  const isPage = (e) => datascript.datoms(db, ':eavt', e, ':node/title').length > 0;
  const isPlaced = (e, depth = 0) => depth < 1000 && (isPage(e) || (parents(e).length === 1 && isPlaced(parents(e)[0], depth + 1)));
  return datascript.datoms(db, ':aevt', ':block/string').filter(({ e }) => !isPlaced(e)).map(({ v }) => v);
}

const timeout = (SECONDS + 280) * 1000;

peopleTest(`four browsers edit at random for ${SECONDS} s, and end with the same`, { timeout }, async (people, stoa, t) => {
  const random = new Random(seedOf(t));
  const players = await gather(people, stoa, random);
  t.after(() => players.forEach(({ line }) => line.stop()));
  for (const player of players) await player.open();
  const end = Date.now() + SECONDS * 1000;
  const [counts] = await Promise.all([disturb(stoa, players, random, end), ...players.map((player) => player.play(() => Date.now() > end))]);
  await stoa.ready();
  await Promise.all(players.map(({ person }) => person.press('Escape', 'Escape', 'Escape')));

  let states;
  await until(() => `all to be in step: ${JSON.stringify(states)}`, async () => {
    states = await Promise.all(players.map((player) => player.state()));
    return states.every(({ status, pending, t: at }) => status === 'live' && pending === 0 && at === states[0].t);
  }, SETTLE_MS);
  const newcomer = await stoa.liveClient({ sync: 'snapshot' });
  states.forEach(({ checksum }) => assert.equal(checksum, newcomer.mirror.checksumText));
  const wanted = outlineOf(newcomer.mirror.db, 'Chaos');
  assert.deepEqual(misplaced(newcomer.mirror.db), []);
  let seen;
  await until(() => `all to show the graph:\n${wanted}\n--- instead of\n${seen?.join('\n---\n')}`, async () => {
    seen = await Promise.all(players.map(({ person }) => person.outline()));
    return seen.every((text) => plain(text) === plain(wanted));
  });
  t.diagnostic(`${JSON.stringify(counts)} ${JSON.stringify(players.map((player) => player.counts))}, t ${states[0].t}, ${wanted.split('\n').length} rows`);
});
