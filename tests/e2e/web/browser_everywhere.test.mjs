// Everywhere: light and dark, phones, the keyboard alone, what screen readers are told, and graphs that are large.
import assert from 'node:assert/strict';
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

peopleTest('light and dark follow the system, or what is chosen', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato', { colorScheme: 'dark' });
  const paper = () => plato.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const [light, dark] = ['rgb(255, 255, 255)', 'rgb(23, 24, 28)'];
  assert.equal(await paper(), dark);
  const choose = async (name) => {
    await plato.page.getByRole('button', { name: 'You are Plato' }).click();
    await plato.page.getByRole('radio', { name }).check();
    await plato.page.getByRole('button', { name: 'Save' }).click();
  };
  await choose('Light');
  assert.equal(await paper(), light);
  await plato.page.reload();
  await plato.isLive();
  assert.equal(await paper(), light);
  await choose('As the system');
  assert.equal(await paper(), dark);
  await plato.page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await paper(), light);
});

peopleTest('a phone has the keys that its keyboard lacks, and nothing is wider than it', { gateways: 1 }, async (people) => {
  const zeno = await people.join('Zeno', PHONE);
  await zeno.page.getByRole('button', { name: 'Find or create a page' }).tap();
  await zeno.page.locator('.switcher input').fill('Pocket');
  await zeno.press('Enter');
  await until('the page', async () => (await zeno.title()) === 'Pocket');
  await zeno.page.locator('.block .text').tap();
  const bar = zeno.page.getByRole('toolbar', { name: 'Block' });
  const tap = (name) => bar.getByRole('button', { name, exact: true }).tap();
  await zeno.type('One');
  await zeno.press('Enter');
  await zeno.type('Two');
  await tap('In');
  await zeno.sees('One\n  Two');
  assert.equal(await zeno.caret(), 'Two|');
  await tap('Out');
  await tap('Up');
  await zeno.sees('Two\nOne');
  await tap('Undo');
  await zeno.sees('One\nTwo');
  await tap('Redo');
  await tap('To do');
  await zeno.sees('{{[[TODO]]}} Two\nOne');
  await tap('Link to a page');
  await zeno.type('Wri');
  await zeno.page.getByRole('option', { name: 'Writing' }).tap();
  await zeno.sees('{{[[TODO]]}} Two[[Writing]]\nOne');
  // What keyboards on glass send in place of keys.
  await zeno.press('Home');
  await zeno.page.evaluate(() => {
    const area = document.activeElement;
    area.setSelectionRange(area.value.length, area.value.length);
    area.dispatchEvent(new InputEvent('beforeinput', { inputType: 'insertLineBreak', bubbles: true, cancelable: true }));
  });
  await zeno.sees('{{[[TODO]]}} Two[[Writing]]\nOne');
  await tap('Done writing');
  await bar.waitFor({ state: 'detached' });
  const width = await zeno.page.evaluate(() => document.documentElement.scrollWidth);
  assert(width <= PHONE.viewport.width, `${width} wide`);
});

peopleTest('with the keyboard alone one gets everywhere, and sees where one is', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await until('the welcome', async () => (await plato.title()) === 'Welcome to Stoa');
  const focused = () => plato.page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const { ariaLabel, textContent, tagName } = document.activeElement;
    return { name: ariaLabel ?? textContent.trim() ?? '', tagName, isSeen: outlineStyle !== 'none' && outlineWidth !== '0px' };
  });
  const reached = [];
  for (let i = 0; i < 40 && !reached.some(({ name }) => name === 'Outline'); i++) {
    await plato.press('Tab');
    reached.push(await focused());
  }
  const names = reached.map(({ name }) => name);
  for (const name of ['Sidebar', 'Daily notes', 'All pages', 'Keys', 'Outline']) {
    assert(names.some((each) => each.startsWith(name)), `${name} is not among ${names}`);
  }
  reached.forEach(({ name, isSeen, tagName }) => assert(isSeen || tagName === 'TEXTAREA', `where the focus is cannot be seen: ${name}`));
  await plato.press('Enter');
  assert.match(await plato.caret(), /^In Athens/);
  // Dialogs give the caret back, however they are closed.
  for (const [open, close] of [['Control+k', 'Escape'], ['Control+k', 'Control+k'], ['Control+/', 'Enter']]) {
    await plato.press(open);
    await plato.page.getByRole('dialog').waitFor();
    await plato.press(close);
    await plato.page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.match((await plato.caret()) ?? `nowhere after ${open}, ${close}`, /^In Athens/);
  }
  await plato.press('Escape', 'Escape', 'Control+/');
  await plato.page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await plato.press('Escape');
  await plato.page.getByRole('dialog').waitFor({ state: 'detached' });
  await plato.press('Shift+?');
  await plato.page.getByRole('dialog', { name: 'Keys' }).getByText('The next block').waitFor();
  await plato.press('Escape');
  await plato.press('Alt+d');
  await plato.page.getByText('Today', { exact: true }).waitFor();
});

peopleTest('a screen reader is told what things are', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  const { page } = plato;
  await until('the welcome', async () => (await plato.title()) === 'Welcome to Stoa');
  await page.getByRole('list', { name: 'Outline' }).getByRole('listitem').first().waitFor();
  await page.getByRole('heading', { name: 'Try it' }).waitFor();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await page.getByRole('group', { name: 'People here' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await page.getByRole('checkbox', { name: 'To do' }).waitFor();
  await plato.open('Told');
  await page.locator('.block .text').click();
  await plato.type('see [[Wr');
  const area = page.getByRole('textbox', { name: 'Block text' });
  const option = page.getByRole('option', { name: 'Writing', selected: true });
  await option.waitFor();
  assert.equal(await area.getAttribute('aria-activedescendant'), await option.getAttribute('id'));
  assert.equal(await area.getAttribute('aria-controls'), 'completion');
});

peopleTest('a graph of a hundred thousand blocks: only what is seen is there, and the keyboard answers', {
  gateways: 1,
}, async (people, stoa) => {
  const response = await stoa.import('large', largeGraph(100_000));
  assert(response.ok, await response.text());
  const plato = await people.join('Plato', { graph: 'large', route: '#/page/page-0' });
  await plato.block('Block 0 ').first().waitFor({ timeout: 60_000 });
  const rows = () => plato.page.locator('.block').count();
  assert((await rows()) < 100, `${await rows()} rows`);
  await plato.page.locator('.scroller').evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await until('the middle', async () => !(await plato.outline()).includes('Block 0 '));
  assert((await rows()) < 100, `${await rows()} rows`);
  await plato.page.locator('.block .text').nth(10).click();
  await plato.press('End', 'Enter');
  await plato.type('new among them');
  await plato.press('ArrowUp');
  assert.match(await plato.caret(), /Block \d+ /);
  await plato.page.locator('.block textarea').waitFor();
  await until('what was written', async () => /new among them/.test(await plato.outline()));

  // Each key of a search over all blocks lets the others through long before it is done.
  await plato.press('ArrowDown', 'End');
  await plato.type(' ((');
  const { whole_ms, longest_ms } = await plato.page.evaluate(async () => {
    const area = document.activeElement;
    const start = performance.now();
    area.setRangeText('block of many', area.selectionStart, area.selectionStart, 'end');
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
    let [longest, last] = [0, performance.now()];
    while (!document.querySelector('.completion [role=option]')) {
      await new Promise((resolve) => setTimeout(resolve));
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    return { whole_ms: last - start, longest_ms: longest };
  });
  assert(longest_ms < whole_ms / 2, `${longest_ms} of ${whole_ms} ms at once`);
  // Enter before the end of the search takes what it finds.
  await plato.type('!');
  await plato.press('Backspace', 'Enter');
  await until('the reference', async () => /\(\(block-\d+\)\)/.test(await plato.outline()));
});

/* Pages of five thousand blocks, ten under each. */
function largeGraph(count) {
  const datoms = [];
  const add = (e, a, v) => datoms.push(`[${e} ${a} ${typeof v === 'string' ? JSON.stringify(v) : v} 536870913]`);
  let page = 0;
  let parent = 0;
  for (let i = 0, e = 0; i < count; i++) {
    if (i % 5_000 === 0) {
      page = ++e;
      add(page, ':node/title', `Page ${i / 5_000}`);
      add(page, ':block/uid', `page-${i / 5_000}`);
    }
    const id = ++e;
    const isTop = i % 10 === 0;
    if (isTop) parent = id;
    add(isTop ? page : parent, ':block/children', id);
    add(id, ':block/uid', `block-${i}`);
    add(id, ':block/string', `Block ${i} of many`);
    add(id, ':block/order', i);
  }
  const identity = '{:db/unique :db.unique/identity}';
  const refs = '{:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}';
  const schema = `{:block/uid ${identity}, :node/title ${identity}, :block/children ${refs}, :block/refs ${refs}}`;
  return `#datascript/DB {:schema ${schema}, :datoms [${datoms.join(' ')}]}`;
}
