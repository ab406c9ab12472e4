/*
 * Bad input, each with the code and the part of the message that it must be answered with, over
 * both subprotocols; after each the socket, or the graph, still serves.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Keyword, Uuid, msgpackWrite } from '../../client/dist/index.js';
import { RefusedError, stoaTest } from './harness.mjs';

const PROTOCOLS = ['json', 'msgpack'];
const k = Keyword.of;
const nested = (depth) => (depth === 0 ? 'deep' : [nested(depth - 1)]);

const SCHEMA = `[
  {:db/ident :note/a :db/cardinality :db.cardinality/one} {:db/ident :note/b :db/cardinality :db.cardinality/one}
  {:db/ident :note/id :db/unique :db.unique/identity}
  {:db/ident :note/key :db/unique :db.unique/identity}
  {:db/ident :note/mail :db/unique :db.unique/value}
  {:db/ident :note/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
  {:db/ident :note/tag :db/cardinality :db.cardinality/many}
  {:db/ident :note/a+b :db/tupleAttrs [:note/a :note/b]}]`;
const NOTES = `[{:db/id 1 :note/id "one" :note/key "k1" :note/mail "m1" :note/n 1 :note/tag ["x" "y"] :note/a "a"}
                {:db/id 2 :note/id "two" :note/key "k2" :note/n 1 :note/friend 1}]`;
const STRICT = `[
  {:db/ident :s/text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :s/long :db/valueType :db.type/long :db/cardinality :db.cardinality/one}
  {:db/ident :s/uuid :db/valueType :db.type/uuid :db/cardinality :db.cardinality/one}
  {:db/ident :s/when :db/valueType :db.type/instant :db/cardinality :db.cardinality/one}
  {:db/ident :s/flag :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}]`;

/* tx_data, code, what the message names. */
const TRANSACTIONS = [
  [undefined, 'incorrect', /tx_data/],
  [null, 'incorrect', /tx_data/],
  [5, 'incorrect', /tx_data/],
  [true, 'incorrect', /tx_data/],
  ['[[:db/add 1 :note/n', 'incorrect', /offset|byte|end/i],
  ['[[:db/add 1 :note/n "x]]', 'incorrect', /string|offset|byte|end/i],
  ['[[:db/add 1 :note/n 1]] 2', 'incorrect', /offset|byte|more|after/i],
  ['[[:db/add 1 :note/n #nope 1]]', 'incorrect', /nope/],
  ['[[:db/add 1 :note/n {:a 1 :a 2}]]', 'incorrect', /:a|twice|duplicate/],
  ['5', 'incorrect', /5/],
  ['[5]', 'incorrect', /5/],
  ['[[]]', 'incorrect', /\[\]/],
  ['[[:db/frobnicate 1 :note/n 2]]', 'incorrect', /frobnicate/],
  [[['db/frobnicate', 1, 'note/n', 2]], 'incorrect', /frobnicate/],
  ['[[:db/add]]', 'incorrect', /:db\/add/],
  ['[[:db/add 1 :note/n]]', 'incorrect', /:note\/n/],
  ['[[:db/add 1 :note/n 2 3 4 5]]', 'incorrect', /:note\/n/],
  ['[[:db/add 1 :note/n nil]]', 'incorrect', /nil/],
  ['[{:db/id 1 :note/n nil}]', 'incorrect', /:note\/n/],
  ['[[:db/add nil :note/n 1]]', 'incorrect', /nil/],
  ['[[:db/add 1.5 :note/n 1]]', 'incorrect', /1\.5/],
  ['[[:db/add true :note/n 1]]', 'incorrect', /true/],
  ['[[:db/add 1 nil 1]]', 'incorrect', /nil/],
  ['[[:db/add 1 7 1]]', 'incorrect', /7/],
  ['[[:db/add 1 [:note/n] 1]]', 'incorrect', /:note\/n/],
  ['[[:db/add 0 :note/n 1]]', 'incorrect', /0/],
  ['[[:db/add 1099511627776 :note/n 1]]', 'incorrect', /1099511627776/],
  ['[[:db/add 536870000 :note/n 1]]', 'incorrect', /536870000/],
  ['[[:db/add [:note/id "nope"] :note/n 1]]', 'not-found', /nope/],
  ['[[:db/add [:note/n 1] :note/x 1]]', 'incorrect', /:note\/n/],
  ['[[:db/add [:note/id] :note/x 1]]', 'incorrect', /:note\/id/],
  ['[[:db/add [:note/id nil] :note/x 1]]', 'not-found', /:note\/id nil/],
  ['[[:db/add 1 :note/friend [:note/id "nope"]]]', 'not-found', /nope/],
  ['[[:db/add 1 :note/friend 1.5]]', 'incorrect', /:note\/friend/],
  ['[[:db/add 1 :note/friend true]]', 'incorrect', /:note\/friend/],
  ['[[:db/add 1 :note/friend -7]]', 'incorrect', /-7/],
  ['[[:db/add 1 :note/friend "lonely"]]', 'incorrect', /lonely/],
  ['[[:db/retract -1 :note/n 1]]', 'incorrect', /-1/],
  ['[[:db/add 3 :note/id "one"]]', 'conflict', /one/],
  ['[[:db/add 3 :note/mail "m1"]]', 'conflict', /m1/],
  ['[{:note/id "one" :note/key "k2"}]', 'conflict', /k2|one/],
  ['[{:db/id 1 :note/id "two"}]', 'conflict', /two/],
  ['[[:db/add -1 :note/id "one"] [:db/add -1 :note/id "two"]]', 'conflict', /one|two/],
  ['[[:db/cas 1 :note/n 2 3]]', 'conflict', /:note\/n/],
  ['[[:db/cas 1 :note/n nil 3]]', 'conflict', /:note\/n/],
  ['[[:db/cas 1 :note/n 1.0 3]]', 'conflict', /1\.0/],
  ['[[:db/cas 1 :note/n 1 nil]]', 'incorrect', /nil/],
  ['[[:db/cas 1 :note/n 1]]', 'incorrect', /:db\/cas/],
  ['[[:db/retractEntity]]', 'incorrect', /:db\/retractEntity/],
  ['[[:db/retractEntity 1 :note/n]]', 'incorrect', /:db\/retractEntity/],
  ['[[:db.fn/retractAttribute 1]]', 'incorrect', /retractAttribute/],
  ['[[:db/add 1 :note/a+b ["p" "q"]]]', 'incorrect', /:note\/a\+b/],
  ['[{:db/id 1 :note/_n 2}]', 'incorrect', /:note\/_?n/],
  ['[[:db/add :note/id :db/ident :note/other]]', 'conflict', /:note\/id/],
  ['[[:db/add :note/friend :db/valueType :db.type/string]]', 'conflict', /:note\/friend/],
  ['[[:db/retractEntity :note/id]]', 'conflict', /:note\/id/],
  ['[{:db/ident :note/tag :db/cardinality :db.cardinality/one}]', 'conflict', /:note\/tag/],
  ['[{:db/ident :note/n :db/unique :db.unique/value}]', 'conflict', /:note\/n/],
  ['[{:db/ident :note/new :db/valueType :db.type/frob}]', 'incorrect', /frob/],
  ['[{:db/ident :note/new :db/cardinality :db.cardinality/some}]', 'incorrect', /some/],
  ['[{:db/ident :note/new :db/unique :db.unique/never}]', 'incorrect', /never/],
  ['[{:db/ident "note/new" :db/index true}]', 'incorrect', /note\/new/],
  [`[[:db/add 1 :${'a'.repeat(600)} 1]]`, 'incorrect', /512/],
  [`[[:db/add 1 :note/n ${'['.repeat(200)}${']'.repeat(200)}]]`, 'incorrect', /128|deep/],
  [`[[:db/add 1 :note/n ${'['.repeat(101)}${']'.repeat(101)}]]`, 'incorrect', /deeper than 100/],
  [`[${'[:db/add 1 :note/n 1]'.repeat(10_001)}]`, 'incorrect', /10,?000/],
];

const STRICT_TRANSACTIONS = [
  ['[[:db/add 1 :s/nope 1]]', 'incorrect', /:s\/nope/],
  ['[{:db/id 1 :s/text "x" :s/nope 1}]', 'incorrect', /:s\/nope/],
  ['[[:db/add 1 :s/text 1]]', 'incorrect', /:s\/text/],
  ['[[:db/add 1 :s/text :a]]', 'incorrect', /:s\/text/],
  ['[[:db/add 1 :s/long "1"]]', 'incorrect', /:s\/long/],
  ['[[:db/add 1 :s/long 1.5]]', 'incorrect', /:s\/long/],
  ['[[:db/add 1 :s/uuid "550e8400-e29b-41d4-a716-446655440000"]]', 'incorrect', /:s\/uuid/],
  ['[[:db/add 1 :s/when 5]]', 'incorrect', /:s\/when/],
  ['[[:db/add 1 :s/flag "true"]]', 'incorrect', /:s\/flag/],
  ['[[:db/add 1 :s/text {:a 1}]]', 'incorrect', /:s\/text/],
];

/* Other messages; the id is added where the row has none. */
const MESSAGES = [
  [{ type: 'frobnicate' }, 'unsupported', /frobnicate/],
  [{ type: 'welcome' }, 'unsupported', /welcome/],
  [{}, 'incorrect', /type/],
  [{ type: 5 }, 'incorrect', /type/],
  [{ type: null }, 'incorrect', /type/],
  [{ type: 'transact', tx_data: [], tx_id: 'text' }, 'incorrect', /tx_id/],
  [{ type: 'transact', tx_data: [], tx_id: 5 }, 'incorrect', /tx_id/],
  [{ type: 'transact', tx_data: [], meta: 'text' }, 'incorrect', /meta/],
  [{ type: 'query' }, 'incorrect', /query/],
  [{ type: 'query', query: 5 }, 'incorrect', /query|5/],
  [{ type: 'query', query: '[:find' }, 'incorrect', /offset|byte|end/i],
  [{ type: 'query', query: '[:where [?e :note/id]]' }, 'incorrect', /find/],
  [{ type: 'query', query: '[:find ?x :where [?e :note/id]]' }, 'incorrect', /\?x/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/id] [(nope ?e)]]' }, 'incorrect', /nope/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n ?n] [(< ?n ?m)]]' }, 'incorrect', /\?m/],
  [{ type: 'query', query: '[:find ?e :in $ ?n :where [?e :note/n ?n]]' }, 'incorrect', /:in|args|argument|input/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', args: [1, 2] }, 'incorrect', /:in|args|argument|input/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', args: 'x' }, 'incorrect', /args/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', as_of: 1_000_000 }, 'not-found', /1000000|as_of|basis/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', as_of: Number.MAX_SAFE_INTEGER }, 'not-found', /9007199254740991/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', args: [{ db: { as_of: 2 ** 40 } }] }, 'not-found', /as_of 1099511627776/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', as_of: 'x' }, 'incorrect', /as_of/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', limit: -1 }, 'incorrect', /limit/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', limit: 'x' }, 'incorrect', /limit/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', offset: -1 }, 'incorrect', /offset/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', timeout_ms: 'soon' }, 'incorrect', /timeout_ms/],
  [{ type: 'query', query: '[:find ?e :where [?e :note/n]]', history: 'yes' }, 'incorrect', /history/],
  [{ type: 'query', query: '[:find ?x :in ?x]', args: [nested(125)] }, 'incorrect', /nested deeper than 126/],
  [{ type: 'pull', eid: 1 }, 'incorrect', /pattern/],
  [{ type: 'pull', pattern: '[*]' }, 'incorrect', /eid/],
  [{ type: 'pull', pattern: '[*', eid: 1 }, 'incorrect', /offset|byte|end/i],
  [{ type: 'pull', pattern: '[5]', eid: 1 }, 'incorrect', /5/],
  [{ type: 'pull', pattern: '[(:note/tag :limit 0)]', eid: 1 }, 'incorrect', /limit/],
  [{ type: 'pull', pattern: '[*]', eid: [k('note/n'), 1] }, 'incorrect', /:note\/n/],
  [{ type: 'pull', pattern: '[*]', eid: [1, 2] }, 'incorrect', /\[1 2\]/],
  [{ type: 'pull', pattern: '[*]', eid: 1, many: true }, 'incorrect', /eid|many/],
  [{ type: 'index' }, 'incorrect', /index/],
  [{ type: 'index', index: 'nope' }, 'incorrect', /nope/],
  [{ type: 'index', index: 'avet', components: 'x' }, 'incorrect', /components/],
  [{ type: 'index', index: 'eavt', after: 'garbage' }, 'incorrect', /after/],
  [{ type: 'index', index: 'eavt', limit: 0 }, 'incorrect', /limit/],
  [{ type: 'presence' }, 'incorrect', /state/],
  [{ type: 'presence', state: 'here' }, 'incorrect', /state/],
  [{ type: 'presence', state: { page: 'x'.repeat(1100) } }, 'incorrect', /1024|1 KiB|state/],
  [{ type: 'presence', state: { page: nested(100) } }, 'incorrect', /state.*100 deep/],
];

/* Messages with an id that is none, and things that are no messages: answered, without a `re`. */
const NAMELESS = [
  [{ type: 'transact', tx_data: [] }, /id/],
  [{ type: 'transact', id: null, tx_data: [] }, /id/],
  [{ type: 'transact', id: true, tx_data: [] }, /id/],
  [{ type: 'transact', id: [1], tx_data: [] }, /id/],
  [{ type: 'transact', id: 1.5, tx_data: [] }, /id/],
  [5, /message|map/],
  ['text', /message|map/],
  [null, /message|map/],
  [[5], /message|map/],
  [new Map([[k('type'), 'query']]), /type|message|id/],
];

async function setUp(stoa) {
  const writer = await stoa.liveClient({});
  await writer.transact(SCHEMA);
  await writer.transact(NOTES);
  const created = await fetch(`${stoa.url()}/v1/graphs/strict`, {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"schema_flexibility":"write"}',
  });
  assert.equal(created.status, 201);
  const strict = await stoa.liveClient({ graph: 'strict' });
  await strict.transact(STRICT);
  return { writer, strict };
}

const brief = (value) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))?.slice(0, 120);

/* All rows of a table are tried; a failure names each row that was answered otherwise. */
class Verdicts {
  problems = [];

  check(what, error, code, names) {
    const isRight = error.type === 'error' && error.code === code && names.test(error.message ?? '');
    if (!isRight) {
      this.problems.push(`${brief(what)}: wanted ${code} ${names}, got ${error.type} ${error.code} "${error.message}"`);
    }
  }

  end() {
    assert.deepEqual(this.problems, []);
  }
}

/* The same socket answers a right request. */
async function assertServes(socket, id, what) {
  socket.send({ type: 'query', id, query: '[:find ?x . :in ?x]', args: [42] });
  const answer = await socket.answer(id);
  assert.equal(answer.result, 42, `after ${brief(what)}: ${answer.message}`);
}

async function tryTransactions(socket, rows, protocol) {
  const verdicts = new Verdicts();
  for (const [i, [tx_data, code, names]] of rows.entries()) {
    socket.send({ type: 'transact', id: i, tx_data });
    verdicts.check(tx_data, await socket.answer(i), code, names);
    await assertServes(socket, `${protocol}-${i}`, tx_data);
  }
  verdicts.end();
}

for (const protocol of PROTOCOLS) {
  stoaTest(`bad transactions (${protocol})`, {}, async (t, stoa) => {
    const { writer } = await setUp(stoa);
    const before = writer.mirror.checksumText;
    const socket = await stoa.socket({ on: 1, protocol });
    await socket.hello({ sync: 'none' });
    await tryTransactions(socket, TRANSACTIONS, protocol);
    assert.equal(writer.mirror.checksumText, before, 'bad transactions change nothing');
    const { t: next } = await writer.transact('[[:db/add 1 :note/n 2]]');
    assert.equal(next, 3, 'bad transactions take no t');
  });

  stoaTest(`bad transactions of a graph with declared attributes (${protocol})`, {}, async (t, stoa) => {
    const { strict } = await setUp(stoa);
    const socket = await stoa.socket({ on: 1, protocol, graph: 'strict' });
    await socket.hello({ sync: 'none' });
    await tryTransactions(socket, STRICT_TRANSACTIONS, protocol);
    assert.equal((await strict.transact('[[:db/add 1 :s/text "fine"]]')).t, 2);
  });

  stoaTest(`bad messages (${protocol})`, {}, async (t, stoa) => {
    await setUp(stoa);
    const socket = await stoa.socket({ protocol });
    await socket.hello({ sync: 'none' });
    const verdicts = new Verdicts();
    for (const [i, [message, code, names]] of MESSAGES.entries()) {
      const from = socket.messages.length;
      socket.send({ id: i, ...message });
      const error = await socket.next(`an answer to ${brief(message)}`, ({ re }) => re === i, { from });
      verdicts.check(message, error, code, names);
      await assertServes(socket, `${protocol}-${i}`, message);
    }
    for (const [i, [message, names]] of NAMELESS.entries()) {
      const from = socket.messages.length;
      socket.send(message);
      const error = await socket.next(`an error for ${brief(message)}`, ({ type }) => type === 'error', { from });
      verdicts.check(message, error, 'incorrect', names);
      assert.equal(error.re ?? null, null, brief(message));
      await assertServes(socket, `${protocol}-nameless-${i}`, message);
    }
    verdicts.end();
  });

  if (protocol === 'json') {
    stoaTest('JSON that is no Transit is answered, by its id where that can be read', {}, async (t, stoa) => {
      const rows = [
        ['"~x"', undefined, /~x/],
        ['[{"type":"query","id":3,"query":"~:"},5]', undefined, /keyword/],
        ['{"type":"query","id":1,"query":"~:"}', 1, /keyword/],
        ['{"type":"query","id":"two","query":"~ix"}', 'two', /~ix|integer|long/],
        ['{"type":"transact","id":4,"tx_data":[["~:db/add",1,"~:a",{"~#nope":1}]]}', 4, /nope/],
        ['{"type":"transact","id":5,"tx_data":[["~:db/add",1,"~:a","\\ud800"]]}', 5, /surrogate/],
        ['{"type":"transact","id":6,"tx_data":[["~:db/add",1,"~:a",1e999]]}', 6, /1e999|number|double/],
      ];
      const socket = await stoa.socket({});
      await socket.hello({ sync: 'none' });
      const verdicts = new Verdicts();
      for (const [i, [frame, re, names]] of rows.entries()) {
        const from = socket.messages.length;
        socket.sendFrame(frame);
        const error = await socket.next(`an error for ${frame}`, ({ type }) => type === 'error', { from });
        verdicts.check(frame, error, 'incorrect', names);
        assert.equal(error.re, re, frame);
        await assertServes(socket, `after-${i}`, frame);
      }
      verdicts.end();
    });
  }

  if (protocol === 'msgpack') {
    stoaTest('MessagePack that is no value is answered, by its id where there is one', {}, async (t, stoa) => {
      const query = (id, argument) =>
        Buffer.concat([Buffer.from('84', 'hex'), ...['type', 'query', 'id', id, 'query', '[:find ?x . :in ?x]', 'args'].map(msgpackWrite), Buffer.from(`91${argument}`, 'hex')]);
      const rows = [
        [query(1, 'cfffffffffffffffff'), 1, /integer beyond 64 bits/],
        [query('two', 'd46301'), 'two', /extension type 99/],
        [query(3, 'd40120'), 3, /keyword/],
        [query(4, 'd40301'), 4, /uuid/],
        [query(5, 'd40400'), 5, /set/],
        [query(6, '8201010102'), 6, /twice/],
        [query(7, `${'91'.repeat(200)}c0`), 7, /128/],
        [Buffer.from('d46301', 'hex'), undefined, /extension type 99/],
      ];
      const socket = await stoa.socket({ protocol });
      await socket.hello({ sync: 'none' });
      const verdicts = new Verdicts();
      for (const [i, [frame, re, names]] of rows.entries()) {
        const from = socket.messages.length;
        socket.sendFrame(frame);
        const error = await socket.next(`an error for row ${i}`, ({ type }) => type === 'error', { from });
        verdicts.check(i, error, 'incorrect', names);
        assert.equal(error.re, re, `row ${i}`);
        await assertServes(socket, `after-${i}`, i);
      }
      verdicts.end();
    });
  }

  stoaTest(`a vector of messages is handled in order, bad ones among them (${protocol})`, {}, async (t, stoa) => {
    const socket = await stoa.socket({ protocol });
    await socket.hello({ sync: 'none' });
    socket.send([
      { type: 'transact', id: 'a', tx_data: '[{:note/id "v" :note/n 1}]' },
      { type: 'frobnicate', id: 'b' },
      { type: 'transact', id: 3, tx_data: '[[:db/add 1 :note/n nil]]' },
      { type: 'transact', id: 'd', tx_data: '[[:db/add 1 :note/n 2]]' },
    ]);
    const answers = await Promise.all(['a', 'b', 3, 'd'].map((id) => socket.answer(id)));
    assert.deepEqual(answers.map(({ type, code }) => code ?? type), ['result', 'unsupported', 'incorrect', 'result']);
    assert.deepEqual([answers[0].t, answers[3].t], [1, 2]);
    socket.send([]);
    await assertServes(socket, 'last', []);
  });

  stoaTest(`bad hellos (${protocol})`, {}, async (t, stoa) => {
    const rows = [
      [{ id: undefined }, /id/],
      [{ id: true }, /id/],
      [{ user: 'Plato' }, /user/],
      [{ user: { name: 5 } }, /name/],
      [{ user: { name: 'x'.repeat(1100) } }, /user|1024|1 KiB/],
      [{ user: { name: 'x', more: nested(100) } }, /user.*100 deep/],
      [{ state: { page: nested(100) } }, /state.*100 deep/],
      [{ sync: 'sometimes' }, /sync|sometimes/],
      [{ sync: 5 }, /sync/],
      [{ epoch: 'not a uuid', since: 1 }, /epoch/],
      [{ since: -1 }, /since/],
      [{ since: 'x' }, /since/],
      [{ state: 5 }, /state/],
      [{ state: { page: 'x'.repeat(1100) } }, /state|1024|1 KiB/],
    ];
    const verdicts = new Verdicts();
    for (const [fields, names] of rows) {
      const socket = await stoa.socket({ protocol });
      socket.send({ type: 'hello', id: 1, ...fields });
      verdicts.check(fields, await socket.ofType('error'), 'incorrect', names);
      assert.equal(await socket.closed(), 1008, brief(fields));
      assert.equal(socket.messages.length, 1, 'one error and nothing else');
    }
    verdicts.end();
  });

  stoaTest(`what closes a socket (${protocol})`, {}, async (t, stoa) => {
    const isJson = protocol === 'json';
    const query = { type: 'query', id: 1, query: '[:find ?x . :in ?x]', args: [1] };
    const big = { type: 'query', id: 1, query: 'x'.repeat(1 << 20) };
    const undecodable = isJson
      ? ['{', '', '[1', '{"type":"query"', 'nil', "{'a':1}", `${'['.repeat(10_000)}`]
      : ['', 'c1', '81a4', 'dd7fffffff', 'dfffffffff', 'a1ff', '91'.repeat(10_000), '0102'].map((hex) => Buffer.from(hex, 'hex'));
    const rows = [
      ['another message first', (s) => s.send(query), 4401, false],
      ['a second hello', (s) => s.send({ type: 'hello', id: 2 }), 4429, true],
      ['a frame over the limit', (s) => s.send(big), 1009, true],
      ['a frame far over the limit', (s) => s.sendFrame('x'.repeat(8 << 20), !isJson), 1009, true],
      ['the beginning of a frame over the limit', (s) => {
        const head = Buffer.from([isJson ? 0x81 : 0x82, 0xff, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0]);
        s.socket._socket.write(Buffer.concat([head, Buffer.alloc(8192, ' ')]));
      }, 1009, true],
      ['fragments over the limit', (s) => {
        for (let i = 0; i < 40; i++) s.socket.send('x'.repeat(1 << 15), { fin: false, binary: !isJson });
      }, 1009, true],
      ['the other kind of frame', (s) => s.sendFrame(isJson ? msgpackWrite(query) : '{}', isJson), 1003, true],
      ...undecodable.map((frame) => [`undecodable ${frame.toString('utf8').slice(0, 20)}`, (s) => s.sendFrame(frame), 1007, true]),
      ['undecodable before hello', (s) => s.sendFrame(undecodable[0]), 1007, false],
    ];
    if (isJson) {
      rows.push(['text that is not UTF-8', (s) => s.socket.send(Buffer.from('"\xff"', 'latin1'), { binary: false }), 1007, true]);
    }
    const problems = [];
    for (const [what, act, code, isWelcomed] of rows) {
      const socket = await stoa.socket({ protocol });
      if (isWelcomed) {
        await socket.hello({ sync: 'none' });
      }
      act(socket);
      const closed = await socket.closed().catch((error) => error.message);
      if (closed !== code) {
        problems.push(`${what}: wanted ${code}, got ${closed}`);
      }
    }
    assert.deepEqual(problems, []);
    const socket = await stoa.socket({ protocol });
    await socket.hello();
    await assertServes(socket, 1, 'all of it');
  });
}

stoaTest('a socket that says no hello is closed with 4408 after 10 s', {}, async (t, stoa) => {
  const socket = await stoa.socket({});
  const started = Date.now();
  assert.equal(await socket.closed(), 4408);
  const seconds = (Date.now() - started) / 1000;
  assert(seconds > 8 && seconds < 14, `after ${seconds} s`);
});

stoaTest('upgrades that are refused', {}, async (t, stoa) => {
  const origin = new URL(stoa.url()).origin;
  const rows = [
    ['an unknown graph', { graph: 'nope' }, 404],
    ['a name no graph can have', { graph: 'No%20Graph' }, 404],
    ['only unknown subprotocols', { subprotocols: ['stoa.v9.json'] }, 400],
    ['a foreign origin', { headers: { origin: 'https://evil.example' } }, 403],
    ['an origin that is null', { headers: { origin: 'null' } }, 403],
    ['the same origin', { headers: { origin } }, 101],
    ['no subprotocol: json', { subprotocols: [] }, 101],
    ['a known subprotocol among unknown ones', { subprotocols: ['x', 'stoa.v1.json'] }, 101],
  ];
  for (const [what, options, status] of rows) {
    const outcome = stoa.socket(options).then(() => 101, (error) => (error instanceof RefusedError ? error.status : error));
    assert.equal(await outcome, status, what);
  }
  const plain = await stoa.socket({ subprotocols: [] });
  await plain.hello();
  assert.equal((await fetch(`${stoa.url()}/healthz`)).status, 200);
});

stoaTest('64 requests wait at a time; more are busy or answered, never lost', {}, async (t, stoa) => {
  const socket = await stoa.socket({});
  const { limits } = await socket.hello({ sync: 'none' });
  assert.deepEqual(limits, { frame_bytes: 1 << 20, tx_ops: 10_000, in_flight: 64 });
  const COUNT = 300;
  for (let i = 0; i < COUNT; i++) {
    socket.send({ type: 'transact', id: i, tx_id: Uuid.random(), tx_data: `[{:note/id "${i}"}]` });
  }
  const answers = await Promise.all(Array.from({ length: COUNT }, (_, i) => socket.answer(i)));
  const refused = answers.filter(({ type }) => type === 'error');
  assert(refused.every(({ code }) => code === 'busy'), brief(refused.find(({ code }) => code !== 'busy')));
  assert(COUNT - refused.length >= 64);
});

stoaTest('a rate limit is answered with busy, and passes', { gatewayArgs: ['--rate-limit', '20'] }, async (t, stoa) => {
  const socket = await stoa.socket({});
  await socket.hello({ sync: 'none' });
  const COUNT = 200;
  for (let i = 0; i < COUNT; i++) {
    socket.send({ type: 'query', id: i, query: '[:find ?x . :in ?x]', args: [i] });
  }
  const answers = await Promise.all(Array.from({ length: COUNT }, (_, i) => socket.answer(i)));
  const busy = answers.filter(({ code }) => code === 'busy').length;
  assert(busy > COUNT / 2 && busy < COUNT, `${busy} of ${COUNT} were busy`);
  assert(answers.every(({ type, code }) => type === 'result' || code === 'busy'));
  const client = await stoa.liveClient({});
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => client.query('[:find ?x . :in ?x]', [i])));
  assert.deepEqual(results, Array.from({ length: 40 }, (_, i) => i), 'a client tries again until it is its turn');
});

const ALLOWED = 'https://notes.example';

stoaTest('origins of other sites that are allowed', { gatewayArgs: ['--allowed-origins', ALLOWED] }, async (t, stoa) => {
  await (await stoa.socket({ headers: { origin: ALLOWED } })).hello();
  await (await stoa.socket({ headers: { origin: stoa.url() } })).hello();
  for (const origin of ['https://evil.example', `${ALLOWED}.evil.example`, 'http://notes.example', `${ALLOWED}:444`]) {
    await assert.rejects(stoa.socket({ headers: { origin } }), { status: 403 }, origin);
  }
});

stoaTest('what is nested as deep as it may be reaches everyone', {}, async (t, stoa) => {
  const deep = nested(99);
  const [json, msgpack] = [await stoa.socket({ on: 0 }), await stoa.socket({ on: 1, protocol: 'msgpack' })];
  await json.hello({ sync: 'none' });
  const { session } = await msgpack.hello({ sync: 'none', user: { name: 'x', deep }, state: { deep } });
  const seen = await json.next('the other to be there', ({ joined, sessions }) => (joined ?? sessions)?.some((one) => one.session === session));
  assert.deepEqual((seen.joined ?? seen.sessions).find((one) => one.session === session).state.deep, deep);
  msgpack.send({ type: 'transact', id: 1, tx_data: `[[:db/add 1 :note/n ${'['.repeat(100)}${']'.repeat(100)}]]` });
  assert.equal((await msgpack.answer(1)).type, 'result');
  const { datoms, user } = await json.ofType('tx');
  assert.deepEqual(user.deep, deep);
  for (const [i, query] of ['[:find ?n . :where [_ :note/n ?n]]', '[:find ?e (pull ?e [*]) :keys e all :where [?e :note/n]]'].entries()) {
    json.send({ type: 'query', id: `q${i}`, query });
    assert.equal((await json.answer(`q${i}`)).type, 'result', query);
  }
  json.send({ type: 'query', id: 'n', query: '[:find ?n . :where [_ :note/n ?n]]' });
  assert.deepEqual((await json.answer('n')).result, datoms[0][2]);
  assert.equal((await stoa.import('copy', await stoa.export())).status, 201);
  assert.equal((await fetch(`${stoa.url()}/v1/graphs/main/log`)).status, 200);
  const [one, two] = [await stoa.liveClient({}), await stoa.liveClient({ graph: 'copy', protocol: 'msgpack' })];
  assert.equal(one.mirror.checksumText, two.mirror.checksumText);
});

/* Of one process, in hundredths of a second. */
const processorTime = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).reduce((sum, ticks) => sum + Number(ticks), 0);

stoaTest('deflated frames, and one that is small until it is inflated', { gateways: 1, gatewayArgs: ['--permessage-deflate'] }, async (t, stoa) => {
  const query = (bytes) => ({ type: 'query', id: bytes, query: '[:find ?x . :in ?x]', args: ['x'.repeat(bytes)] });
  const socket = await stoa.socket({ deflate: true });
  assert.match(socket.socket.extensions, /permessage-deflate/);
  await socket.hello({ sync: 'none' });
  socket.send(query(900_000));
  assert.equal((await socket.answer(900_000)).result.length, 900_000);
  const { pid } = stoa.gateways[0].program.child;
  const before = processorTime(pid);
  socket.send(query(5_000_000));
  assert.equal(await socket.closed(), 1009);
  const spent = processorTime(pid) - before;
  assert(spent < 100, `${spent} hundredths of a second went by with it`);
  await (await stoa.socket({})).hello();
});
