import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  DecodeError, Double, Keyword, List, Sym, Uuid,
  ednRead, ednWrite, msgpackRead, msgpackWrite, transitRead, transitWrite,
} from '../dist/node.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const k = Keyword.of;
const uuid = new Uuid('550e8400-e29b-41d4-a716-446655440000');

/* value, Transit text, MessagePack as hex */
const VALUES = [
  [null, 'null', 'c0'],
  [true, 'true', 'c3'],
  [0, '0', '00'],
  [-1, '-1', 'ff'],
  [-33, '-33', 'd0df'],
  [128, '128', 'cc80'],
  [65536, '65536', 'ce00010000'],
  [2 ** 32, '4294967296', 'cf0000000100000000'],
  [-(2 ** 31) - 1, '-2147483649', 'd3ffffffff7fffffff'],
  [2 ** 53 - 1, '9007199254740991', 'cf001fffffffffffff'],
  [2n ** 53n, '"~i9007199254740992"', 'cf0020000000000000'],
  [2n ** 63n - 1n, '"~i9223372036854775807"', 'cf7fffffffffffffff'],
  [-(2n ** 63n), '"~i-9223372036854775808"', 'd38000000000000000'],
  [1.5, '1.5', 'cb3ff8000000000000'],
  [-0, '-0.0', 'cb8000000000000000'],
  [1e300, '1e+300', 'cb7e37e43c8800759c'],
  [Infinity, '"~zINF"', 'cb7ff0000000000000'],
  [-Infinity, '"~z-INF"', 'cbfff0000000000000'],
  ['', '""', 'a0'],
  ['~a', '"~~a"', 'a27e61'],
  ['^ ', '"~^ "', 'a25e20'],
  ['`', '"~`"', 'a160'],
  ['\u{1f600}é', '"\u{1f600}é"', 'a6f09f9880c3a9'],
  [k('a/b'), '"~:a/b"', 'c70301612f62'],
  [Sym.of('foo'), '"~$foo"', 'c70302666f6f'],
  [new Date(0), '"~m0"', 'd6ff00000000'],
  [new Date(-1), '"~m-1"', 'c70cff3b8b87c0ffffffffffffffff'],
  [new Date(1500), '"~m1500"', 'd7ff7735940000000001'],
  [new Date(-8.64e15), '"~m-8640000000000000"', 'c70cff00000000fffff82457de8000'],
  [uuid, '"~u550e8400-e29b-41d4-a716-446655440000"', 'd803550e8400e29b41d4a716446655440000'],
  [new Uint8Array([1, 2, 255]), '"~bAQL/"', 'c4030102ff'],
  [[1, ['a']], '[1,["a"]]', '920191a161'],
  [new Set([1, 2]), '{"~#set":[1,2]}', 'c70304920102'],
  [{ a: 1, '~b': 2 }, '{"a":1,"~~b":2}', '82a16101a27e6202'],
  [{}, '{}', '80'],
  [new Map([[k('a'), 1]]), '{"~:a":1}', '81d4016101'],
  [new Map([[1, 2], ['a', 3]]), '{"~#cmap":[1,2,"a",3]}', '820102a16103'],
  [new Map([[[1], null]]), '{"~#cmap":[[1],null]}', '819101c0'],
  [['x'.repeat(300)], `["${'x'.repeat(300)}"]`, `91da012c${'78'.repeat(300)}`],
];

test('values are written and read', () => {
  for (const [value, json, msgpack] of VALUES) {
    assert.equal(transitWrite(value), json);
    assert.equal(hex(msgpackWrite(value)), msgpack, json);
    assert.deepStrictEqual(transitRead(json), value, json);
    assert.deepStrictEqual(msgpackRead(unhex(msgpack)), value, json);
  }
});

test('what only one encoding tells apart', () => {
  assert.equal(transitWrite(new Double(1)), '1.0');
  assert.equal(hex(msgpackWrite(new Double(1))), 'cb3ff0000000000000');
  assert.equal(transitWrite(new List([1])), '{"~#list":[1]}');
  assert.deepStrictEqual(transitRead('{"~#list":[1]}'), new List([1]));
  assert.equal(hex(msgpackWrite(new List([1]))), '9101');
  assert.equal(transitWrite(NaN), '"~zNaN"');
});

test('the cached form of Transit is read', () => {
  const cached = '[["^ ","~:name","a","~:some",1],["^ ","^0","b","^1",2],["~#set",["~:name","^0"]],["^2",[1]]]';
  assert.deepStrictEqual(transitRead(cached), [
    new Map([[k('name'), 'a'], [k('some'), 1]]),
    new Map([[k('name'), 'b'], [k('some'), 2]]),
    new Set([k('name'), k('name')]),
    new Set([1]),
  ]);
});

const BAD_TRANSIT = [
  '', '{', '[1', '"~x"', '"~:"', '"~i9223372036854775808"', '"~i1.5"', '"~uabc"', '"~mx"', '"~b*"', '"^0"',
  '{"~#set":1}', '{"~#nope":[1]}', '{"~#cmap":[1]}', '["^ ","a"]', '"~#set"', '"~zX"', '{"~#toString":1}',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`, '1 2',
];
const BAD_MSGPACK = [
  '', 'c1', 'cc', 'a2', 'a161a1', 'dd7fffffff', 'df7fffffff', 'dbffffffff', 'c6ffffffff', 'c9ffffffff01',
  'a1ff', 'd405', 'd40161ff', 'c70001', 'd40300', 'd40400', 'd4ff00', 'cf8000000000000000', '91'.repeat(10_000),
  'c70cff3b9aca000000000000000000',
];

test('bad bytes are an error of their own kind', () => {
  BAD_TRANSIT.forEach((text) => assert.throws(() => transitRead(text), DecodeError, text.slice(0, 50)));
  BAD_MSGPACK.forEach((text) => assert.throws(() => msgpackRead(unhex(text)), DecodeError, text.slice(0, 50)));
});

const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../proto/vectors/${name}.json`, import.meta.url), 'utf8'));

/* What is read never holds a Double, so a whole double is put there before it is written; in a set
 * beside the same long it cannot be. */
const isDouble = ({ edn }) => /^-?\d+(\.\d+)?(e[-+]?\d+)?$/.test(edn) && /[.e]/.test(edn);
const UNTOLD = 'set of 1 and 1.0';

/* Which of many texts for one double is written is the platform's affair. */
const textOf = (vector, text) => (isDouble(vector) ? Number(text) : text);

test('value vectors, both ways in each encoding', () => {
  for (const vector of vectors('values')) {
    const { name, edn, json, msgpack, cached, reads = {} } = vector;
    const value = transitRead(json);
    const isRead = (read, texts) =>
      texts.forEach((text) => text === undefined || assert.deepStrictEqual(read(text), value, `${name}: ${text}`));
    isRead(transitRead, [cached, ...(reads.json ?? []).filter((text) => text !== '-0')]);
    isRead(ednRead, [edn, ...(reads.edn ?? [])]);
    isRead((text) => msgpackRead(unhex(text)), vector.edn_of_msgpack ? [] : [msgpack, ...(reads.msgpack ?? [])]);
    if (vector.edn_of_msgpack) {
      assert.deepStrictEqual(msgpackRead(unhex(msgpack)), ednRead(vector.edn_of_msgpack), name);
    }
    if (name !== UNTOLD) {
      const written = isDouble(vector) ? new Double(value) : value;
      assert.equal(hex(msgpackWrite(written)), msgpack, name);
      assert.equal(textOf(vector, transitWrite(written)), textOf(vector, json), name);
      assert.equal(textOf(vector, ednWrite(written)), textOf(vector, edn), name);
    }
  }
});

/*
 * A key or an item twice is not looked for: 1 and 1.0 are two of them, and one in JavaScript. Nor
 * are sets in sets counted, since here they are not compared with each other. Nor does JSON.parse
 * tell a long integer from a double.
 */
const isLookedFor = ({ codec, why }) =>
  !/twice|^sets 17 deep/.test(why) && !(codec === 'transit' && /int64|digits/.test(why));

test('bad vectors', () => {
  const decode = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const readers = {
    msgpack: (bytes) => msgpackRead(bytes),
    transit: (bytes) => transitRead(decode(bytes)),
    edn: (bytes) => ednRead(decode(bytes)),
  };
  const taken = vectors('bad').filter(({ codec }) => codec in readers).filter(isLookedFor).filter(({ codec, bytes, times = 1, offset }) => {
    try {
      readers[codec](unhex(bytes.repeat(times)));
      return true;
    } catch (error) {
      assert(error instanceof DecodeError || error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA', error);
      if (codec === 'edn' && error instanceof DecodeError) {
        assert(error.message.startsWith(`EDN at byte ${offset}: `), `${error.message}, and not ${offset}`);
      }
      return false;
    }
  });
  assert.deepEqual(taken.map(({ codec, why, bytes }) => `${codec}: ${why}: ${bytes.slice(0, 80)}`), []);
});
