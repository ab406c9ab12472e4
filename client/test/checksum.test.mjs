import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Checksum, Keyword, transitRead, xxh32 } from '../dist/index.js';

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

test('checksum vectors', { skip: !existsSync(vectors) && 'no vectors' }, () => {
  for (const vector of JSON.parse(readFileSync(vectors, 'utf8'))) {
    const checksum = new Checksum();
    for (const datom of transitRead(JSON.stringify(vector.datoms))) {
      const [entity, attribute, value, tx] = datom;
      checksum.add(entity, attribute.name, value, tx);
    }
    assert.equal(checksum.toString(), vector.checksum, vector.name);
  }
});
