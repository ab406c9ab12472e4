/* A client of the chaos in a tab of a browser: reload() loads the page again, on the same store. */
export class PageClient {
  run = 0;

  /* `options` and `hear` are as for NodeClient; the tabs of one browser share what it stores. */
  constructor(browser, options, hear) {
    this.browser = browser;
    this.options = options;
    this.hear = hear;
  }

  async start() {
    this.page = await this.browser.page();
    this.page.on('console', (message) => message.type() === 'debug' && this.hear(JSON.parse(message.text())));
    await this.work();
  }

  async reload() {
    await this.page.reload();
    await this.page.waitForFunction(() => globalThis.stoa !== undefined);
    await this.work();
  }

  async stop() {
    await this.page?.close();
  }

  /* Calls a method of the worker. */
  ask(method) {
    return this.page.evaluate((name) => globalThis.worker[name](), method);
  }

  work() {
    const options = { ...this.options, run: this.run++, seed: this.options.seed + this.run };
    return this.page.evaluate((given) => {
      globalThis.worker = new Work(stoa, given, (message) => console.debug(JSON.stringify(message)));
    }, options);
  }
}
