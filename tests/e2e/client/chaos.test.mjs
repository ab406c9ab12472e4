/* Six clients in programs of their own; STOA_CHAOS_S is how long they are disturbed, in seconds. */
import { stoaTest } from '../harness.mjs';
import { chaos } from './chaos.mjs';
import { NodeClient } from './chaos_node.mjs';

const SECONDS = Number(process.env.STOA_CHAOS_S ?? 15);
const CLIENTS = 6;

stoaTest(`${CLIENTS} clients edit for ${SECONDS} s through cuts, reloads and kills`, { timeout: (SECONDS + 280) * 1000 }, (t, stoa) =>
  chaos(t, stoa, Array.from({ length: CLIENTS }, () => (options, hear) => new NodeClient(options, hear)), SECONDS));
