/*
 * Two people type in one string at once, on two gateways, each into what is shown to them. The
 * client's merge_text.test.mjs has 1,000 interleavings of the model; these are of the whole.
 */
import assert from 'node:assert/strict';
import { datascript } from '../../../client/dist/node.js';
import { pause, settled, stoaTest, within } from '../harness.mjs';
import { Random, seedOf } from '../random.mjs';

const ROUNDS = Number(process.env.STOA_TEXT_ROUNDS ?? 40);
const OFFLINE_EVERY = 10;
const EDITS_MAX = 12;
const PAUSE_MS_MAX = 15;

const TEXT = ':block/string';

/* What the round's people typed and removed. Each character is typed only once. */
class Round {
  typed = [];
  removed = new Set();
  edits = [];

  constructor(random, block) {
    Object.assign(this, { random, block });
  }

  get next() {
    const character = String.fromCodePoint(0x4e00 + this.typed.length);
    this.typed.push(character);
    return character;
  }

  shown(client) {
    const lookup = datascript.datoms(client.db, ':avet', ':block/uid', this.block);
    return datascript.datoms(client.db, ':eavt', lookup[0].e, TEXT)[0]?.v ?? '';
  }

  edit(client) {
    const text = [...this.shown(client)];
    const at = this.random.below(text.length + 1);
    if (text.length > 0 && this.random.chance(0.2)) {
      const [gone] = text.splice(at % text.length, 1);
      this.removed.add(gone);
    } else {
      text.splice(at, 0, ...Array.from({ length: 1 + this.random.below(3) }, () => this.next));
    }
    this.edits.push(client.editText([':block/uid', this.block], TEXT, text.join('')));
    assert.equal(this.shown(client), text.join(''), 'what is typed is shown');
  }

  async person(client) {
    for (let n = this.random.below(EDITS_MAX); n >= 0; n--) {
      this.edit(client);
      if (this.random.chance(0.5)) {
        await pause(this.random.below(PAUSE_MS_MAX)); // the random moment is what is tested
      }
    }
  }
}

stoaTest(`${ROUNDS} times two people type in one string, online and offline`, {}, async (t, stoa) => {
  const random = new Random(seedOf(t));
  const clients = await Promise.all([0, 1].map((on) => stoa.liveClient({ on, protocol: ['json', 'msgpack'][on] })));
  await clients[0].transact('[{:db/ident :block/uid :db/unique :db.unique/identity}]');
  for (let n = 0; n < ROUNDS; n++) {
    const round = new Round(random, `block-${n}`);
    await clients[0].transact([{ ':block/uid': round.block, ':block/string': round.next + round.next }]);
    await settled(clients);
    const isOffline = n % OFFLINE_EVERY === 0;
    if (isOffline) {
      await stoa.gateways[1].program.stop('SIGKILL');
    }
    await Promise.all(clients.map((client) => round.person(client)));
    if (isOffline) {
      stoa.startGateway(1);
    }
    await within('all edits to be answered', Promise.all(round.edits));
    await settled(clients);
    const kept = round.typed.filter((character) => !round.removed.has(character));
    clients.forEach((client) => assert.deepEqual([...round.shown(client)].sort(), kept, `round ${n}`));
  }
});
