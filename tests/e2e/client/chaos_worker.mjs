/*
 * What one client of the chaos does, in a program or in a page: random edits until it is told to stop.
 * Each edit carries a mark, a new entity whose :mark/id nobody else has, so that the log shows whether
 * it was applied and how often. It says what it knows of each:
 *
 *   made    the edit would survive the end of this program from now on
 *   done    transact() has resolved
 *   refused by transact() or, for edits of an earlier run, by onRejected
 */
import { Random } from '../random.mjs';

export const BLOCKS = 40;
const PENDING_MAX = 60;
const PAUSE_MS_MAX = 80;

const block = (uid) => [':block/uid', uid];

const EDITS = [
  ({ uid, text }) => [[':db/add', block(uid()), ':block/string', text()]],
  ({ uid, text, random }) => [{ ':block/uid': uid(), ':block/open': random.chance(0.5), ':block/note': text() }],
  ({ uid, text, newUid }) => [{ ':block/uid': newUid(), ':block/string': text(), ':block/_children': block(uid()) }],
  ({ uid, text, newUid }) => [{ ':block/uid': uid(), ':block/children': [{ ':block/uid': newUid(), ':block/string': text() }] }],
  ({ uid, random }) => [[':db/cas', block(uid()), ':block/order', random.below(3), random.below(3)]],
  ({ uid, random }) => [[':db/add', block(uid()), ':block/order', random.below(3)]],
  ({ uid }) => [[':db/retract', block(uid()), ':block/children']],
  ({ uid, random }) => [[':db/add', block(uid()), ':block/tags', `tag ${random.below(9)}`]],
  ({ own, random }) => (own.length > 0 ? [[':db/retractEntity', block(random.pick(own))]] : []),
  ({ last, text }) => (last() ? [[':db/add', last(), ':block/string', text()]] : []), // by its id, be it local
];

export class Work {
  /* `lib` is the client's module, `options` those of connect() and {name, run, seed}; `say` tells the test. */
  constructor(lib, { name, run, seed, ...options }, say) {
    this.lib = lib;
    this.say = say;
    this.prefix = `${name}-${run}`;
    this.random = new Random(seed);
    this.own = [];
    this.count = 0;
    this.isStopped = false;
    this.open = new Set();
    this.client = lib.connect(options);
    this.client.onRejected(({ txData, error }) => say({ refused: markOf(txData), code: error.code }));
    this.client.onDivergence((error) => say({ fault: error.message }));
    this.client.on('fault', (error) => say({ fault: error.message }));
    this.edits = this.edit();
  }

  async edit() {
    while (!this.isStopped) {
      await new Promise((resolve) => setTimeout(resolve, this.random.below(PAUSE_MS_MAX)));
      if (this.client.pending.length < PENDING_MAX) {
        this.one();
      }
    }
  }

  one() {
    const mark = `${this.prefix}-${this.count++}`;
    const { random, own } = this;
    const forms = random.pick(EDITS)({
      random,
      own,
      uid: () => (own.length > 0 && random.chance(0.3) ? random.pick(own) : `b${random.below(BLOCKS)}`),
      newUid: () => own[own.push(`${mark}-new`) - 1],
      text: () => `${mark} ${random.name(5)}`,
      last: () => this.lib.datascript.q('[:find ?e . :in $ ?u :where [?e ":block/uid" ?u]]', this.client.db, own.at(-1) ?? ''),
    });
    const edit = this.client
      .transact([...forms, [':db/add', 'mark', ':mark/id', mark]])
      .then(({ t }) => this.say({ done: mark, t }), (error) => error.code && this.say({ refused: mark, code: error.code }))
      .finally(() => this.open.delete(edit));
    this.open.add(edit);
    this.client.stored().then(() => this.say({ made: mark }), (error) => this.say({ fault: error.message }));
  }

  /* What a page does when its network comes back. */
  wake() {
    this.client.reconnect();
  }

  /* Ends the editing, waits until nothing is pending, and says what is held. */
  async stop() {
    this.isStopped = true;
    await this.edits;
    this.client.reconnect();
    await this.client.live();
    await Promise.all(this.open);
    while (this.client.pending.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  position() {
    return { t: this.client.mirror.position?.t, status: this.client.status };
  }

  /* What the mirror and the view hold. */
  report() {
    const { client, lib } = this;
    const counted = new lib.Checksum();
    const datoms = client.mirror.datoms();
    datoms.forEach(([e, a, v, tx]) => counted.add(e, a.slice(1), lib.unheld(v), tx));
    const isOne = client.db === client.mirror.db;
    return { t: client.mirror.position.t, checksum: client.mirror.checksumText, counted: counted.toString(), count: datoms.length, isOne };
  }
}

function markOf(txData) {
  return txData.at(-1).at(-1);
}
