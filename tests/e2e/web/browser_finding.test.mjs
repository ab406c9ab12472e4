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
  await person.sees(lines.join('\n').replace(/\[\[|\]\]/g, ''));
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
  await sappho.page.locator('.switcher input').dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  assert.equal(await sappho.page.locator('.switcher input').inputValue(), 'Poikile');
  await sappho.press('Enter');
  await until('the new page', async () => (await sappho.title()) === 'Poikile');
  await sappho.press('Control+k');
  await sappho.type(' Half [[open');
  await sappho.page.getByText('No link could lead to this title').waitFor();
  await sappho.page.locator('.switcher input').fill('  Two   words ');
  await shows(sappho, '[role=option] .label', ['Two words']);
  await sappho.press('Enter');
  await until('the tidy title', async () => (await sappho.title()) === 'Two words');
  await sappho.page.goto(sappho.page.url().replace(/#.*/, '#/page/%zz'));
  await sappho.page.getByText('There is nothing here').waitFor();
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

peopleTest('the console asks the server and shows tables, values, plans and faults; names lead to their pages', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Academy', 'founded by [[Plato]]', 'closed by [[Justinian]]');
  const { page } = plato;
  const ask = async (text, args = '') => {
    await page.getByLabel('Query').or(page.getByLabel('Pattern')).last().fill(text);
    await page.getByLabel('Arguments').or(page.getByLabel('Entity')).fill(args);
    await plato.press('Control+Enter');
  };
  await page.locator('.nav.query').click();
  await ask('[:find ?text ?title :in $ [?title ...] :where [?p :node/title ?title] [?b :block/refs ?p] [?b :block/string ?text]]', '["Plato"]');
  await shows(plato, '.answer th', ['?text', '?title']);
  await shows(plato, '.answer td', ['founded by [[Plato]]', 'Plato']);
  await page.getByText(/^1 row in [\d.]+ ms$/).waitFor();
  await ask('[:find [?order ...] :where [?p :node/title "Academy"] [?p :block/children ?b] [?b :block/order ?order] :order-by ?order]');
  await shows(plato, '.answer th', ['?order']);
  await shows(plato, '.answer td.number', ['0', '1']);
  await ask('[:find ?a . :where [_ :db/ident ?a] [(= ?a :block/uid)]]');
  await shows(plato, '.value', [':block/uid']);
  await page.getByLabel('As of t').fill('1');
  await ask('[:find (count ?b) . :where [?b :block/string]]');
  await shows(plato, '.value', ['nil']);
  await page.getByLabel('As of t').fill('');
  await page.getByLabel('Explain').check();
  await ask('[:find ?uid :where [?p :node/title "Academy"] [?p :block/uid ?uid]]');
  await until('the plan', async () => (await page.getByRole('region', { name: 'How it was found' }).locator('tbody tr').count()) === 2);
  await ask('[:find ?x :where [(< ?x 3)]]');
  await page.getByRole('alert').getByText('cannot resolve ?x in clause').waitFor();
  await ask('[:find ?x', '');
  await page.getByRole('alert').getByText('the text ends inside').waitFor();

  await page.getByRole('button', { name: 'Pull', exact: true }).click();
  await ask('[:node/title]', '[:node/title "Academy"]');
  await shows(plato, '.answer td', [':node/title', 'Academy']);
  await page.reload();
  await page.locator('.asked summary').click();
  await until('what was asked', async () => (await page.locator('.asked button').count()) === 6);
  await page.locator('.asked button').filter({ hasText: '?title' }).click();
  await page.locator('.answer td a', { hasText: 'Plato' }).click();
  await until('the page of the title', async () => (await plato.title()) === 'Plato');
});

peopleTest('references come by page with their paths, fold, and mentions become links', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Lives', 'of the [[Stoics]]', 'Zeno led stoics', 'Stoics walked');
  await plato.write('Stoics walked');
  await plato.press('Tab', 'Escape', 'Escape');
  await fill(plato, 'Schools', '#Stoics and others', 'prestoics do not count', 'the STOICS');
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Stoics');
  const { page } = sappho;
  await page.getByText('2 linked references').waitFor();
  await shows(sappho, '.source h3', ['Lives', 'Schools']);
  await page.getByRole('button', { name: 'References on Lives' }).click();
  await sappho.block('of the').waitFor({ state: 'detached' });
  await shows(sappho, '.source .count', ['1']);
  await page.getByRole('button', { name: '2 linked references' }).click();
  await shows(sappho, '.source h3', []);

  await page.getByRole('button', { name: 'Unlinked references' }).click();
  await page.getByText('3 unlinked references').waitFor();
  await shows(sappho, '.mention p', ['the STOICS', 'Stoics walked', 'Zeno led stoics'].reverse());
  await shows(sappho, '.crumbs a', ['Zeno led stoics']);
  await shows(sappho, '.mention mark', ['stoics', 'Stoics', 'STOICS']);
  await page.locator('.mention', { hasText: 'Zeno' }).getByRole('button', { name: 'Link' }).click();
  await page.getByText('2 unlinked references').waitFor();
  await page.getByRole('button', { name: 'Link all' }).click();
  await page.getByText('5 linked references').waitFor();
  await page.getByText('No other page names this one.').waitFor();
  await plato.open('Lives');
  await plato.sees('of the Stoics\nZeno led Stoics\n  Stoics walked');
});

peopleTest('the graph around a page shows the pages some links away, as links and as a list', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Quattro', '[[Cinque]]');
  await fill(plato, 'Due', '[[Quattro]]');
  await fill(plato, 'Uno', '[[Due]] and [[Tre]]');
  const sappho = await people.join('Sappho', { on: 1, reducedMotion: 'reduce' });
  const { page } = sappho;
  await sappho.open('Uno');
  await sappho.press('Alt+g');
  await shows(sappho, '.graph-picture text', ['Uno', 'Due', 'Tre']);
  assert.equal(await page.locator('.graph-picture line').count(), 2);
  await page.getByRole('button', { name: '3 links away' }).click();
  await shows(sappho, '.graph-picture text', ['Uno', 'Due', 'Tre', 'Quattro', 'Cinque']);
  await page.locator('.graph-list summary').click();
  await shows(sappho, '.graph-list li', ['Due2 links', 'Tre1 link', 'Quattro2 away, 2 links', 'Cinque3 away, 1 link']);
  const radius = () => page.locator('.graph-picture circle').first().boundingBox().then((box) => box.width);
  const before = await radius();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await until('it to be larger', async () => (await radius()) > before * 1.2);
  await fill(plato, 'Sei', '[[Uno]]');
  await shows(sappho, '.graph-picture text', ['Uno', 'Due', 'Tre', 'Sei', 'Quattro', 'Cinque']);
  await page.locator('.graph-picture a', { hasText: 'Quattro' }).focus();
  await sappho.press('Enter');
  await until('the page that was chosen', async () => (await sappho.title()) === 'Quattro');
  await page.getByRole('button', { name: 'Page menu' }).click();
  await page.getByRole('menuitem', { name: 'around' }).click();
  await shows(sappho, '.graph-picture text', ['Quattro', 'Cinque', 'Due']);
});

peopleTest('all pages are sorted by each column, and the chosen ones are removed together', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Alpha', 'one', 'two [[Gamma]]', 'three');
  await fill(plato, 'Beta', 'also [[Gamma]]');
  const sappho = await people.join('Sappho', { on: 1 });
  const { page } = sappho;
  const mine = async (titles) => {
    let seen;
    await until(
      () => `${titles} instead of ${seen}`,
      async () => {
        const all = await page.locator('.entry .title').allTextContents();
        seen = all.filter((title) => ['Alpha', 'Beta', 'Gamma'].includes(title)).join(' ');
        return seen === titles;
      },
    );
  };
  await page.locator('.nav.all').click();
  await mine('Alpha Beta Gamma');
  await page.locator('.entry', { hasText: 'Alpha' }).locator('.blocks', { hasText: /^3$/ }).waitFor();
  await page.locator('.entry', { hasText: 'Gamma' }).locator('.links', { hasText: /^2$/ }).waitFor();
  const head = (name) => page.locator('.columns button', { hasText: name });
  await head('Title').click();
  await mine('Gamma Beta Alpha');
  await head('Blocks').click();
  await mine('Alpha Beta Gamma');
  await head('References').click();
  await mine('Gamma Alpha Beta');
  await head('Created').click();
  await mine('Beta Gamma Alpha');
  await head('Edited').click();
  await mine('Beta Alpha Gamma');
  await page.getByLabel('Choose Alpha').check();
  await page.getByLabel('Choose Gamma').check();
  await page.getByRole('button', { name: 'Remove 2 pages' }).click();
  await page.getByText('3 blocks are removed with them').waitFor();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await mine('Beta');
  await plato.page.goto(plato.page.url().replace(/#.*/, '#/pages'));
  await plato.page.getByLabel('Choose Beta').waitFor();
  // The page may be loaded anew before the server has heard of the removal.
  await plato.page.getByLabel('Choose Alpha').waitFor({ state: 'detached' });
});
