/* The optimistic view over a mirror and edits, without a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checksum, Edit, Keyword, LOCAL_0, Mirror, Uuid, datascript } from '../dist/node.js';
import { buildDatabase } from '../dist/database.js';
import { LocalIds } from '../dist/local_ids.js';
import { databaseSlot, replaceDatabase } from '../dist/replace.js';
import { atOnce } from '../dist/slices.js';
import { View } from '../dist/view.js';

const k = Keyword.of;
const TX_0 = 2 ** 29;
const SCHEMA = new Map([
  [k('uid'), new Map([[k('db/unique'), k('db.unique/identity')]])],
  [k('kids'), new Map([[k('db/valueType'), k('db.type/ref')], [k('db/cardinality'), k('db.cardinality/many')]])],
  [k('tags'), new Map([[k('db/cardinality'), k('db.cardinality/many')]])],
]);
const DATOMS = [
  [1, k('uid'), 'one', TX_0 + 1], [1, k('text'), 'first', TX_0 + 1],
  [2, k('uid'), 'two', TX_0 + 1], [1, k('kids'), 2, TX_0 + 1],
];

function world() {
  const mirror = new Mirror();
  const checksum = new Checksum();
  DATOMS.forEach(([e, a, v, tx]) => checksum.add(e, a.name, v, tx));
  mirror.snapshot(SCHEMA, DATOMS.length, 1);
  atOnce(mirror.chunk(DATOMS));
  atOnce(mirror.synced('550e8400-e29b-41d4-a716-446655440000', 1, checksum.toString()));
  const ids = new LocalIds();
  const view = new View(mirror, ids);
  view.reset({ type: 'snapshot' });
  const commit = (t, datoms) => view.note(atOnce(mirror.apply({ t, tx: TX_0 + t, datoms }, view.shown)));
  const edit = (txData) => {
    const made = new Edit({ txId: Uuid.random(), txData });
    view.prepare(made);
    return made;
  };
  return { mirror, ids, view, commit, edit };
}

/* [uid attribute value] of what an edit changes; entities without a uid are "new". */
function changes(before, after) {
  const name = (db, e) => datascript.datoms(db, ':eavt', e, ':uid')[0]?.v ?? (typeof e === 'number' && e >= LOCAL_0 ? 'new' : e);
  const all = (db) => datascript.datoms(db, ':eavt').map(({ e, a, v }) => `${name(db, e)} ${a} ${a === ':kids' ? name(db, v) : v}`);
  const [old, now] = [all(before), all(after)];
  return [...old.filter((text) => !now.includes(text)).map((text) => `- ${text}`), ...now.filter((text) => !old.includes(text)).map((text) => `+ ${text}`)].sort();
}

const FORMS = [
  [[[':db/add', 1, ':text', 'x']], ['+ one :text x', '- one :text first']],
  [[['db/add', [':uid', 'one'], k('text'), 'x']], ['+ one :text x', '- one :text first']],
  [[{ 'db/id': 1, text: 'x' }], ['+ one :text x', '- one :text first']],
  [[new Map([[k('uid'), 'one'], [k('text'), 'x']])], ['+ one :text x', '- one :text first']],
  ['[{:uid "one" :text "x"}]', ['+ one :text x', '- one :text first']],
  [[{ ':uid': 'three', ':kids': [{ ':uid': 'four' }, [':uid', 'one'], 2] }],
    ['+ four :uid four', '+ three :kids four', '+ three :kids one', '+ three :kids two', '+ three :uid three']],
  [[{ ':uid': 'three', ':_kids': 1 }], ['+ one :kids three', '+ three :uid three']],
  [[{ ':db/id': -1, ':a/text': 'x' }, [':db/add', 1, ':kids', -1]], ['+ new :a/text x', '+ one :kids new']],
  [[{ ':uid': 'three' }, [':db/add', 1, ':kids', [':uid', 'three']]], ['+ one :kids three', '+ three :uid three']],
  [[{ ':uid': 'one', ':tags': ['a', 'b'] }], ['+ one :tags a', '+ one :tags b']],
  [[{ ':uid': 'one', ':list': ['a', 'b'] }], ['+ one :list ~#["a","b"]']],
  [[[':db/retract', 1, ':text', 'first']], ['- one :text first']],
  [[[':db/retract', 1, ':text']], ['- one :text first']],
  [[[':db.fn/retractAttribute', 1, ':kids']], ['- one :kids two']],
  [[[':db/retractEntity', [':uid', 'two']]], ['- one :kids two', '- two :uid two']],
  [[[':db/cas', 1, ':text', 'first', 'x']], ['+ one :text x', '- one :text first']],
  [[[':db/cas', 1, ':other', null, 'x']], ['+ one :other x']],
  [[[':db/add', 'datomic.tx', ':note', 'x'], [':db/add', 1, ':text', 'x']], ['+ one :text x', '- one :text first']],
  [[[':db/cas', 1, ':text', 'not so', 'x']], []],
  [[[':db/add', [':uid', 'nobody'], ':text', 'x']], []],
  ['[{:db/ident :own :db/unique :db.unique/value}]', []],
  ['[not edn', []],
  [[5], []],
];

test('what an edit does to the view', () => {
  for (const [txData, expected] of FORMS) {
    const { view, mirror, edit } = world();
    const before = view.db;
    view.refresh([edit(txData)]);
    assert.deepEqual(changes(before, view.db), expected.sort(), JSON.stringify(txData));
    view.refresh([]);
    assert(view.db === mirror.db, 'nothing is left of it');
  }
});

test('edits are applied anew on what others did, and local ids stay', () => {
  const { view, commit, edit } = world();
  const edits = [edit([{ ':text': 'new' }]), edit([[':db/add', 1, ':text', 'mine']])];
  view.refresh(edits);
  const [local] = edits[0].localIds.values();
  assert(local >= LOCAL_0);
  edits.push(edit([[':db/add', local, ':text', 'renamed']]));
  view.refresh(edits);
  const shown = (e) => datascript.datoms(view.db, ':eavt', e, ':text')[0]?.v;
  assert.deepEqual([shown(local), shown(1)], ['renamed', 'mine']);
  commit(2, [[1, k('text'), 'first', false], [1, k('text'), 'theirs', true], [3, k('text'), 'theirs too', true]]);
  view.refresh(edits);
  assert.deepEqual([shown(local), shown(1), shown(3)], ['renamed', 'mine', 'theirs too']);
  view.refresh(edits.slice(0, 1));
  assert.deepEqual([shown(local), shown(1)], ['new', 'theirs']);
});

test('a tempid becomes who has its identity by then, also in the edits that named it', () => {
  const { view, commit, edit } = world();
  const first = edit([{ ':uid': 'x' }]);
  view.refresh([first]);
  const [local] = first.localIds.values();
  const edits = [first, edit([[':db/add', local, ':text', 'by its local id']])];
  view.refresh(edits);
  commit(2, [[7, k('uid'), 'x', true]]);
  view.refresh(edits);
  assert.equal(datascript.datoms(view.db, ':eavt', 7, ':text')[0].v, 'by its local id');
  assert.equal(datascript.datoms(view.db, ':eavt', local).length, 0);
});

test('a connection holds another database and its listeners hear nothing', () => {
  const [one, two] = [1, 2].map((n) => datascript.init_db([[n, ':a', n, TX_0 + 1]], {}));
  const conn = datascript.conn_from_db(one);
  assert(databaseSlot(conn), 'this DataScript hides its database: own edits would cost as much as a snapshot');
  const reports = [];
  datascript.listen(conn, (report) => reports.push(report));
  replaceDatabase(conn, two);
  assert(datascript.db(conn) === two);
  assert.equal(reports.length, 0);
  datascript.transact(conn, [[':db/add', 2, ':a', 3]]);
  assert.deepEqual([reports.length, reports[0].db_before === two, datascript.db(conn) === reports[0].db_after], [1, true, true]);
});

test('a database is built as DataScript builds it', () => {
  const schema = {
    ':many': { ':db/cardinality': ':db.cardinality/many', ':db/index': true },
    ':ref': { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
    ':id': { ':db/unique': ':db.unique/identity' },
  };
  const values = [1, -1.5, 2 ** 40, 'text', 'Text', '', '~:a/b', '\u{1f600}', 'é', true, false, new Date(0), new Date(1e12), new Date(8.64e15), Infinity, -Infinity];
  const datoms = values.flatMap((value, i) => [[9, ':many', value, TX_0 + i], [20 - i, ':x/y', value, TX_0 + 3], [20 - i, ':id', `id ${i}`, TX_0 + 1], [3, ':ref', 100 - i, TX_0 + 2]]);
  const [built, expected] = [atOnce(buildDatabase(datoms, schema, 50)), datascript.init_db(datoms, schema)]
    .map((db) => ({ ...datascript.serializable(db), 'max-tx': 0, 'max-eid': 0 }));
  assert.deepEqual(built, expected);
  const report = datascript.transact(datascript.conn_from_db(atOnce(buildDatabase(datoms, schema, 50))), []);
  assert.equal(report.tempids[':db/current-tx'], TX_0 + 51);
});
