// Away from the line: gateways that die, networks that go, and what was written meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
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

peopleTest('a minute of typing offline is there for everyone when the network is back', {}, async (people, stoa) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Minute');
  await plato.page.locator('.block .text').click();
  await plato.type('begun');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Minute');
  await sappho.sees('begun');
  await stoa.gateways[0].program.stop('SIGKILL');
  const lines = ['begun'];
  const end = Date.now() + 60_000;
  for (let i = 0; Date.now() < end; i++) {
    lines.push(`${i % 3 === 2 ? '  ' : ''}line ${i} written offline`);
    await plato.press('Enter');
    if (i % 3 === 2) await plato.press('Tab');
    if (i % 3 === 0 && i > 0) await plato.press('Shift+Tab');
    await plato.page.keyboard.type(lines.at(-1).trim(), { delay: 30 });
    await pause(2_000);
  }
  await plato.page.locator('.status.offline', { hasText: /[1-9]\d* pending/ }).waitFor();
  await sappho.write('begun');
  await sappho.type(' by two');
  lines[0] = 'begun by two';
  stoa.startGateway(0);
  await plato.sees(lines.join('\n'));
  await sappho.sees(lines.join('\n'));
  await plato.isLive();
  await plato.page.reload();
  await plato.isLive();
  await plato.sees(lines.join('\n'));
});
