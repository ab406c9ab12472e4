// Writing: what keys do to an outline, seen by whoever types and by someone else on another gateway.
import assert from 'node:assert/strict';
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

peopleTest('the keyboard writes an outline, and someone on another gateway sees it', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Academy');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Academy');
  await plato.page.locator('.block .text').click();
  await plato.type('First');
  await plato.press('Enter');
  await plato.type('Second');
  await plato.press('Enter', 'Tab');
  await plato.type('Below');
  await plato.press('Enter');
  await plato.type('Also below');
  const written = 'First\nSecond\n  Below\n  Also below';
  await plato.sees(written);
  await sappho.sees(written);

  await plato.press('Shift+Tab');
  await sappho.sees('First\nSecond\n  Below\nAlso below');
  await plato.press('Home', 'Backspace');
  await sappho.sees('First\nSecond\n  BelowAlso below');
  assert.equal(await plato.caret(), 'Below|Also below');
  await plato.press('ArrowUp', 'ArrowUp', 'End', 'Delete');
  await sappho.sees('FirstSecond\n  BelowAlso below');
  await plato.press('Control+z');
  await sappho.sees('First\nSecond\n  BelowAlso below');
  await plato.press('Control+Shift+z');
  await sappho.sees('FirstSecond\n  BelowAlso below');
});

peopleTest('blocks are split, moved, closed, chosen, removed, copied and pasted', {}, async (people) => {
  const plato = await people.join('Plato', { permissions: ['clipboard-read', 'clipboard-write'] });
  await plato.open('Lists');
  await plato.page.locator('.block .text').click();
  const pasted = '- One\n  - a\n  - b\n- Two\n- [ ] Three';
  await plato.page.evaluate((text) => navigator.clipboard.writeText(text), pasted);
  await plato.press('Control+v');
  await plato.sees('One\n  a\n  b\nTwo\n{{[[TODO]]}} Three');
  await plato.press('Escape', 'Escape');
  await until('a task', async () => (await plato.page.locator('input[type=checkbox]:not(:checked)').count()) === 1);

  await plato.write('Two');
  await plato.press('Control+Shift+ArrowUp');
  await plato.sees('Two\nOne\n  a\n  b\nThree');
  await plato.press('Home', 'ArrowRight', 'Enter');
  await plato.sees('T\nwo\nOne\n  a\n  b\nThree');
  assert.equal(await plato.caret(), '|wo');
  await plato.write('One');
  await plato.press('Control+ArrowUp');
  await plato.sees('T\nwo\n+One\nThree');
  await plato.press('Control+ArrowDown', 'Escape', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Control+c');
  assert.equal(await plato.page.evaluate(() => navigator.clipboard.readText()), '- One\n  - a\n  - b\n');
  await plato.press('Delete');
  await plato.sees('T\nwo\nThree');
  await plato.press('Control+z');
  await plato.sees('T\nwo\nOne\n  a\n  b\nThree');

  await plato.block('Three').locator('input[type=checkbox]').click();
  await until('it is done', async () => (await plato.page.locator('input[type=checkbox]:checked').count()) === 1);
  await plato.block('Three').locator('.bullet').dragTo(plato.block('wo').first(), { targetPosition: { x: 10, y: 24 } });
  await plato.sees('T\nwo\nThree\nOne\n  a\n  b');
});

peopleTest('links are completed, make pages, and are listed where they lead', {}, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Dialogues');
  await plato.page.locator('.block .text').click();
  await plato.type('Read the [[Republic');
  await plato.page.locator('.completion').getByText('New page').waitFor();
  await plato.press('Enter');
  await plato.type(' and #books');
  assert.equal(await plato.caret(), 'Read the [[Republic]] and #books|');
  await plato.press('Escape', 'Escape');
  await plato.page.locator('a.link', { hasText: 'Republic' }).click();
  await until('the page of the link', async () => (await plato.title()) === 'Republic');
  await plato.page.getByText('1 linked reference').waitFor();
  await plato.page.locator('.source', { hasText: 'Dialogues' }).waitFor();

  await plato.page.locator('.page-title textarea').fill('The Republic');
  await plato.press('Enter');
  await plato.block('Read the').locator('a.link', { hasText: 'The Republic' }).waitFor();

  await plato.open('Republic 2');
  await plato.page.locator('.block .text').click();
  await plato.type('see ((read');
  await plato.page.locator('.completion [role=option]').first().waitFor();
  await plato.press('Enter', 'Escape', 'Escape');
  await plato.page.locator('a.reference', { hasText: 'Read the' }).waitFor();
});

peopleTest('two who write in one block lose nothing, and see each other there', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Shared');
  await plato.page.locator('.block .text').click();
  await plato.type('middle');
  await plato.press('Escape', 'Escape');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Shared');
  await sappho.sees('middle');
  await Promise.all([plato.write('middle'), sappho.write('middle')]);
  await plato.page.locator('.writers .person').waitFor();
  await sappho.page.locator('.writers .person').waitFor();
  await sappho.press('Home');
  await Promise.all([plato.type(' and more and more'), sappho.type('before and before ')]);
  const both = 'before and before middle and more and more';
  await plato.sees(both);
  await sappho.sees(both);
});

peopleTest('undo takes back one\'s own edits only', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await plato.open('Undo');
  await plato.page.locator('.block .text').click();
  await plato.type('mine');
  await plato.press('Enter');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Undo');
  await sappho.sees('mine\n');
  await sappho.page.locator('.block .text').last().click();
  await sappho.type('theirs');
  await sappho.press('Escape', 'Escape');
  await plato.sees('mine\ntheirs');
  await plato.press('Escape', 'Escape', 'Control+z');
  await plato.press('Control+z');
  await sappho.sees('\ntheirs');
  await plato.press('Control+y');
  await sappho.sees('mine\ntheirs');
});
