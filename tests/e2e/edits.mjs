/*
 * Mixed edits of an outline, as people make them, chosen from what a client's own mirror shows. Two
 * people who edit at once get in each other's way, so some are refused: EXPECTED_REFUSALS.
 */
import assert from 'node:assert/strict';
import { Keyword, RequestError, Uuid } from '../../client/dist/index.js';

export const EXPECTED_REFUSALS = ['conflict', 'not-found'];

const k = Keyword.of;

/* What one client does. Its mirror may be behind the server, which is the point. */
export class Editor {
  constructor(client, random, name) {
    this.client = client;
    this.random = random;
    this.name = name;
    this.count = 0;
    this.outcomes = { done: 0 };
    this.uids = client.mirror.datoms().filter(([, a]) => a === ':block/uid').map(([, , v]) => v);
  }

  /* `total` edits, up to `width` of them waiting for their answer at a time. */
  async edit(total, width) {
    const turns = Array.from({ length: width }, async (_, turn) => {
      for (let i = turn; i < total; i += width) {
        await this.one();
      }
    });
    await Promise.all(turns);
  }

  async one() {
    const forms = this.random.pick(EDITS)(this);
    try {
      await this.client.transact(forms);
      this.outcomes.done += 1;
    } catch (error) {
      assert(error instanceof RequestError && EXPECTED_REFUSALS.includes(error.code), error);
      this.outcomes[error.code] = (this.outcomes[error.code] ?? 0) + 1;
    }
  }

  uid() {
    return this.random.pick(this.uids);
  }

  newUid() {
    const uid = `${this.name}${this.count++}-${this.random.name(4)}`;
    this.uids.push(uid);
    return uid;
  }

  text() {
    const long = this.random.chance(0.05) ? 'a long way to go '.repeat(40) : '';
    return `${long}${this.name} ${this.random.name(6)} \u{1f600}é ~^\``;
  }
}

const block = (uid) => [':block/uid', uid];
/* Attributes and operations as keywords or as strings, with and without their colon. */
const spelt = (editor, name) => editor.random.pick([k(name), name, `:${name}`]);

const EDITS = [
  function rewrite(editor) {
    return [[spelt(editor, 'db/add'), block(editor.uid()), spelt(editor, 'block/string'), editor.text()]];
  },
  function rewriteInEdn(editor) {
    return `[[:db/add [:block/uid "${editor.uid()}"] :block/string ${JSON.stringify(editor.text())}]]`;
  },
  function insert(editor) {
    const child = { ':db/id': -1, ':block/uid': editor.newUid(), ':block/string': editor.text(), ':block/order': 0 };
    return [child, [k('db/add'), block(editor.uid()), k('block/children'), -1]];
  },
  function insertTree(editor) {
    const leaf = () => new Map([
      [k('block/uid'), editor.newUid()],
      [k('block/string'), editor.text()],
      [k('block/tags'), [k('tag/new'), editor.random.below(5), 'text']],
    ]);
    return [new Map([[k('block/uid'), editor.uid()], [k('block/children'), [leaf(), leaf()]]])];
  },
  function insertUnder(editor) {
    return [{ ':db/id': 'new', ':block/uid': editor.newUid(), ':block/_children': block(editor.uid()) }];
  },
  function move(editor) {
    const [moved, from, to] = [editor.uid(), editor.uid(), editor.uid()].map(block);
    return [
      [k('db/retract'), from, k('block/children'), moved],
      [k('db/add'), to, k('block/children'), moved],
      [k('db/add'), moved, k('block/order'), editor.random.below(10)],
    ];
  },
  function remove(editor) {
    return [[k('db/retractEntity'), block(editor.uid())]];
  },
  function removeAttribute(editor) {
    return [[k('db/retract'), block(editor.uid()), editor.random.pick(['block/props', 'block/tags', 'block/refs'])]];
  },
  function reorder(editor) {
    const [old, next] = [editor.random.below(4), editor.random.below(10)];
    return [[k('db/cas'), block(editor.uid()), k('block/order'), old, next]];
  },
  function upsert(editor) {
    return [{ ':block/uid': editor.uid(), ':block/open': editor.random.chance(0.5), ':edit/time': Date.now() }];
  },
  function collections(editor) {
    const props = new Map([[k('view'), k('document')], ['n', editor.random.below(5)], [[1, null], new Set([k('x')])]]);
    return [
      [k('db/add'), block(editor.uid()), k('block/props'), props],
      [k('db/add'), block(editor.uid()), k('block/seen'), new Set(['b', 'a', editor.name])],
    ];
  },
  function scalars(editor) {
    const values = [1.5, 2n ** 62n, new Date(editor.random.below(2 ** 40)), Uuid.random(), true, k('a/b'), -7, 0.25];
    return [[k('db/add'), block(editor.uid()), k('block/extra'), editor.random.pick(values)]];
  },
  function comment(editor) {
    return [{ ':block/uid': editor.uid(), ':block/comments': [{ ':comment/text': editor.text() }] }];
  },
  function newAttribute(editor) {
    return [[k('db/add'), block(editor.uid()), `own/${editor.name}${editor.random.below(12)}`, editor.text()]];
  },
];
