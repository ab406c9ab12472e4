// What the console makes of a query and its answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ednRead } from '../../client/dist/index.js';
import { answerOf, answerOfValue, hasLimit, piecesOf, readArgs, readAsOf } from '../out/model/answer.js';

/* The answer to a query whose result is this EDN. */
const answer = (query, result) => answerOf(query, ednRead(result));
const written = (value) => piecesOf(ednRead(value)).map((piece) => piece.text).join('');

test('columns are named by :find, in each of its shapes', () => {
  const rows = [
    ['[:find ?a (count ?b) :where [?a :x ?b]]', '[[1 2] [3 4]]', ['?a', '(count ?b)'], [[1, 2], [3, 4]]],
    ['{:find [?a ?b] :where [[?a :x ?b]]}', '[[1 2]]', ['?a', '?b'], [[1, 2]]],
    ['[:find [?a ...] :where [?a :x]]', '[1 2]', ['?a'], [[1], [2]]],
    ['[:find [?a ?b] :where [?a :x ?b]]', '[1 2]', ['?a', '?b'], [[1, 2]]],
    ['[:find [?a ?b] :where [?a :x ?b]]', 'nil', ['?a', '?b'], []],
    ['[:find ?a ?b :keys name age :where [?a :x ?b]]', '[{:name 1 :age 2}]', [':name', ':age'], [[1, 2]]],
    ['[:find ?a :strs name :where [?a :x]]', '[{"name" 1}]', ['name'], [[1]]],
    ['[:find ?a :where [?a :x]]', '[]', ['?a'], []],
  ];
  for (const [query, result, columns, expected] of rows) {
    assert.deepEqual(answer(query, result), { kind: 'table', columns, rows: expected }, query);
  }
});

test('a scalar is a value, a map its entries, pulled maps a table of all their keys', () => {
  assert.deepEqual(answer('[:find ?a . :where [?a :x]]', '5'), { kind: 'value', value: 5 });
  assert.deepEqual(answer('{:find [?a .] :where [[?a :x]]}', 'nil'), { kind: 'value', value: null });
  const map = answer('[:find (pull ?a [*]) . :where [?a :x]]', '{:x 1 :y "b"}');
  assert.deepEqual([map.columns, map.rows.map(([key, value]) => [String(key), value])], [['key', 'value'], [[':x', 1], [':y', 'b']]]);
  const maps = answer('[:find (pull ?a [*]) :where [?a :x]]', '[[{:x 1}] [{:y 2 :x 3}]]');
  assert.deepEqual(maps, { kind: 'table', columns: [':x', ':y'], rows: [[1, null], [3, 2]] });
  assert.deepEqual(answerOfValue(ednRead('[{:x 1} {:x 2}]')).rows, [[1], [2]]);
});

test('values are shown as EDN; strings by themselves, since they may name a page', () => {
  for (const text of [':block/uid', '#uuid "00000000-0000-4000-8000-000000000000"', '#inst "2026-11-28T00:00:00.000Z"', '1', 'true', 'nil', '[1 (:a) #{"b"} {:c "d"}]']) {
    assert.equal(written(text), text);
  }
  assert.equal(written('"plain"'), 'plain');
  assert.equal(piecesOf([{ ':a/b': 1, c: 2 }]).map((piece) => piece.text).join(''), '[{:a/b 1 "c" 2}]');
  assert.deepEqual(piecesOf(['Plato']), [{ text: '[' }, { text: '"Plato"', name: 'Plato' }, { text: ']' }]);
  assert.equal(piecesOf(ednRead('#uuid "00000000-0000-4000-8000-000000000000"')).length, 1);
});

test('the fields for arguments and for t', () => {
  assert.deepEqual(readArgs('"a" 5\n; why\n:k ; end'), ['a', 5, ednRead(':k')]);
  assert.deepEqual(readArgs(' '), []);
  assert.throws(() => readArgs('"a'), /the text ends inside a string/);
  assert.deepEqual([readAsOf(''), readAsOf(' 12 ')], [undefined, 12]);
  assert.throws(() => readAsOf('yesterday'), /whole number, not yesterday/);
});

test('whether a query limits its rows', () => {
  assert.equal(hasLimit('[:find ?a :where [?a :limit 5]]'), false);
  assert.equal(hasLimit('[:find ?a :where [?a :x] :limit 5]'), true);
  assert.equal(hasLimit('{:find [?a] :limit 5 :where [[?a :x]]}'), true);
});
