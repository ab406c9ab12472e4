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
  await plato.block('Read the').locator('a.link.tag', { hasText: '#books' }).click();
  await until('the page of the tag', async () => (await plato.title()) === 'books');
  await plato.open('Republic');
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

peopleTest('headings, tasks, code and marks come as one types, by keys and from the menu', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Shapes');
  await plato.page.locator('.block .text').click();
  await plato.type('## Small');
  await plato.page.locator('.block.h2 textarea').waitFor();
  assert.equal(await plato.caret(), 'Small|');
  await plato.press('Control+Alt+1');
  await plato.page.locator('.block.h1').waitFor();
  await plato.press('Home', 'Backspace');
  await plato.page.locator('.block:not(.h1):not(.h2)').waitFor();
  await plato.press('Control+Alt+2', 'End', 'Enter');
  await plato.type('task');
  await plato.press('Control+Enter', 'Control+Enter', 'Enter');
  await plato.type('```js');
  await plato.press('Enter');
  await plato.type('[1]');
  await plato.press('Enter');
  await plato.type('```');
  await plato.press('Enter');
  await plato.type('bold');
  await plato.press('Control+a', 'Control+b', 'End', 'Enter');
  await plato.type('/to');
  await plato.page.getByRole('option', { name: 'To do' }).waitFor();
  await plato.press('Enter');
  await plato.type('menu');
  await plato.press('Enter');
  await plato.type('![a stone](https://example.org/none.png)');
  await plato.press('Escape', 'Escape');
  await plato.page.locator('.block.h2 [role=heading]', { hasText: 'Small' }).waitFor();
  await plato.page.locator('.text.done', { hasText: 'task' }).waitFor();
  await plato.page.locator('pre code', { hasText: '[1]' }).waitFor();
  await plato.page.locator('strong', { hasText: 'bold' }).waitFor();
  assert.equal(await plato.page.locator('pre').textContent(), '[1]');
  await plato.block('menu').locator('input[type=checkbox]:not(:checked)').waitFor();
  await plato.page.locator('img[src="https://example.org/none.png"][alt="a stone"]').waitFor({ state: 'attached' });
  plato.errors = plato.errors.filter((text) => !/Failed to load resource/.test(text));
});

peopleTest('a block is shown by itself, and the keyboard stays within it', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Zoom');
  await plato.page.locator('.block .text').click();
  await plato.type('Outer');
  await plato.press('Enter');
  await plato.type('Next');
  await plato.write('Outer');
  await plato.press('Control+.');
  await plato.page.locator('.zoomed textarea').waitFor();
  await plato.press('End', 'Enter');
  await plato.type('Inner');
  await plato.sees('Inner');
  await plato.press('ArrowUp', 'End');
  assert.equal(await plato.caret(), 'Outer|');
  await plato.press('Tab', 'Control+Shift+ArrowDown', 'ArrowDown', 'Home', 'Backspace');
  assert.equal(await plato.caret(), 'Outer|Inner');
  await plato.press('Control+z', 'Control+,');
  await plato.sees('Outer\n  Inner\nNext');
  assert.match(await plato.caret(), /Outer/);
  await plato.block('Inner').locator('.bullet').click();
  await plato.page.locator('.zoomed', { hasText: 'Inner' }).waitFor();
  await plato.page.locator('.crumbs a', { hasText: 'Zoom' }).click();
  await plato.sees('Outer\n  Inner\nNext');
});

peopleTest('the mouse chooses blocks: by dragging, with Shift, and they are what keys act on', {
  gateways: 1,
}, async (people) => {
  const plato = await people.join('Plato', { permissions: ['clipboard-read', 'clipboard-write'] });
  await plato.open('Mouse');
  await plato.page.locator('.block .text').click();
  for (const word of ['One', 'Two', 'Three', 'Four']) {
    await plato.type(word);
    if (word !== 'Four') await plato.press('Enter');
  }
  const chosen = () => plato.page.locator('.block.chosen').allTextContents();
  const middle = async (text) => {
    const box = await plato.block(text).locator('.text').boundingBox();
    return [box.x + 12, box.y + box.height / 2];
  };
  await plato.press('Escape', 'Escape');
  await plato.page.mouse.move(...(await middle('Two')));
  await plato.page.mouse.down();
  await plato.page.mouse.move(...(await middle('Three')), { steps: 4 });
  await plato.page.mouse.move(...(await middle('Four')), { steps: 4 });
  await plato.page.mouse.up();
  assert.deepEqual(await chosen(), ['Two', 'Three', 'Four']);
  assert.equal(await plato.page.evaluate(() => getSelection().toString()), '');

  await plato.write('One');
  await plato.block('Three').locator('.text').click({ modifiers: ['Shift'] });
  await until('three chosen', async () => (await chosen()).join() === 'One,Two,Three');
  await plato.block('Two').locator('.text').click({ modifiers: ['Shift'] });
  await until('two chosen', async () => (await chosen()).join() === 'One,Two');
  await plato.page.getByRole('status').filter({ hasText: '2 blocks chosen' }).waitFor({ state: 'attached' });
  await plato.press('Control+c');
  await plato.write('Four');
  await plato.press('Escape', 'Control+v');
  await plato.sees('One\nTwo\nThree\nFour\nOne\nTwo');
  await until('what was pasted is chosen', async () => (await chosen()).join() === 'One,Two');
  await plato.press('Control+x');
  await plato.sees('One\nTwo\nThree\nFour');
  await plato.press('Control+a', 'Control+Enter');
  await until('tasks', async () => (await plato.page.locator('.block input[type=checkbox]').count()) === 4);

  // What has the focus gets its keys, though blocks are chosen.
  const { page } = plato;
  const title = page.getByRole('textbox', { name: 'Page title' });
  const four = 'One\nTwo\nThree\nFour';
  await title.click();
  await plato.press('End', 'Backspace');
  await plato.sees(four);
  assert.equal(await title.inputValue(), 'Mous');
  await plato.press('Control+z');
  assert.equal(await title.inputValue(), 'Mouse');
  await page.getByRole('button', { name: 'Pin this page' }).press('Enter');
  await page.getByRole('button', { name: 'Unpin this page' }).waitFor();
  await plato.block('Three').locator('.bullet').press('Enter');
  await page.locator('.zoomed', { hasText: 'Three' }).waitFor();
  await plato.open('Mouse');
  await plato.sees(four);
  assert.equal(await page.locator('.block input[type=checkbox]').count(), 4);

  // A page that is left while blocks are chosen leaves nothing behind.
  await page.mouse.move(...(await middle('One')));
  await page.mouse.down();
  await page.mouse.move(...(await middle('Three')), { steps: 4 });
  await plato.press('Alt+d');
  await page.getByText('Today', { exact: true }).waitFor();
  await page.mouse.up();
  assert.equal(await page.locator('body.choosing').count(), 0);
});

peopleTest('references and embeds show the block as it is, with its task, and change with it', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Source');
  await plato.page.locator('.block .text').click();
  await plato.type('Bring wine');
  await plato.press('Control+Enter', 'Enter', 'Tab');
  await plato.type('red');
  await plato.open('Target');
  await plato.page.locator('.block .text').click();
  await plato.type('/embed a block');
  await plato.press('Enter');
  await plato.type('wine');
  await plato.page.locator('.completion [role=option]', { hasText: 'Bring wine' }).waitFor();
  await plato.press('Enter', 'End', 'Enter');
  await plato.type('see ((wine');
  await plato.page.locator('.completion [role=option]', { hasText: 'Bring wine' }).waitFor();
  await plato.press('Enter', 'Enter');
  await plato.type('{{embed: [[Source');
  await plato.page.locator('.completion [role=option]', { hasText: 'Source' }).waitFor();
  await plato.press('Enter', 'Escape', 'Escape');
  await plato.page.locator('.embed', { hasText: 'red' }).first().waitFor();
  assert.equal(await plato.page.locator('.embed').count(), 2);
  assert.equal(await plato.page.locator('.embed-row.titled').textContent(), 'Source');
  await plato.page.locator('a.reference', { hasText: 'Bring wine' }).waitFor();
  await plato.page.locator('.embed input[type=checkbox]').first().click();
  await until('it is done everywhere', async () => (await plato.page.locator('input[type=checkbox]:checked').count()) === 3);
});

peopleTest('the caret goes up and down through lines as they are wrapped, and stays in its column', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Lines');
  await plato.page.locator('.block .text').click();
  const long = 'word '.repeat(40).trim();
  await plato.type('short first');
  await plato.press('Enter');
  await plato.page.keyboard.insertText(long);
  await plato.press('Enter');
  await plato.type('abc');
  await plato.press('ArrowUp');
  const [before, after] = (await plato.caret()).split('|');
  assert(before.length > after.length, 'the caret is in the last line');
  assert(after.length > 0, 'the caret is below the end of the line');
  await plato.press('ArrowUp', 'ArrowUp', 'ArrowUp');
  assert.match(await plato.caret(), /^sho?r?t?\|?/);
  assert.equal((await plato.caret()).split('|').join(''), 'short first');
  await plato.press('ArrowDown', 'ArrowDown');
  assert((await plato.caret()).startsWith('word'), 'through the long block line by line');
});

peopleTest('the daily notes have a page for today, and those before it', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Elsewhere');
  await plato.press('Alt+d');
  await plato.page.getByText('Today', { exact: true }).waitFor();
  await plato.page.locator('.block .text').first().click();
  await plato.type('noted');
  await plato.press('Enter');
  await plato.type('/yesterday');
  await plato.press('Enter', 'Escape', 'Escape');
  await plato.page.locator('a.link').click();
  await plato.page.getByText('1 linked reference').waitFor();
  await plato.press('Alt+d');
  await until('two days', async () => (await plato.page.locator('.title h1').count()) === 2);
  await plato.block('noted').waitFor();

  await plato.page.evaluate(() => {
    const Real = Date;
    const [day, now] = [86_400_000, () => Real.now() + day];
    globalThis.Date = class extends Real {
      static now = now;
      constructor(...parts) {
        super(...(parts.length > 0 ? parts : [now()]));
      }
    };
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('the next day', async () => (await plato.page.locator('.title h1').count()) === 3);
  await plato.block('noted').waitFor();
});

peopleTest('what was typed last is there when the window is loaded anew at once', { gateways: 1 }, async (people) => {
  const plato = await people.join('Plato');
  await plato.open('Hasty');
  await plato.page.locator('.block .text').click();
  await plato.type('in haste');
  await plato.page.reload();
  await plato.isLive();
  await plato.sees('in haste');
});
