// Together: who is where, what the window says, and what becomes of what is written side by side.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { datascript } from '../../../client/dist/node.js';
import { until } from '../harness.mjs';
import { dist, peopleTest } from './people.mjs';

/* All that the outliner is made of. */
const COMPRESSED_MAX = 300 * 1024;

peopleTest('one sees who is here, and on which page; a name is asked for once', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Here');
  const fresh = await people.join('nobody', { on: 1, isNew: true });
  // Browsers may keep nothing; the name holds for the visit.
  await fresh.page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await fresh.page.getByRole('textbox', { name: 'Name' }).fill('Diotima of Mantinea');
  await fresh.page.getByRole('button', { name: "That's me" }).click();
  await fresh.isLive();
  await plato.page.locator('.person.elsewhere', { hasText: 'DM' }).waitFor();
  await fresh.open('Here');
  await plato.page.locator('.person:not(.elsewhere)', { hasText: 'DM' }).waitFor();
  assert.equal(await fresh.page.locator('dialog').count(), 0);
  const waiting = await people.visitor('Zeno');
  await waiting.page.routeWebSocket(/./, () => {});
  await waiting.page.goto(people.stoa.url(0));
  await waiting.page.locator('.status.connecting', { hasText: 'Connecting …' }).waitFor();
  await waiting.page.getByText('Fetching the graph …').waitFor();
  await fresh.context.close();
  await until('she has left', async () => (await plato.page.locator('.person', { hasText: 'DM' }).count()) === 0);
});

peopleTest('an empty graph shows what can be done; the page is under a strict policy', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await until('the welcome', async () => (await plato.title()) === 'Welcome to Stoa');
  await plato.block('Like this').waitFor();
  const isRefused = await plato.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.hasRun = true';
    document.head.append(script);
    return globalThis.hasRun === undefined;
  });
  assert(isRefused, 'a script in the page has run');
  plato.errors = plato.errors.filter((text) => !/Content Security Policy/.test(text));
  const files = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.br'));
  const bytes = files.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
  assert(files.length > 0 && bytes <= COMPRESSED_MAX, `${bytes} bytes, compressed`);
});

peopleTest('a graph that cannot be an outline says why', { gateways: 1 }, async (people, stoa) => {
  const owner = await stoa.liveClient({});
  await owner.transact('[{:db/ident :block/uid :db/valueType :db.type/ref}]');
  const plato = await people.join('Plato');
  await plato.page.getByText('This graph cannot be shown as an outline.').waitFor();
  await plato.page.getByText('Its attribute :block/uid is of another kind').waitFor();
});

peopleTest('the address of a graph that is not there says so', { gateways: 1 }, async (people, stoa) => {
  const { page } = await people.visitor('Plato');
  await page.goto(`${stoa.url()}/?graph=atlantis`);
  await page.locator('.status.rejected', { hasText: 'Refused by the server' }).waitFor();
  // In the words of the list of graphs, or of a gateway that does not have it yet.
  await page.getByText(/no graph (is named )?"atlantis"/).waitFor();
});

peopleTest('two who open an empty graph at the same time make one welcome', {}, async (people, stoa) => {
  const both = await Promise.all(['Plato', 'Sappho'].map((name) => people.visitor(name)));
  await Promise.all(both.map(({ page }, i) => page.goto(stoa.url(i))));
  await Promise.all(both.map(({ page }) => page.locator('.block').first().waitFor()));
  await Promise.all(both.map((person) => person.isLive()));
  for (const person of both) {
    await person.open('Welcome to Stoa');
    await person.block('Like this').waitFor();
  }
  const { mirror: { db } } = await stoa.liveClient({});
  const valuesOf = (attribute) => datascript.datoms(db, ':aevt', attribute).map(({ v }) => v).filter((v) => v !== '');
  for (const attribute of [':node/title', ':block/string', ':block/children']) {
    const values = valuesOf(attribute);
    assert.equal(new Set(values).size, values.length, `each ${attribute} once: ${values}`);
  }
  assert(valuesOf(':node/title').includes('Finding'));
});

peopleTest('the block that someone writes in has their name in their colour; a click on them goes there', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Long page');
  await plato.page.locator('.block .text').click();
  for (let i = 0; i < 60; i++) {
    await plato.type(`line ${i}`);
    await plato.press('Enter');
  }
  await plato.type('at the end');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Elsewhere');
  await sappho.page.locator('.person.elsewhere').click();
  await until('Sappho to be there', async () => (await sappho.title()) === 'Long page' || (await sappho.block('at the end').count()) > 0);
  const name = sappho.block('at the end').locator('.writers .person');
  await name.waitFor();
  assert.equal(await name.locator('.name').textContent(), 'Plato');
  assert.equal(await name.evaluate((element) => getComputedStyle(element).backgroundColor), 'rgb(79, 70, 229)');
  const box = await name.boundingBox();
  assert(box.y > 0 && box.y < 800, 'the block is in sight');
  // Once seen, it does not draw one back.
  const scroller = sappho.page.locator('.scroller');
  await scroller.evaluate((element) => (element.scrollTop = 0));
  await sappho.block('line 1').first().locator('.text').click();
  await sappho.press('Escape', 'Escape', 'Tab');
  assert.equal(await scroller.evaluate((element) => element.scrollTop), 0);
  await sappho.page.locator('.person').first().click();
  await name.waitFor();
  await plato.press('Escape', 'Escape');
  await name.waitFor({ state: 'detached' });
});

peopleTest('name and colour can be changed, without losing what is on the way', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Names');
  await plato.page.locator('.block .text').click();
  await plato.type('mine');
  const sappho = await people.join('Sappho', { on: 1 });
  await plato.page.getByRole('button', { name: 'You are Plato' }).click();
  await plato.page.getByRole('textbox', { name: 'Name' }).fill('Aristocles of Athens');
  await plato.page.getByRole('radio', { name: 'Teal' }).check();
  await plato.page.getByRole('button', { name: 'Save' }).click();
  await sappho.page.getByRole('link', { name: 'Aristocles of Athens' }).waitFor();
  assert.equal(await sappho.page.locator('a.person').count(), 1);
  await sappho.open('Names');
  await sappho.sees('mine');
  const kept = await plato.page.evaluate(() => JSON.parse(localStorage.getItem('stoa.profile')));
  assert.deepEqual(kept, { name: 'Aristocles of Athens', color: '#0f766e' });
});

peopleTest('what the server would not take is shown with its text, which can be had back', {}, async (people, stoa) => {
  const plato = await people.join('Plato', { on: 0, permissions: ['clipboard-read', 'clipboard-write'] });
  await plato.open('Refused');
  await plato.page.locator('.block .text').click();
  await plato.type('first');
  await plato.press('Enter');
  await plato.type('second');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Refused');
  await sappho.sees('first\nsecond');
  await stoa.gateways[0].program.stop('SIGKILL');
  await plato.type(' with words that must not be lost');
  await plato.page.locator('.status.offline', { hasText: 'pending' }).waitFor();
  await sappho.write('second');
  await sappho.press('Escape', 'Delete');
  await sappho.sees('first');
  stoa.startGateway(0);
  const rejection = plato.page.getByRole('alert');
  await rejection.filter({ hasText: 'Someone has removed the block' }).filter({ hasText: 'second with words that must not be lost' }).waitFor();
  await rejection.getByRole('button', { name: 'Copy the text' }).click();
  assert.equal(await plato.page.evaluate(() => navigator.clipboard.readText()), 'second with words that must not be lost');
  await rejection.getByRole('button', { name: 'Dismiss' }).click();
  await rejection.waitFor({ state: 'detached' });
  await plato.sees('first');

  // A block that goes while someone drags it.
  await sappho.write('first');
  await sappho.press('Enter');
  await sappho.type('dragged');
  await plato.sees('first\ndragged');
  await plato.block('dragged').locator('.bullet').hover();
  await plato.page.mouse.down();
  await plato.block('first').locator('.text').hover();
  await sappho.press('Escape', 'Delete');
  await plato.sees('first');
  await plato.block('first').locator('.text').hover({ position: { x: 9, y: 4 } });
  await plato.page.mouse.up();
  await rejection.filter({ hasText: 'there is no block' }).waitFor();
});

peopleTest('what someone writes below a block that another removes is given a place, and shown to both', {}, async (people, stoa) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Stray');
  await plato.page.locator('.block .text').click();
  await plato.type('kept');
  await plato.press('Enter');
  await plato.type('doomed');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Stray');
  await sappho.sees('kept\ndoomed');
  await stoa.gateways[0].program.stop('SIGKILL');
  await plato.press('Escape', 'Delete');
  await plato.page.locator('.status.offline', { hasText: 'pending' }).waitFor();
  await plato.sees('kept');
  await sappho.write('doomed');
  await sappho.press('Enter', 'Tab');
  await sappho.type('not to be lost');
  await sappho.sees('kept\ndoomed\n  not to be lost');
  await sappho.press('Escape');
  stoa.startGateway(0);
  await plato.sees('kept\nnot to be lost');
  await sappho.sees('kept\nnot to be lost');
});
