/*
 * Asks Stoa and its peers the same questions about the same data, checks that they agree, and
 * prints a table in Markdown. `tests/bench/query/run` prepares what it needs and calls it:
 *
 *     node run.mjs BUILD GRAPH [QUESTION]
 *
 * GRAPH is a #datascript/DB in EDN; QUESTION restricts the run to those with that in their name, or
 * to what is written when it is "writes".
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { long, page, people, triangle, tree, wide } from './data.mjs';
import { median } from './measure.mjs';
import { Cozo, DataScript, Sqlite } from './peers.mjs';
import { questions } from './questions.mjs';
import { Served } from './served.mjs';
import { Stoa } from './stoa.mjs';

const PEOPLE = 20000;
const WRITTEN_PEOPLE = 4000;
const CHANGES = 2000;
const SEED = 1;
const TX_OPS_MAX = 10000;
const WRITES = 'writes';

const [build, graphFile, only = ''] = process.argv.slice(2);

function dataSets() {
  const sets = new Map();
  sets.set('people', people(PEOPLE, SEED));
  sets.set('friends', people(PEOPLE, SEED, true));
  for (const [depth, width] of [[3, 3], [5, 3], [7, 3], [4, 6]])
    sets.set(`wide ${depth}x${width}`, wide(depth, width));
  for (const [depth, width] of [[10, 3], [30, 3], [30, 5]])
    sets.set(`long ${depth}x${width}`, long(depth, width));
  sets.set('tri 8', triangle(8));
  sets.set('tri 40', triangle(40));
  sets.set('tree', tree(100000, SEED));
  sets.set('pages', page(SEED));
  return sets;
}

/* People whose ages change: t 1 holds all, each t after it has one new age. */
function changing() {
  const { schema, datoms } = people(PEOPLE, SEED);
  const past = datoms.map(([e, a, v]) => [e, a, v, 1, Number.MAX_SAFE_INTEGER]);
  const ages = new Map(past.filter(([, a]) => a === 'age').map((row) => [row[0], row]));
  const changes = Array.from({ length: CHANGES }, (_, i) => [i * 7 + 1, 100 + (i % 50)]);
  changes.forEach(([e, age], i) => {
    const t = i + 2;
    ages.get(e)[4] = t;
    past.push([e, 'age', age, t, Number.MAX_SAFE_INTEGER]);
  });
  return { schema, datoms, past, changes };
}

/* The graph of the file, as Stoa read it. */
async function realGraph(stoa) {
  const schema = {};
  for (const says of ['valueType', 'cardinality', 'unique']) {
    const query = `[:find ?i ?v :where [?a :db/ident ?i] [?a :db/${says} ?v]]`;
    for (const [name, value] of (await stoa.ask({ graph: 'real', query })).result)
      schema[name] = [schema[name] ?? '', value.split('/')[1]].join(' ').trim();
  }
  const { result } = await stoa.ask({ graph: 'real', index: [], order: 'eavt' });
  const user = result.filter(([e]) => e < 2 ** 29 - 65536);
  return { schema, datoms: user.map(([e, a, v]) => [e, a, v]) };
}

/* What most blocks refer to, and the page with the most blocks at its top. */
async function targets(stoa) {
  const most = async (query) => (await stoa.ask({ graph: 'real', query })).result
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])[0][0];
  return {
    backlinks: await most('[:find ?p (count ?b) :where [?b :block/refs ?p]]'),
    page: await most('[:find ?p (count ?b) :where [?p :node/title] [?p :block/children ?b]]'),
  };
}

/* ---- agreement ---- */

/* The datoms that a pull shows. */
function pulledDatoms(map, out) {
  const id = map['db/id'];
  for (const [key, value] of Object.entries(map)) {
    if (key === 'db/id')
      continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      out.push([id, key, item?.['db/id'] ?? item]);
      if (item && typeof item === 'object' && Object.keys(item).length > 1)
        pulledDatoms(item, out);
    }
  }
  return out;
}

function canonical(value, exact) {
  if (Array.isArray(value))
    return value.map((item) => canonical(item, exact));
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.keys(value).filter((key) => !key.endsWith('db/id')).sort()
      .map((key) => [key.replace('/', '.'), canonical(value[key], exact)]));
  return typeof value === 'number' && !exact ? Number(value.toPrecision(9)) : value;
}

function rowsOf(rows, exact) {
  return new Set(rows.map((row) => JSON.stringify(canonical(row, exact))));
}

function checkAgreement(question, ours, answer, peer) {
  const exact = question.exact ?? true;
  let left = ours, right = answer.result;
  if (question.pull && answer.kind === 'datoms') {
    const datoms = ours.flatMap((map) => pulledDatoms(map, []));
    if (datoms.length !== right.length)
      throw new Error(`${question.name}: ${datoms.length} datoms, ${peer.name} has ${right.length}`);
    return;
  }
  if (question.index)
    left = ours.map(([e, , v]) => [e, v]);
  left = rowsOf(left, exact);
  right = rowsOf(right, exact);
  const missing = [...left].find((row) => !right.has(row)) ?? [...right].find((row) => !left.has(row));
  if (missing !== undefined)
    throw new Error(`${question.name}: ${peer.name} disagrees: ${left.size} and ${right.size} rows, first ${missing}`);
}

/* ---- the table ---- */

const digits = (ms) => (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(3));
const ratio = (theirs, ours) => (theirs === undefined ? '' : `${(theirs / ours).toPrecision(theirs / ours >= 100 ? 3 : 2)}x`);

function printHead(peers) {
  const columns = ['question', 'rows', 'Stoa', 'over HTTP', ...peers.flatMap(({ name }) => [name, '']), 'published'];
  console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`);
}

function printRow(name, rows, ours, http, theirs, published) {
  const cells = theirs.flatMap((ms) => [ms === undefined ? '-' : digits(ms), ratio(ms, ours)]);
  console.log(`| ${[name, rows, digits(ours), http === undefined ? '' : digits(http), ...cells, published ?? ''].join(' | ')} |`);
}

async function ask(question, stoa, peers, ratios) {
  const ours = await stoa.ask(question);
  if (question.rows && question.rows !== ours.rows)
    throw new Error(`${question.name}: ${ours.rows} rows, expected ${question.rows}`);
  const theirs = peers.map((peer, i) => {
    const answer = peer.ask(question);
    if (!answer)
      return undefined;
    checkAgreement(question, ours.result, answer, peer);
    ratios[i].push(answer.ms / (ours.us / 1000));
    return answer.ms;
  });
  question.answer = { rows: ours.rows, ms: ours.us / 1000, theirs };
}

/* ---- writing ---- */

async function stoaWrites(stoa, data) {
  const value = (v) => (v?.keyword ? `:${v.keyword}` : typeof v === 'string' ? JSON.stringify(v) : v);
  const form = ([e, a, v]) => `[:db/add ${e} :${a} ${value(v)}]`;
  const entities = group(data.datoms);
  const map = (items) => `{:db/id ${items[0][0]} ${items.map(([, a, v]) => `:${a} ${value(v)}`).join(' ')}}`;
  const all = [];
  for (let i = 0; i < entities.length; i += TX_OPS_MAX)
    all.push(`[${entities.slice(i, i + TX_OPS_MAX).map(map).join(' ')}]`);
  const ms = async (name, lines, create = true) => (await stoa.transact(name, lines, create)) / 1000;
  return {
    'add-1': await ms('add-1', data.datoms.map((datom) => `[${form(datom)}]`)),
    'add-5': await ms('add-5', entities.map((items) => `[${map(items)}]`)),
    'add-all': await ms('add-all', all),
    init: (await stoa.load('init', data)) / 1000,
    'retract-5': await ms('add-5', entities.map(([[e]]) => `[[:db/retractEntity ${e}]]`), false),
  };
}

function group(datoms) {
  const entities = new Map();
  for (const datom of datoms)
    entities.set(datom[0], [...(entities.get(datom[0]) ?? []), datom]);
  return [...entities.values()];
}

async function compareWrites(stoa, peers) {
  const data = people(WRITTEN_PEOPLE, SEED);
  const ours = await stoaWrites(stoa, data);
  const theirs = peers.map((peer) => peer.writes(data));
  for (const name of Object.keys(ours))
    printRow(name, data.datoms.length, ours[name], undefined, theirs.map((times) => times[name]));
}

/* ---- the whole ---- */

async function loadAll(stoa, peers) {
  for (const [name, data] of dataSets()) {
    await stoa.load(name, data);
    peers.forEach((peer) => peer.load(name, data));
  }
  const { changes, ...data } = changing();
  await stoa.load('changing', data);
  await stoa.transact('changing', changes.map(([e, age]) => `[[:db/add ${e} :age ${age}]]`));
  peers.filter((peer) => peer.name === 'better-sqlite3').forEach((peer) => peer.load('changing', data));
  await stoa.load('real', readFileSync(graphFile, 'utf8'));
  const real = await realGraph(stoa);
  peers.forEach((peer) => peer.load('real', real));
}

async function askAll(asked, stoa, peers, scratch) {
  const ratios = peers.map(() => []);
  await loadAll(stoa, peers);
  const aims = await targets(stoa);
  for (const question of asked) {
    if (question.target)
      question.args = question.eids = [aims[question.target]];
    if (question.asOf)
      question.asOfT = 1;
    await ask(question, stoa, peers, ratios);
    process.stderr.write(`${question.name}: ${digits(question.answer.ms)} ms\n`);
  }
  await stoa.park(async () => {
    const served = await Served.start(build, join(scratch, 'stoa'));
    for (const question of asked)
      question.http = await served.ask(question, stoa.graph(question.graph));
    await served.stop();
  });
  for (const { name, answer, http, published } of asked)
    printRow(name, answer.rows, answer.ms, http, answer.theirs, published);
  return ratios;
}

async function main() {
  const asked = only === WRITES ? [] : questions.filter(({ name }) => name.includes(only));
  if (!asked.length && only !== WRITES)
    throw new Error(`no question of questions.mjs has "${only}" in its name, and it is not "${WRITES}"`);
  const scratch = mkdtempSync(join(tmpdir(), 'stoa-bench-query-'));
  const stoa = new Stoa(build, scratch);
  const peers = [new DataScript(), new Sqlite(), await Cozo.open()];
  let summary;
  try {
    printHead(peers);
    if (asked.length) {
      const ratios = await askAll(asked, stoa, peers, scratch);
      const medians = peers.map(({ name, version }, i) => `${name} ${version} ${median(ratios[i]).toPrecision(3)}`);
      summary = `\nMedian of the ratios of questions: ${medians.join(', ')}.`;
    }
    if (only === '' || only === WRITES)
      await compareWrites(stoa, peers);
    if (summary)
      console.log(summary);
  } finally {
    await stoa.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
