// Axe-core finds no serious fault in any main view, light or dark, on a desktop or a phone.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { peopleTest } from './people.mjs';
import { LOOKS, VIEWS, furnish } from './views.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const SERIOUS = ['serious', 'critical'];

/* The faults of what the person sees, a text each. */
async function faults({ page }) {
  // Colours that are on their way would be measured half-way.
  await page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {}))));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}

peopleTest('axe-core finds no serious fault', { gateways: 1 }, async (people) => {
  await furnish(await people.join('Sappho', { permissions: ['clipboard-read', 'clipboard-write'] }));
  const found = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    // The policy of the page lets no other script in.
    const plato = await people.join('Plato', { ...options, bypassCSP: true });
    await plato.page.addScriptTag({ path: axe });
    for (const [name, show] of Object.entries(VIEWS)) {
      await show(plato);
      found.push(...(await faults(plato)).map((fault) => `${name}, ${look}: ${fault}`));
    }
    await plato.page.evaluate(() => document.querySelector('.bar button').removeAttribute('aria-label'));
    assert.notDeepEqual(await faults(plato), [], 'a button without a name is a fault');
    await plato.context.close();
  }
  assert.equal(found.join('\n'), '');
});
