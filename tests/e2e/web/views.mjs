/*
 * The main views, to be looked at: a small graph with something in each of them, and the way to each. Every way begins where
 * another may have ended.
 */
import { until } from '../harness.mjs';

const PHONE = { reducedMotion: 'reduce', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/* By name, what a browser is to be like. */
export const LOOKS = {
  light: { colorScheme: 'light', reducedMotion: 'reduce' },
  dark: { colorScheme: 'dark', reducedMotion: 'reduce' },
  'light-phone': { colorScheme: 'light', ...PHONE },
  'dark-phone': { colorScheme: 'dark', ...PHONE },
};

const PAGES = {
  Diotima: `- A priestess of Mantinea, if she ever lived. What [[Symposium]] has of her is all that there is.
- **Ladder of love**: the steps are not left behind, each is seen anew from the next`,
  Symposium: `- # Who speaks
  - [[Phaedrus]]: Love is the oldest of the gods, and gives us our greatest goods
  - [[Aristophanes]]: each of us is the half of a whole, and looks for the other one
  - [[Diotima]], as Socrates tells it: from one beautiful body to all, from bodies to customs, from customs to what is known, and from there to the beautiful itself
- # To do
  - [x] Read the speech of Agathon
  - [ ] Find out who wrote the ^^hymn^^ that he quotes
  - [ ] Compare with [[Phaedrus]] 246a, the chariot #myth
- Source:: [Perseus](https://www.perseus.tufts.edu), 172a to 223d
- \`\`\`python
  for speech in symposium.speeches:
      print(speech.speaker, len(speech.words))
  \`\`\`
- > At last he has a vision of it: a single knowledge, of a beauty that is everywhere`,
};

const DAY = `- Met in the stoa with [[Aristophanes]]: the reading of [[Symposium]] goes on next week #reading
  - [ ] Bring copies of 189c
- Not in Phaedrus: the chariot of Parmenides
- A good line: __the lover is nearer to the divine than the beloved__, see [[Phaedrus]]`;

/* Fills an empty page, which is in front of them, with a list. */
async function paste(person, markdown) {
  await person.page.locator('.block .text, .add').first().click();
  await person.page.evaluate((text) => navigator.clipboard.writeText(text), markdown);
  await person.press('Control+v', 'Escape', 'Escape');
}

/* Writes the pages that the views show. They need permission for the clipboard. */
export async function furnish(person) {
  await until('the welcome', async () => (await person.title()) === 'Welcome to Stoa');
  for (const [title, text] of Object.entries(PAGES)) {
    await person.open(title);
    await paste(person, text);
  }
  await goTo(person, '#/');
  await person.page.getByText('Today', { exact: true }).waitFor();
  await paste(person, DAY);
  await person.page.locator('a.link', { hasText: 'Aristophanes' }).waitFor();
}

/* Closes what is open over a page. */
async function begin(person) {
  for (let i = 0; i < 3; i++) await person.press('Escape');
  await person.page.locator('dialog').waitFor({ state: 'detached' });
}

async function goTo(person, hash) {
  await begin(person);
  await person.page.evaluate((to) => (location.hash = to), hash);
}

async function open(person, title) {
  await begin(person);
  await person.open(title);
  await person.page.locator('.block').first().waitFor();
}

async function menu(person, name) {
  await open(person, 'Symposium');
  await person.page.getByRole('button', { name }).click();
}

/* By name, a function that shows the view to a person. */
export const VIEWS = {
  page: (person) => open(person, 'Symposium'),
  welcome: (person) => open(person, 'Welcome to Stoa'),
  async references(person) {
    await open(person, 'Diotima');
    await person.page.getByText('linked reference').first().waitFor();
  },
  async days(person) {
    await goTo(person, '#/');
    await person.page.locator('a.link', { hasText: 'Aristophanes' }).waitFor();
  },
  async pages(person) {
    await goTo(person, '#/pages');
    await person.page.locator('.entry').first().waitFor();
  },
  async query(person) {
    await goTo(person, '#/query');
    await person.page.locator('.examples .chip').first().click();
    await person.page.locator('.console .primary').click();
    await person.page.locator('.console section table').waitFor();
  },
  async mentions(person) {
    await open(person, 'Phaedrus');
    const section = person.page.getByRole('button', { name: /unlinked references?$/i });
    if ((await section.getAttribute('aria-expanded')) === 'false') await section.click();
    await person.page.locator('.mention').first().waitFor();
  },
  async chosen(person) {
    await open(person, 'Symposium');
    await person.write('Read the speech');
    await person.press('Escape', 'Shift+ArrowDown', 'Shift+ArrowDown');
    await person.page.locator('.block.chosen').nth(2).waitFor();
  },
  async switcher(person) {
    await open(person, 'Symposium');
    await person.press('Control+k');
    await person.type('speech');
    await person.page.locator('.switcher [role=option]').nth(1).waitFor();
  },
  async menu(person) {
    await menu(person, 'Page menu');
    await person.page.getByRole('menuitem').first().waitFor();
  },
  async history(person) {
    await menu(person, 'Page menu');
    await person.page.getByRole('menuitem', { name: 'History' }).click();
    await person.page.locator('.history .block').first().waitFor();
  },
  async name(person) {
    await menu(person, /Change name/);
    await person.page.getByRole('textbox', { name: 'Name' }).waitFor();
  },
  async sidebar(person) {
    await open(person, 'Symposium');
    const toggle = person.page.locator('.bar .menu');
    if ((await toggle.getAttribute('aria-expanded')) === 'false') await toggle.click();
    await person.page.locator('.sidebar').waitFor();
  },
  async completion(person) {
    await open(person, 'Drafts');
    await person.page.locator('.block .text').click();
    await person.press('Home', 'Shift+End');
    await person.type('What does [[A');
    await person.page.locator('.completion').waitFor();
  },
};
