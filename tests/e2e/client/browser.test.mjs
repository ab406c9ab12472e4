/* The client where it is meant to live: in pages of a browser. */
import assert from 'node:assert/strict';
import { mirrorKeys, assertSameKeys, until, within } from '../harness.mjs';
import { browserTest } from './chromium.mjs';

for (const protocol of ['json', 'msgpack']) {
  browserTest(`a page and a program edit one graph, over ${protocol}`, {}, async (t, stoa, browser) => {
    const page = await browser.page();
    const other = await stoa.liveClient({ on: 1 });
    await other.transact([{ ':block/uid': 'a', ':block/string': 'of the program' }]);
    const { tempids } = await within('the page to edit', page.evaluate(async (options) => {
      globalThis.client = new stoa.Client(options);
      await client.live();
      return client.transact([{ ':db/id': 'new', ':block/uid': 'b', ':block/when': new Date(5) }]);
    }, { urls: [stoa.url(0)], protocol }));
    await until('the program to have it', () => other.mirror.datoms().some(([e]) => e === tempids.new));
    const held = await page.evaluate(() => client.mirror.datoms().map(([e, a, v, tx]) => [e, a, v, tx]));
    assertSameKeys(mirrorKeys({ mirror: { datoms: () => held } }), mirrorKeys(other), 'the page against the program');
    assert.deepEqual(page.errors, []);
  });
}
