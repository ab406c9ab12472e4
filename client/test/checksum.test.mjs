import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Checksum, Double, Keyword, Mirror, msgpackRead, msgpackWrite, xxh32 } from '../dist/node.js';
import { atOnce } from '../dist/slices.js';
import { readEdn } from '../../tests/e2e/edn.mjs';

const vectors = new URL('../../proto/vectors/checksum.json', import.meta.url);

/* Results of the reference implementation, `xxhsum -H0`. */
const XXH32 = [
  ['', 0, 0x02cc5d05],
  ['a', 0, 0x550d7456],
  ['abc', 0, 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0, 0xe2293b2f],
];

test('XXH32 gives what the reference implementation gives', () => {
  for (const [text, seed, expected] of XXH32) {
    assert.equal(xxh32(new TextEncoder().encode(text), seed), expected, text);
  }
});

test('the checksum does not depend on order, and forgets what is taken back', () => {
  const datoms = [
    [17, 'block/string', 'hello', 536870913],
    [17, 'block/order', 1.5, 536870913],
    [18, 'block/uid', Keyword.of('a/b'), 536870914],
  ];
  const forward = new Checksum();
  const backward = new Checksum();
  datoms.forEach((datom) => forward.add(...datom));
  [...datoms].reverse().forEach((datom) => backward.add(...datom));
  assert.equal(forward.toString(), backward.toString());
  datoms.forEach((datom) => forward.subtract(...datom));
  assert.equal(forward.toString(), '0000000000000000');
});

test('checksum vectors', () => {
  const { datoms, sum } = JSON.parse(readFileSync(vectors, 'utf8'));
  const checksum = new Checksum();
  for (const { e, a, v, tx, canonical, hash0, hash1 } of datoms) {
    const bytes = Buffer.from(canonical, 'hex');
    assert.deepEqual([xxh32(bytes, 0), xxh32(bytes, 1)], [hash0, hash1], v);
    const one = new Checksum();
    const value = msgpackRead(bytes)[2];
    one.add(e, a, value, tx);
    const expected = [hash0, hash1].map((hash) => hash.toString(16).padStart(8, '0')).join('');
    assert.equal(one.toString(), expected, `${v}, as encoded already`);
    checksum.add(e, a, readEdn(v), tx);
  }
  assert.equal(checksum.toString(), sum);
});

test('of a frame of MessagePack the bytes are summed as they came, and what is not canonical as it should be', () => {
  const tx = 2 ** 29 + 1;
  const values = ['text', 7, 2 ** 40, -3n, 1.5, true, Keyword.of('a/b'), new Double(2), [1, new Double(3)], { datoms: [new Double(4)] }, { a: 1, datoms: [] }];
  const datoms = values.map((value, i) => [i + 1, Keyword.of('x/v'), value, tx]);
  const expected = new Checksum();
  datoms.forEach(([e, a, v]) => expected.add(e, a.name, v, tx));
  const mirror = new Mirror();
  mirror.snapshot({}, datoms.length, 1);
  const message = msgpackRead(msgpackWrite({ type: 'datoms', datoms }));
  atOnce(mirror.chunk(message.datoms));
  atOnce(mirror.synced('e', 1, expected.toString()));
  assert.equal(mirror.checksumText, expected.toString());
});
