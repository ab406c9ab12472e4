/* Tabs and programs at once; STOA_CHAOS_S is how long they are disturbed, in seconds. */
import { chaos } from './chaos.mjs';
import { NodeClient } from './chaos_node.mjs';
import { PageClient } from './chaos_page.mjs';
import { browserTest } from './chromium.mjs';

const SECONDS = Number(process.env.STOA_CHAOS_S ?? 10);

const timeout = (SECONDS + 280) * 1000;

browserTest(`3 tabs and 3 programs edit for ${SECONDS} s through cuts, reloads and kills`, { timeout }, (t, stoa, browser) => {
  const inProgram = (options, hear) => new NodeClient(options, hear);
  const inTab = (options, hear) => new PageClient(browser, options, hear);
  return chaos(t, stoa, [inProgram, inTab, inTab, inProgram, inProgram, inTab], SECONDS);
});
