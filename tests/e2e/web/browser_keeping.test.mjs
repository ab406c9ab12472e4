// Keeping: pages renamed, merged and removed.
import { until } from '../harness.mjs';
import { peopleTest } from './people.mjs';

/* Writes blocks one after another into a new page. */
async function fill(person, title, lines) {
  await person.open(title);
  await person.page.locator('.block .text').first().click();
  for (const [i, line] of lines.entries()) {
    if (i > 0) await person.press('Enter');
    await person.type(line);
  }
  await person.press('Escape', 'Escape');
}

async function rename(person, title) {
  await person.page.locator('.page-title textarea').fill(title);
  await person.press('Enter');
}

const answer = (person, name) => person.page.getByRole('dialog').getByRole('button', { name }).click();

peopleTest('a page is renamed while someone writes in a block that links to it; one undo takes it back', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Notes', ['see [[Republic]] and #Republic now', 'Republic:: ten books']);
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Notes');
  await sappho.sees('see Republic and #Republic now\nRepublic: ten books');
  await sappho.write('see Republic');
  await plato.open('Republic');
  await Promise.all([rename(plato, '  The   State '), sappho.type(' again and again and again')]);
  await until('the new title', async () => (await plato.title()) === 'The State');
  await plato.page.getByText('2 linked references').waitFor();
  await sappho.press('Escape', 'Escape');
  await sappho.sees('see The State and #The State now again and again and again\nThe State: ten books');
  await plato.page.locator('.scroller').focus();
  await plato.press('Control+z');
  await until('the old title', async () => (await plato.title()) === 'Republic');
  await sappho.sees('see Republic and #Republic now again and again and again\nRepublic: ten books');
  await rename(plato, 'Half [[open');
  await plato.page.getByRole('dialog').getByText('No link could lead').waitFor();
  await answer(plato, 'Close');
});

peopleTest('a page that gets another one\'s title is merged into it, after a question', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Draft', ['one', 'two of [[Draft]]']);
  await fill(plato, 'Book', ['zero', 'see [[Draft]]']);
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Book');
  await plato.open('Draft');
  await rename(plato, 'Book');
  await plato.page.getByRole('dialog').getByText('2 blocks are put at its end').waitFor();
  await answer(plato, 'Cancel');
  await until('the old title', async () => (await plato.title()) === 'Draft');
  await rename(plato, 'Book');
  await answer(plato, 'Merge the pages');
  const merged = 'zero\nsee Book\none\ntwo of Book';
  await until('the page of both', async () => (await plato.title()) === 'Book');
  await until('the blocks of both', async () => (await sappho.outline()).startsWith(merged));
  await plato.page.locator('.scroller').focus();
  await plato.press('Control+z');
  await sappho.sees('zero\nsee Draft');
  await plato.open('Draft');
  await until('its own blocks', async () => (await plato.outline()).startsWith('one\ntwo of Draft'));
});

peopleTest('removing a page says what goes with it; links stay as text, and undo brings it back', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Laws', ['first', 'second']);
  await fill(plato, 'Notes', ['see [[Laws]]']);
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Notes');
  await plato.open('Laws');
  await plato.page.getByRole('button', { name: 'Page menu' }).press('Enter');
  await plato.page.getByRole('menuitem', { name: 'Remove the page' }).press('Enter');
  await plato.page.getByRole('dialog').getByText('2 blocks are removed with it. One block elsewhere has a reference').waitFor();
  await answer(plato, 'Remove the page');
  await sappho.page.locator('a.link.missing', { hasText: 'Laws' }).waitFor();
  await plato.page.locator('.scroller').focus();
  await plato.press('Control+z');
  await sappho.page.locator('a.link:not(.missing)', { hasText: 'Laws' }).click();
  await until('its blocks', async () => (await sappho.outline()).startsWith('first\nsecond'));
  await sappho.page.getByText('1 linked reference').waitFor();
});
