// Pictures of the main views for the documents, light and dark, on a desktop and on a phone.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { peopleTest } from './people.mjs';
import { LOOKS, VIEWS, furnish } from './views.mjs';

const folder = fileURLToPath(new URL('../../../docs/pictures', import.meta.url));

peopleTest('pictures', {}, async (people) => {
  mkdirSync(folder, { recursive: true });
  const sappho = await people.join('Sappho', { on: 1, permissions: ['clipboard-read', 'clipboard-write'] });
  await furnish(sappho);
  await VIEWS.page(sappho);
  await sappho.write('Find out who wrote');
  for (const [look, options] of Object.entries(LOOKS)) {
    const plato = await people.join('Plato', { on: 0, ...options });
    await plato.page.locator('a.person').waitFor();
    for (const [name, show] of Object.entries(VIEWS)) {
      await show(plato);
      await plato.page.screenshot({ path: `${folder}/${name}-${look}.png`, animations: 'disabled' });
    }
    await plato.context.close();
  }
});
