/*
 * People in front of the outliner: each a browser profile of its own in one Chromium, on a gateway of their choice,
 * with the keys and looks that tests need.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { executablePath, noChromium } from '../client/chromium.mjs';
import { stoaTest, until } from '../harness.mjs';

export const dist = fileURLToPath(new URL('../../../web/dist', import.meta.url));

const COLORS = { Plato: '#4f46e5', Sappho: '#be185d', Zeno: '#15803d', Hypatia: '#c2410c' };

export class People {
  static async gather(stoa, args = []) {
    const browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', ...args],
    });
    return new People(stoa, browser);
  }

  constructor(stoa, browser) {
    this.stoa = stoa;
    this.browser = browser;
    this.all = [];
  }

  /* Someone who has chosen a name, unless they are new, and has not opened anything yet. */
  async visitor(name, { isNew = false, ...context } = {}) {
    const own = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
    if (!isNew) {
      const profile = JSON.stringify({ name, color: COLORS[name] });
      await own.addInitScript((text) => localStorage.setItem('stoa.profile', text), profile);
    }
    // DataScript's errors say what they are only as text.
    await own.addInitScript(() => {
      addEventListener('unhandledrejection', ({ reason }) => console.error(`${reason} ${reason?.stack}`));
    });
    const page = await own.newPage();
    const person = new Person(name, page, own);
    this.all.push(person);
    return person;
  }

  /* Someone at gateway `on`; `options` are those of a visitor. */
  async join(name, { on = 0, route = '', graph = 'main', ...options } = {}) {
    const person = await this.visitor(name, options);
    await person.page.goto(`${this.stoa.url(on)}/?graph=${graph}${route}`);
    if (!options.isNew) await person.isLive();
    return person;
  }

  async stop() {
    this.all.forEach((person) => person.context.close().catch(() => {}));
    await this.browser.close();
    for (const { name, errors } of this.all) {
      assert.deepEqual(errors, [], `errors in the page of ${name}`);
    }
  }
}

export class Person {
  errors = [];
  /* Whether the line to the gateway is cut at times: a view that is opened then cannot be fetched. */
  isCutOff = false;

  constructor(name, page, context) {
    this.name = name;
    this.page = page;
    this.context = context;
    page.on('pageerror', (error) => this.errors.push(`${error.name} ${error.message} ${error.stack}`));
    page.on('console', (message) => {
      // What the browser says of a gateway that is away, or of a picture, is no fault of the page; its own files must come.
      const text = message.text();
      const isExcused = this.isCutOff || !message.location().url.includes('/assets/');
      const isLost = text.startsWith('Failed to load resource: net::ERR_') && isExcused;
      const isOfNetwork = isLost || text.startsWith('WebSocket');
      if (message.type() === 'error' && !isOfNetwork) this.errors.push(text);
    });
  }

  async isLive() {
    await this.page.locator('.status.live').waitFor();
  }

  /* Opens a page by its title, or makes it. */
  async open(title) {
    await this.page.keyboard.press('Control+k');
    await this.page.locator('.switcher input').fill(title);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.switcher').waitFor({ state: 'detached' });
    await until(`${this.name} to see ${title}`, async () => (await this.title()) === title);
  }

  async title() {
    return this.page.locator('.page-title textarea').inputValue({ timeout: 1000 }).catch(() => '');
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  /* Puts the caret at the end of the block with this text. */
  async write(text) {
    await this.block(text).first().locator('.text').click();
    await this.press('End');
  }

  block(text) {
    return this.page.locator('.block').filter({ hasText: text });
  }

  /* The outline in sight: two spaces a level, `+` before closed blocks, `|` where the caret is. */
  async outline() {
    return this.page.evaluate(() => {
      const rows = [...document.querySelectorAll('.slot')]
        .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
        .map((slot) => slot.querySelector('.block'))
        .filter(Boolean);
      return rows
        .map((row) => {
          const area = row.querySelector('textarea');
          const isClosed = row.querySelector('.arrow[aria-expanded="false"]');
          const text = area ? area.value : row.querySelector('.text').textContent.replace(/\u200b/g, '');
          const depth = Number(row.style.getPropertyValue('--depth'));
          return `${'  '.repeat(depth)}${isClosed ? '+' : ''}${text}`;
        })
        .join('\n');
    });
  }

  /* Waits until the outline is this. */
  async sees(lines) {
    let seen;
    await until(
      () => `${this.name} to see\n${lines}\n--- instead of\n${seen}`,
      async () => {
        seen = await this.outline();
        return seen === lines;
      },
    );
  }

  /* The text with the caret in it, as before|after. */
  async caret() {
    return this.page.evaluate(() => {
      const area = document.activeElement;
      if (!(area instanceof HTMLTextAreaElement)) return undefined;
      return `${area.value.slice(0, area.selectionStart)}|${area.value.slice(area.selectionStart)}`;
    });
  }
}

/* A test with people; skipped, with the reason, where there is no browser or no build. */
export function peopleTest(name, options, body) {
  const skip = noChromium || (!existsSync(dist) && 'web/dist is not there; deploy/web builds it');
  const gatewayArgs = ['--static-dir', dist, ...(options.gatewayArgs ?? [])];
  stoaTest(name, { skip, ...options, gatewayArgs }, async (t, stoa) => {
    const people = await People.gather(stoa);
    try {
      await body(people, stoa, t);
    } catch (error) {
      for (const person of people.all) console.error(`${person.name}: ${person.errors.join('\n')}`);
      throw error;
    } finally {
      await people.stop();
    }
  });
}
