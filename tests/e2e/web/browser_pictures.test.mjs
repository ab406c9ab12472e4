// Pictures of the main views for the documents, light and dark, on a desktop and on a phone.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

/* Where they go; only STOA_PICTURES=1 writes them into the tree, so that a test run changes no file of it. */
const folder = fileURLToPath(new URL(process.env.STOA_PICTURES ? '../../../docs/pictures' : '../../../build/pictures', import.meta.url));

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

async function take(person, name) {
  await person.page.evaluate(() => document.fonts.ready);
  await person.page.screenshot({ path: `${folder}/${name}.png` });
}

peopleTest('pictures', {}, async (people) => {
  mkdirSync(folder, { recursive: true });
  const plato = await people.join('Plato', { on: 0 });
  await until('the welcome', async () => (await plato.title()) === 'Welcome to Stoa');
  const route = new URL(plato.page.url()).hash;
  const sappho = await people.join('Sappho', { on: 1, route, colorScheme: 'dark' });
  await sappho.block('Like this').waitFor();
  await plato.write('Like this');
  await sappho.page.locator('.writers .person').waitFor();
  await plato.page.locator('a.person').waitFor();
  await take(plato, 'page-light');
  await take(sappho, 'page-dark');
  await plato.type(' And [[Wri');
  await plato.page.locator('.completion').waitFor();
  await take(plato, 'completion');
  await plato.press('Enter', 'Escape', 'Escape');

  const phone = await people.join('Zeno', { on: 1, route, ...PHONE });
  await phone.block('Like this').waitFor();
  await take(phone, 'page-phone');
  await phone.page.getByRole('button', { name: 'Sidebar' }).click();
  await phone.page.locator('.sidebar').waitFor();
  await take(phone, 'sidebar-phone');

  await sappho.open('Together');
  await sappho.page.getByText(/^\d+ linked reference/).waitFor();
  await take(sappho, 'references-dark');
  await sappho.press('Control+k');
  await sappho.type('write');
  await take(sappho, 'switcher-dark');
  await plato.page.goto(plato.page.url().replace(/#.*/, '#/pages'));
  await plato.page.locator('.entry').first().waitFor();
  await take(plato, 'pages-light');
  await plato.page.goto(plato.page.url().replace(/#.*/, '#/'));
  await plato.page.locator('.title').waitFor();
  await take(plato, 'days-light');

  const fresh = await people.join('new', { isNew: true });
  await fresh.page.getByRole('textbox', { name: 'Name' }).waitFor();
  await take(fresh, 'name-light');
});
