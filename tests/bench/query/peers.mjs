/*
 * The other databases, each with: load(name, data), ask(question), which answers { ms, result } or
 * undefined for what it cannot be asked, and writes(people), the milliseconds of writing. `result`
 * is rows, or for a pull what `kind` says: DataScript's map, or the datoms that make it up.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { measure, once } from './measure.mjs';

const require = createRequire(import.meta.url);

/* What is no number, text or truth is written down as one. */
function plain(value) {
  if (value?.keyword !== undefined)
    return value.keyword;
  return value && typeof value === 'object' ? JSON.stringify(value) : value;
}

function byEntity(datoms) {
  const entities = new Map();
  for (const datom of datoms)
    entities.set(datom[0], [...(entities.get(datom[0]) ?? []), datom]);
  return [...entities.values()];
}

/* In DataScript's JavaScript API names are strings where Stoa has keywords, and pull finds none with a slash. */
const dotted = (name) => name.replace('/', '.');

function nameWords(text) {
  return text.replace(/(?<=[\s[{(]):([a-z][a-z0-9/-]*)/g,
    (whole, name) => (/^(find|in|where|with)$/.test(name) ? whole : `"${dotted(name)}"`));
}

export class DataScript {
  name = 'datascript';
  version = require('datascript/package.json').version;

  constructor() {
    this.d = require('datascript');
    this.dbs = new Map();
  }

  schema({ schema }) {
    return Object.fromEntries(Object.entries(schema).map(([name, says]) => [dotted(name), {
      ...(says.includes('ref') ? { ':db/valueType': ':db.type/ref' } : {}),
      ...(says.includes('many') ? { ':db/cardinality': ':db.cardinality/many' } : {}),
      ...(says.includes('identity') ? { ':db/unique': ':db.unique/identity' } : {}),
    }]));
  }

  load(name, data) {
    const datoms = data.datoms.map(([e, a, v]) => [e, dotted(a), plain(v), 536870913]);
    this.dbs.set(name, this.d.init_db(datoms, this.schema(data)));
  }

  ask(question) {
    const db = this.dbs.get(question.graph);
    const { d } = this;
    if (!db || question.slow?.includes('datascript') || question.asOf || question.history)
      return undefined;
    if (question.index)
      return measure(() => d.datoms(db, ':aevt', dotted(question.index[0])).map(({ e, v }) => [e, v]));
    if (question.pull) {
      const pattern = nameWords(question.pull.replace(':db/id ', '')).replaceAll('*', '"*"');
      return { ...measure(() => question.eids.map((e) => d.pull(db, pattern, e))), kind: 'pull' };
    }
    const rules = question.rules ? [nameWords(question.rules)] : [];
    const query = nameWords(question.query);
    return measure(() => d.q(query, db, ...rules, ...(question.args ?? [])));
  }

  writes({ schema, datoms }) {
    const { d } = this;
    const forms = datoms.map(([e, a, v]) => [':db/add', e, a, plain(v)]);
    const entities = byEntity(datoms);
    const maps = entities.map((items) => Object.fromEntries(
      [[':db/id', items[0][0]], ...items.map(([, a, v]) => [a, plain(v)])]));
    const empty = d.empty_db(this.schema({ schema }));
    const flat = datoms.map(([e, a, v]) => [e, a, plain(v), 536870913]);
    let db;
    const each = (items) => once(() => {
      db = items.reduce((now, item) => d.db_with(now, [item]), empty);
    });
    const result = {
      'add-1': each(forms),
      'add-5': each(maps),
      'add-all': once(() => { db = d.db_with(empty, maps); }),
      init: once(() => d.init_db(flat, this.schema({ schema }))),
    };
    result['retract-5'] = once(() => {
      for (const [[e]] of entities)
        db = d.db_with(db, [[':db.fn/retractEntity', e]]);
    });
    return result;
  }
}

const TRIPLES = `CREATE TABLE triple (a INTEGER, e INTEGER, v, PRIMARY KEY (a, e, v)) WITHOUT ROWID;
  CREATE INDEX by_value ON triple (a, v, e); CREATE INDEX by_entity ON triple (e);
  CREATE TABLE past (a INTEGER, e INTEGER, v, t0 INTEGER, t1 INTEGER, PRIMARY KEY (a, e, v, t0)) WITHOUT ROWID;
  CREATE INDEX past_value ON past (a, v, e)`;

export class Sqlite {
  name = 'better-sqlite3';
  version = require('better-sqlite3/package.json').version;

  constructor() {
    this.Database = require('better-sqlite3');
    this.dbs = new Map();
  }

  open() {
    const db = new this.Database(':memory:');
    db.exec(TRIPLES);
    const attributes = new Map();
    const number = (name) => {
      if (!attributes.has(name))
        attributes.set(name, attributes.size + 1);
      return attributes.get(name);
    };
    return { db, number, insert: db.prepare('INSERT OR IGNORE INTO triple VALUES (?, ?, ?)') };
  }

  fill(opened, datoms) {
    opened.db.transaction(() => {
      for (const [e, a, v] of datoms)
        opened.insert.run(opened.number(a), e, typeof v === 'boolean' ? Number(v) : plain(v));
    })();
  }

  /* `past`: [e a v t0 t1] */
  load(name, { datoms, past }) {
    const opened = this.open();
    this.fill(opened, datoms);
    const insert = opened.db.prepare('INSERT INTO past VALUES (?, ?, ?, ?, ?)');
    opened.db.transaction(() => {
      for (const [e, a, v, t0, t1] of past ?? [])
        insert.run(opened.number(a), e, plain(v), t0, t1);
    })();
    opened.db.exec('ANALYZE');
    this.dbs.set(name, opened);
  }

  ask(question) {
    const opened = this.dbs.get(question.graph);
    if (!opened || !question.sql)
      return undefined;
    const sql = question.sql.replace(/\{([^}]+)\}/g, (_, name) => (
      name === 'target' ? question.eids[0] : name === 'as-of' ? question.asOfT : opened.number(name)));
    const statement = opened.db.prepare(sql).raw();
    return { ...measure(() => statement.all()), kind: 'datoms' };
  }

  writes({ datoms }) {
    const each = (groups, opened) => once(() => {
      for (const group of groups)
        this.fill(opened, group);
    });
    const entities = byEntity(datoms);
    const last = this.open();
    const result = {
      'add-1': each(datoms.map((datom) => [datom]), this.open()),
      'add-5': each(entities, this.open()),
      'add-all': each([datoms], last),
      init: each([datoms], this.open()),
    };
    const remove = last.db.prepare('DELETE FROM triple WHERE e = ?');
    result['retract-5'] = once(() => entities.forEach(([[e]]) => remove.run(e)));
    return result;
  }
}

export class Cozo {
  name = 'cozo-lib-wasm';
  version = require('cozo-lib-wasm/package.json').version;

  static async open() {
    const { initSync, CozoDb } = await import('cozo-lib-wasm/cozo_lib_wasm.js');
    initSync(readFileSync(require.resolve('cozo-lib-wasm/cozo_lib_wasm_bg.wasm')));
    const cozo = new Cozo();
    cozo.make = () => {
      const db = CozoDb.new();
      db.run(':create triple {a: String, e: Int, v => }', '{}', false);
      db.run('::index create triple:by_value {a, v, e}', '{}', false);
      return db;
    };
    cozo.dbs = new Map();
    return cozo;
  }

  rows(datoms) {
    return datoms.map(([e, a, v]) => [a, e, plain(v)]);
  }

  import(db, rows) {
    const answer = JSON.parse(db.import_relations(JSON.stringify({ triple: { headers: ['a', 'e', 'v'], rows } })));
    if (!answer.ok)
      throw new Error(answer.message);
  }

  load(name, { datoms }) {
    const db = this.make();
    this.import(db, this.rows(datoms));
    this.dbs.set(name, db);
  }

  ask(question) {
    const db = this.dbs.get(question.graph);
    if (!db || !question.cozo || question.slow?.includes('cozo-lib-wasm'))
      return undefined;
    const script = question.cozo.replaceAll('{target}', String(question.eids?.[0]));
    const { ms, result } = measure(() => db.run(script, '{}', true));
    const answer = JSON.parse(result);
    if (!answer.ok)
      throw new Error(`${question.name}: ${answer.message}`);
    return { ms, result: answer.rows, kind: 'datoms' };
  }

  writes({ datoms }) {
    const entities = byEntity(datoms);
    const put = (groups) => {
      const db = this.make();
      return once(() => {
        for (const group of groups)
          db.run('?[a, e, v] <- $rows :put triple {a, e, v}', JSON.stringify({ rows: this.rows(group) }), false);
      });
    };
    const last = this.make();
    const result = {
      'add-1': put(datoms.map((datom) => [datom])),
      'add-5': put(entities),
      'add-all': put([datoms]),
      init: once(() => this.import(last, this.rows(datoms))),
    };
    result['retract-5'] = once(() => {
      for (const group of entities)
        last.run('?[a, e, v] <- $rows :rm triple {a, e, v}', JSON.stringify({ rows: this.rows(group) }), false);
    });
    return result;
  }
}
