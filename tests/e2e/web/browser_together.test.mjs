// Together: gateways that die, networks that go, what the window says of it, and who is where.
import assert from 'node:assert/strict';
import { datascript } from '../../../client/dist/node.js';
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

peopleTest('a gateway is killed while someone types: nothing is lost', {}, async (people, stoa) => {
  const plato = await people.join('Plato', { on: 0 });
  const sappho = await people.join('Sappho', { on: 1 });
  await plato.open('Killed');
  await plato.page.locator('.block .text').click();
  const words = 'the quick brown fox jumps over the lazy dog';
  const typing = plato.page.keyboard.type(words, { delay: 40 });
  await until('half of it', async () => (await plato.outline()).length > 15);
  await stoa.gateways[0].program.stop('SIGKILL');
  stoa.startGateway(0);
  await typing;
  await plato.press('Enter');
  await plato.type('and on it goes');
  const lines = `${words}\nand on it goes`;
  await plato.sees(lines);
  await plato.isLive();
  await sappho.open('Killed');
  await sappho.sees(lines);
});

peopleTest('someone types with no gateway to reach, others go on: both are there when it is back', {}, async (people, stoa) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Offline');
  await plato.page.locator('.block .text').click();
  await plato.type('begun');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Offline');
  await sappho.sees('begun');
  await stoa.gateways[0].program.stop('SIGKILL');
  await plato.type(' and written offline');
  await plato.press('Enter');
  await plato.type('another line');
  await plato.page.locator('.status.offline', { hasText: 'pending' }).waitFor();
  await sappho.write('begun');
  await sappho.press('Home');
  await sappho.type('well ');
  await sappho.sees('well begun');
  stoa.startGateway(0);
  const lines = 'well begun and written offline\nanother line';
  await sappho.sees(lines);
  await plato.sees(lines);
  await plato.isLive();
});

peopleTest('one sees who is here, and on which page; a name is asked for once', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Here');
  const fresh = await people.join('nobody', { on: 1, isNew: true });
  await fresh.page.getByRole('textbox', { name: 'Name' }).fill('Diotima of Mantinea');
  await fresh.page.getByRole('button', { name: "That's me" }).click();
  await fresh.isLive();
  await plato.page.locator('.person.elsewhere', { hasText: 'DM' }).waitFor();
  await fresh.open('Here');
  await plato.page.locator('.person:not(.elsewhere)', { hasText: 'DM' }).waitFor();
  assert.equal(await fresh.page.locator('dialog').count(), 0);
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
