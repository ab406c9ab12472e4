// Finding: search, references, lists of pages, the sidebar, the graph around a page, and the console.
import assert from 'node:assert/strict';
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

/* The texts of all elements that match, when they are these. */
async function shows(person, selector, texts) {
  let seen;
  await until(
    () => `${person.name} to see ${JSON.stringify(texts)} in ${selector} instead of ${JSON.stringify(seen)}`,
    async () => {
      seen = (await person.page.locator(selector).allTextContents()).map((text) => text.trim());
      return JSON.stringify(seen) === JSON.stringify(texts);
    },
  );
}

/* Fills a page that was just opened with blocks. */
async function fill(person, title, ...lines) {
  await person.open(title);
  await person.page.locator('.block .text').click();
  for (const [i, line] of lines.entries()) {
    if (i > 0) await person.press('Enter');
    await person.type(line);
    await person.press('Escape');
    if (i < lines.length - 1) await person.press('Enter');
  }
  await person.press('Escape');
  await person.sees(lines.join('\n'));
}

peopleTest('search finds pages and blocks, the best first and marked, and makes pages', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Walks', 'the painted porch', 'a porch');
  await fill(plato, 'Porch of Attalos', 'rebuilt');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Walks');
  await sappho.press('Control+k');
  await shows(sappho, '[role=option] .label', ['Walks']);
  await sappho.type('PORCH');
  await shows(sappho, '[role=option] .hint', ['Page', 'New page', 'Walks', 'Walks']);
  await shows(sappho, '[role=option]:nth-child(n+3) .label', ['a porch', 'the painted porch']);
  await shows(sappho, '[role=option] mark', ['Porch', 'PORCH', 'porch', 'porch']);
  await sappho.press('ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter');
  await sappho.page.locator('.title.zoomed', { hasText: 'the painted porch' }).waitFor();
  await sappho.press('Control+k');
  await sappho.type('Poikile');
  await sappho.press('Enter');
  await until('the new page', async () => (await sappho.title()) === 'Poikile');
});

peopleTest('shortcuts are moved by drag and by keyboard for all; recent pages are each one\'s own', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  const sappho = await people.join('Sappho', { on: 1 });
  const order = (...titles) => [plato, sappho].map((person) => shows(person, '.shortcuts a', titles));
  for (const title of ['Logic', 'Physics', 'Ethics']) {
    await plato.open(title);
    await plato.page.getByRole('button', { name: 'Pin this page' }).click();
  }
  // The welcome page is pinned already.
  await Promise.all(order('Welcome to Stoa', 'Logic', 'Physics', 'Ethics'));
  const entry = (title) => plato.page.locator('.shortcuts a', { hasText: title });
  await entry('Ethics').dragTo(entry('Logic'), { targetPosition: { x: 40, y: 4 } });
  await Promise.all(order('Welcome to Stoa', 'Ethics', 'Logic', 'Physics'));
  await entry('Ethics').focus();
  await plato.press('Alt+ArrowDown');
  await Promise.all(order('Welcome to Stoa', 'Logic', 'Ethics', 'Physics'));
  await plato.press('Alt+ArrowDown');
  await Promise.all(order('Welcome to Stoa', 'Logic', 'Physics', 'Ethics'));

  await shows(plato, '.recent a', ['Ethics', 'Physics', 'Logic', 'Welcome to Stoa']);
  await plato.page.locator('.recent a', { hasText: 'Logic' }).click();
  await shows(plato, '.recent a', ['Logic', 'Ethics', 'Physics', 'Welcome to Stoa']);
  await plato.page.reload();
  await plato.isLive();
  await shows(plato, '.recent a', ['Logic', 'Ethics', 'Physics', 'Welcome to Stoa']);
  await shows(sappho, '.recent a', []);
});
