// Keeping: pages renamed, merged and removed, and as they were; import and export.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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

async function choose(person, item) {
  await person.page.getByRole('button', { name: 'Page menu' }).press('Enter');
  await person.page.getByRole('menuitem', { name: item }).press('Enter');
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

  // Whoever has the caret in a title and types nothing leaves it as others have made it.
  await sappho.open('Republic');
  const field = sappho.page.getByRole('textbox', { name: 'Page title' });
  await field.click();
  await rename(plato, 'Politeia');
  await until('the new title', async () => (await sappho.title()) === 'Politeia');
  await sappho.type(' of Plato');
  await rename(plato, 'Polis');
  await until('the newer title', async () => (await sappho.page.locator('.recent').textContent()).includes('Polis'));
  assert.equal(await sappho.title(), 'Politeia of Plato');
  await sappho.press('Enter');
  await until('his title', async () => (await plato.title()) === 'Politeia of Plato');
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
  // The next key is for the menu, however soon it comes.
  const first = await plato.page.getByRole('button', { name: 'Page menu' }).evaluate((button) => {
    button.click();
    return document.activeElement.textContent;
  });
  assert.equal(first, 'History');
  await plato.press('Escape');
  await choose(plato, 'Remove the page');
  await plato.page.getByRole('dialog').getByText('2 blocks are removed with it. One block elsewhere has a reference').waitFor();
  await answer(plato, 'Remove the page');
  await sappho.page.locator('a.link.missing', { hasText: 'Laws' }).waitFor();
  await plato.page.locator('.scroller').focus();
  await plato.press('Control+z');
  await sappho.page.locator('a.link:not(.missing)', { hasText: 'Laws' }).click();
  await until('its blocks', async () => (await sappho.outline()).startsWith('first\nsecond'));
  await sappho.page.getByText('1 linked reference').waitFor();
});

/* The rows of a page's history in sight: what each is, and its text with +{added} and -{removed} words. */
async function pastRows(person) {
  await person.page.locator('.history[aria-busy=false]').waitFor();
  return person.page.evaluate(() =>
    [...document.querySelectorAll('.block.past')].map((row) => {
      const marks = { INS: '+', DEL: '-' };
      const words = [...row.querySelector('.text').childNodes].map((node) =>
        marks[node.nodeName] ? `${marks[node.nodeName]}{${node.textContent}}` : node.textContent);
      return `${row.classList[2]} ${words.join('')}`;
    }));
}

/* Waits until the rows of the history in sight are like this. */
async function seesPast(person, wanted) {
  let seen;
  await until(() => `${person.name} to see ${wanted} instead of\n${seen}`, async () => {
    seen = (await pastRows(person)).join('\n');
    return wanted.test(seen);
  });
}

peopleTest('a page as it was: a slider over its changes, who made them, what they changed; blocks and the page brought back', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Cave', ['shadows on the wall', 'prisoners']);
  const sappho = await people.join('Sappho', { on: 1 });
  await sappho.open('Cave');
  await sappho.sees('shadows on the wall\nprisoners');
  await sappho.write('prisoners');
  await sappho.type(' in chains');
  await sappho.press('Escape', 'Escape');
  await plato.sees('shadows on the wall\nprisoners in chains');
  await plato.write('shadows');
  await plato.press('Escape', 'Delete', 'Escape');
  await plato.sees('prisoners in chains');

  await choose(plato, 'History');
  const told = plato.page.locator('.told strong');
  await told.filter({ hasText: 'Plato' }).waitFor();
  await seesPast(plato, /^removed shadows on the wall\nsame prisoners in chains$/);
  const slider = plato.page.getByRole('slider', { name: 'Changes of this page' });
  await slider.focus();
  await plato.press('ArrowLeft');
  await told.filter({ hasText: 'Sappho' }).waitFor();
  await seesPast(plato, /^same shadows on the wall\nchanged prisoners.*\+\{.*s\}$/);
  await plato.page.locator('.past', { hasText: 'shadows' }).hover();
  await plato.page.getByRole('button', { name: 'Restore this block: shadows' }).click();
  await sappho.sees('shadows on the wall\nprisoners in chains');

  await seesPast(plato, /^added shadows on the wall/);
  await slider.focus();
  await plato.press('Home');
  await plato.page.locator('.told', { hasText: /^\S.*1 of \d+/ }).waitFor();
  while (!(await pastRows(plato)).some((row) => /prisoners\}?$/.test(row))) {
    const seen = await plato.page.locator('.told').textContent();
    await plato.press('ArrowRight');
    await until('the next change', async () => (await plato.page.locator('.told').textContent()) !== seen);
  }
  await plato.page.getByRole('button', { name: 'Restore the page' }).click();
  await answer(plato, 'Restore the page');
  await sappho.sees('shadows on the wall\nprisoners');
  await until('the page', async () => (await plato.title()) === 'Cave');
  await plato.page.locator('.scroller').focus();
  await plato.press('Control+z');
  await sappho.sees('shadows on the wall\nprisoners in chains');

  // A task is a box, and what can be brought back follows the slider.
  for (const text of ['prisoners', 'shadows']) {
    await plato.write(text);
    await plato.press('Control+Enter', 'Escape', 'Escape');
    await sappho.block(text).locator('input[type=checkbox]').waitFor();
  }
  await choose(plato, 'History');
  await seesPast(plato, /^changed \+\{☐ ?\}[^]*shadows on the wall\nsame prisoners in chains$/);
  await plato.page.locator('.past', { hasText: 'prisoners' }).locator('input[type=checkbox]:disabled').waitFor();
  const back = plato.page.getByRole('button', { name: 'Restore this block: prisoners in chains' });
  assert.equal(await back.count(), 0);
  await slider.focus();
  await plato.press('ArrowLeft', 'ArrowLeft');
  await back.click();
  await until('no task', async () => (await sappho.block('prisoners').locator('input[type=checkbox]').count()) === 0);
});

const samples = fileURLToPath(new URL('../../data/import/', import.meta.url));

const summary = (person) => person.page.locator('.summary');

async function openFiles(person) {
  await person.page.getByRole('link', { name: 'Import and export' }).click();
  await person.page.getByRole('heading', { name: 'Import and export' }).waitFor();
}

peopleTest('files of every format are imported by picker and by drop; what is there is appended to or passed over', {}, async (people) => {
  const plato = await people.join('Plato', { on: 0 });
  await fill(plato, 'Agathon', ['mine']);
  const sappho = await people.join('Sappho', { on: 1 });
  await openFiles(plato);
  const files = plato.page.getByLabel('Files to import');
  await files.setInputFiles(samples + 'roam.json');
  await summary(plato).getByText('5 blocks taken, on 1 new page and 1 page that was here.').waitFor();
  await sappho.open('Agathon');
  await until('his and the imported', async () => (await sappho.outline()).startsWith('mine\nA poet of Athens; see A Drinking Party at the house of Agathon'));
  await files.setInputFiles(samples + 'roam.json');
  await summary(plato).getByText('5 blocks passed over: here already.').waitFor();

  await files.setInputFiles(['roam.edn', 'athens.transit'].map((name) => samples + name));
  await summary(plato).getByText('Imported: Roam EDN, Athens save').waitFor();
  await summary(plato).getByText('1 blocks that are on no page').waitFor();
  const folder = plato.page.getByLabel('Folder to import');
  await folder.setInputFiles(samples + 'logseq');
  await summary(plato).getByText('Imported: Logseq folder').waitFor();
  await folder.setInputFiles(samples + 'markdown');
  await summary(plato).getByText('Imported: Markdown').waitFor();
  const dropped = await plato.page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['- dropped\n  - below'], 'Dropped.md'));
    return transfer;
  });
  await plato.page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
  await summary(plato).getByText('2 blocks taken, on 1 new page.').waitFor();
  // A file that has gone meanwhile, among others.
  const lost = await plato.page.evaluateHandle(() => {
    const text = Blob.prototype.text;
    Blob.prototype.text = function () {
      return this.name === 'Gone.md' ? Promise.reject(new Error('the file is gone')) : text.call(this);
    };
    const transfer = new DataTransfer();
    ['Gone.md', 'Kept.md'].forEach((name) => transfer.items.add(new File(['- kept'], name)));
    return transfer;
  });
  await plato.page.locator('.drop').dispatchEvent('drop', { dataTransfer: lost });
  await summary(plato).getByText('Left out: Gone.md: the file is gone').waitFor();
  await summary(plato).getByText('1 block taken, on 1 new page.').waitFor();

  for (const [title, words] of [
    ['Lyceum', 'A school\n+Founded by Aristotle'], ['Academy', 'Let no one'], ['Peripatetics', 'tags: school, walk\nThe walkers'],
    ['Zeno', 'aliases: Zeno of Citium, the Stoic'], ['Dropped', 'dropped\n  below'],
  ]) {
    await sappho.open(title);
    await until(() => `${title} to begin with ${words}`, async () => (await sappho.outline()).startsWith(words));
  }
});

peopleTest('an import that is cancelled leaves whole pages', {}, async (people) => {
  const plato = await people.join('Plato');
  await openFiles(plato);
  const pages = Array.from({ length: 30 }, (_, i) => ({
    title: `Page ${i}`,
    children: Array.from({ length: 400 }, (__, k) => ({ uid: `p${i}-${k}`, string: `block ${k} of [[Page ${(i + 1) % 30}]]` })),
  }));
  const file = { name: 'large.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(pages)) };
  await plato.page.getByLabel('Files to import').setInputFiles(file);
  await plato.page.locator('.running', { hasText: /[1-9]\d* of 12000 blocks/ }).waitFor();
  assert(await plato.page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))), 'closing the window asks first');
  await plato.page.getByRole('button', { name: 'Cancel' }).click();
  const told = await summary(plato).textContent();
  assert.match(told, /^Cancelled: Roam JSON/);
  const [, blocks, taken] = /([\d,]+) blocks taken, on (\d+) new pages?/.exec(told).map((text) => Number(text.replace(',', '')));
  assert(taken > 0 && taken < 30, told);
  assert.equal(blocks, 400 * taken);
  assert(told.includes(`${30 - taken} page`), told);
});

peopleTest('pages are exported as Markdown, one or all, and the graph as EDN', {}, async (people) => {
  const plato = await people.join('Plato', { permissions: ['clipboard-read', 'clipboard-write'] });
  await fill(plato, 'What is/justice?', ['one of [[Books]]', 'two']);
  await choose(plato, 'Copy as Markdown');
  const text = '- one of [[Books]]\n- two\n';
  let copied;
  await until(() => `the copy instead of ${copied}`, async () => {
    copied = await plato.page.evaluate(() => navigator.clipboard.readText());
    return copied === text;
  });
  // Under an address without https.
  await plato.page.evaluate(async () => {
    await navigator.clipboard.writeText('old');
    const real = navigator.clipboard;
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    globalThis.copied = () => real.readText();
  });
  await choose(plato, 'Copy as Markdown');
  await until('the copy by command', async () => (await plato.page.evaluate(() => globalThis.copied())) === text);
  const save = async (act) => {
    const [download] = await Promise.all([plato.page.waitForEvent('download'), act()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const page = await save(() => choose(plato, 'Download as Markdown'));
  assert.deepEqual([page.name, page.bytes.toString()], ['What is_justice_.md', text]);
  await openFiles(plato);
  const zip = await save(() => plato.page.getByRole('button', { name: 'All pages as Markdown' }).click());
  assert.equal(zip.name, 'main.zip');
  assert.equal(zip.bytes.subarray(0, 2).toString(), 'PK');
  assert(zip.bytes.includes('What is_justice_.md'));
  const edn = await save(() => plato.page.getByRole('link', { name: 'The graph as EDN' }).click());
  assert.equal(edn.name, 'main.edn');
  assert.match(edn.bytes.toString(), /^#datascript\/DB [^]*"one of \[\[Books\]\]"/);
  await plato.page.getByLabel('Files to import').setInputFiles({ name: edn.name, mimeType: 'text/plain', buffer: edn.bytes });
  await summary(plato).getByText(/passed over: here already/).waitFor();
  await summary(plato).getByText(/^0 blocks taken/).waitFor();
});
