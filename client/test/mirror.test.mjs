import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checksum, Keyword, List, Mirror, MirrorError, Sym, Uuid, datascript, held, unheld } from '../dist/node.js';
import { Listened } from '../dist/listened.js';
import { atOnce } from '../dist/slices.js';

const k = Keyword.of;
const TX_0 = 2 ** 29;
const EPOCH = '550e8400-e29b-41d4-a716-446655440000';

const SCHEMA = new Map([
  [k('block/uid'), new Map([[k('db/unique'), k('db.unique/identity')]])],
  [k('block/refs'), new Map([[k('db/valueType'), k('db.type/ref')], [k('db/cardinality'), k('db.cardinality/many')]])],
  [k('a+b'), new Map([[k('db/tupleAttrs'), [k('a'), k('b')]]])],
]);
const DATOMS = [
  [1, k('block/uid'), 'one', TX_0 + 1],
  [2, k('block/uid'), 'two', TX_0 + 2],
  [1, k('block/refs'), 2, TX_0 + 2],
  [1, k('props'), new Map([[k('b'), 1], [k('a'), new Set(['y', 'x'])]]), TX_0 + 2],
  [1, k('a+b'), ['x', null], TX_0 + 2],
];

const checksumOf = (datoms) => {
  const checksum = new Checksum();
  datoms.forEach(([e, a, v, tx]) => checksum.add(e, a.name, v, tx));
  return checksum.toString();
};

/* A mirror whose work is done when the call returns, with a connection of its own. */
class TestMirror extends Mirror {
  shown = new Listened(datascript.conn_from_db(this.db));
  chunk(datoms) { atOnce(super.chunk(datoms)); }
  synced(...args) { atOnce(super.synced(...args)); }
  recount() { atOnce(super.recount()); }
  apply(message) { return atOnce(super.apply(message, this.shown)); }
}

function mirrorAt(t, datoms = DATOMS) {
  const mirror = new TestMirror();
  mirror.snapshot(SCHEMA, datoms.length, t);
  mirror.chunk(datoms.slice(0, 2));
  mirror.chunk(datoms.slice(2));
  mirror.synced(EPOCH, t, checksumOf(datoms));
  return mirror;
}

const tx = (t, datoms, more = {}) => ({ type: 'tx', t, tx: TX_0 + t, datoms, ...more });

test('a snapshot becomes a database with attributes as strings', () => {
  const mirror = mirrorAt(7);
  assert.deepEqual(mirror.position, { epoch: EPOCH, t: 7 });
  assert.deepEqual(mirror.datoms(), [
    [1, ':a+b', '~#["x",null]', TX_0 + 2],
    [1, ':block/refs', 2, TX_0 + 2],
    [1, ':block/uid', 'one', TX_0 + 1],
    [1, ':props', '~#{"~:a":{"~#set":["x","y"]},"~:b":1}', TX_0 + 2],
    [2, ':block/uid', 'two', TX_0 + 2],
  ]);
  const found = datascript.q('[:find ?u . :where [?e ":block/uid" "one"] [?e ":block/refs" ?r] [?r ":block/uid" ?u]]', mirror.db);
  assert.equal(found, 'two');
});

test('transactions keep datoms, their tx and the checksum in step', () => {
  const mirror = mirrorAt(7);
  mirror.apply(tx(8, [
    [1, k('block/uid'), 'one', false],
    [2, k('block/uid'), 'two', false],
    [1, k('props'), new Map([[k('a'), new Set(['x', 'y'])], [k('b'), 1]]), false],
    [1, k('block/uid'), 'two', true],
    [2, k('block/uid'), 'one', true],
    [2, k('block/refs'), 1, true],
    [1, k('a+b'), ['x', null], false],
    [1, k('a+b'), ['x', 'y'], true],
  ]));
  mirror.apply(tx(9, []));
  mirror.apply(tx(10, [[3, k('when'), new Date(5), true], [3, k('status'), k('a/b'), true], [3, k('text'), '~:a/b', true]]));
  mirror.apply(tx(11, [[3, k('when'), new Date(5), false]]));
  assert.deepEqual(mirror.datoms(), [
    [1, ':a+b', '~#["x","y"]', TX_0 + 8],
    [1, ':block/refs', 2, TX_0 + 2],
    [1, ':block/uid', 'two', TX_0 + 8],
    [2, ':block/refs', 1, TX_0 + 8],
    [2, ':block/uid', 'one', TX_0 + 8],
    [3, ':status', '~:a/b', TX_0 + 10],
    [3, ':text', '~~:a/b', TX_0 + 10],
  ]);
  mirror.verify(11, checksumOf([
    [1, k('a+b'), ['x', 'y'], TX_0 + 8],
    [1, k('block/refs'), 2, TX_0 + 2],
    [1, k('block/uid'), 'two', TX_0 + 8],
    [2, k('block/refs'), 1, TX_0 + 8],
    [2, k('block/uid'), 'one', TX_0 + 8],
    [3, k('status'), k('a/b'), TX_0 + 10],
    [3, k('text'), '~:a/b', TX_0 + 10],
  ]));
});

test('a transaction may change the schema', () => {
  const mirror = mirrorAt(2);
  const many = new Map([[k('db/cardinality'), k('db.cardinality/many')]]);
  mirror.apply(tx(3, [[1, k('tag'), 'x', true], [1, k('tag'), 'y', true]], { schema: new Map([[k('tag'), many]]) }));
  mirror.apply(tx(4, [[1, k('tag'), 'x', false]]));
  assert.deepEqual(mirror.datoms().filter(([, a]) => a === ':tag'), [[1, ':tag', 'y', TX_0 + 3]]);
});

test('listeners of the database see what was applied', () => {
  const mirror = mirrorAt(2);
  const reports = [];
  mirror.shown = new Listened(datascript.conn_from_db(mirror.db));
  datascript.listen(mirror.shown.conn, ({ tx_data, tx_meta }) => reports.push([tx_data.map(({ e, a, v, tx: id }) => [e, a, v, id > 0]), tx_meta.t]));
  mirror.apply(tx(3, [[2, k('block/uid'), 'two', false], [2, k('block/uid'), 'three', true]]));
  assert.deepEqual(reports, [[[[2, ':block/uid', 'two', false], [2, ':block/uid', 'three', true]], 3]]);
});

test('what breaks the promises of the protocol is told', () => {
  const rows = [
    ['a gap', (mirror) => mirror.apply(tx(9, []))],
    ['a t twice', (mirror) => mirror.apply(tx(7, []))],
    ['a retraction of nothing', (mirror) => mirror.apply(tx(8, [[9, k('x'), 1, false]]))],
    ['another checksum', (mirror) => mirror.verify(7, '0000000000000000')],
    ['datoms out of the blue', (mirror) => mirror.chunk([])],
    ['fewer datoms than said', (mirror) => {
      mirror.snapshot(new Map(), 2, 9);
      mirror.chunk([[1, k('x'), 1, TX_0 + 1]]);
      mirror.synced(EPOCH, 9, checksumOf([[1, k('x'), 1, TX_0 + 1]]));
    }],
    ['tx ids that do not follow t', (mirror) => mirror.apply({ ...tx(8, []), tx: TX_0 + 99 })],
    ['a transaction before any snapshot', () => new TestMirror().apply(tx(1, []))],
  ];
  rows.forEach(([what, act]) => assert.throws(() => act(mirrorAt(7)), MirrorError, what));
});

test('values as a mirror holds them', () => {
  const rows = [
    ['text', 'text'], ['~x', '~~x'], ['^', '~^'], [1.5, 1.5], [true, true], [NaN, '~zNaN'], [Infinity, Infinity],
    [2n ** 60n, '~i1152921504606846976'], [k('a/b'), '~:a/b'], [Sym.of('s'), '~$s'], [new Uuid(EPOCH), `~u${EPOCH}`],
    [new Uint8Array([1]), '~bAQ=='], [new List([1]), '~#[1]'], [[1], '~#[1]'], [{ b: 1, a: '~' }, '~#{"a":"~~","b":1}'],
    [new Map([[2, 1], [[1], null]]), '~#{"~#cmap":[2,1,[1],null]}'], [[k('x'), [new Date(5)]], '~#["~:x",["~m5"]]'],
  ];
  rows.forEach(([value, expected]) => assert.equal(held(value), expected));
  assert.deepEqual(held(new Date(5)), new Date(5));
});

test('held values say what they were', () => {
  const values = ['text', '~x', '^', '', 1.5, -7, true, Infinity, 2n ** 60n, k('a/b'), Sym.of('s'), new Uuid(EPOCH),
    new Uint8Array([1]), [1, ['~']], { b: 1, a: '~' }, new Map([[2, 1], [[1], null]]), new Set([k('x')]), new Date(5)];
  values.forEach((value) => assert.deepEqual(unheld(held(value)), value));
});

test('a datom that was changed in the database is found by counting anew', () => {
  const mirror = mirrorAt(7);
  mirror.apply(tx(8, [[3, k('when'), new Date(5), true], [3, k('text'), '~:a/b', true], [3, k('n'), 1.5, true]]));
  mirror.recount();
  const datoms = datascript.datoms(mirror.db, ':eavt');
  for (const datom of datoms) {
    for (const [field, value] of [['v', 'something else'], ['e', 99], ['a', ':other']]) {
      const before = datom[field];
      datom[field] = value;
      assert.throws(() => mirror.recount(), MirrorError, `${field} of ${before}`);
      datom[field] = before;
    }
  }
  mirror.recount();
});
