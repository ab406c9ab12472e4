/* Stoa: bench-query, asked line by line. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ednDatabase } from './data.mjs';

/* What Transit's JSON says, as the other databases say it: keywords by their names. */
function plain(value) {
  if (typeof value === 'string')
    return value.startsWith('~:') ? value.slice(2) : value.replace(/^~([~^\\])/, '$1');
  if (Array.isArray(value))
    return value.map(plain);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [plain(key), plain(item)]));
  return value;
}

function edn(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export class Stoa {
  constructor(build, scratch) {
    this.build = build;
    this.scratch = scratch;
    this.start();
  }

  start() {
    this.process = spawn(join(this.build, 'tests/bench/query/bench-query'), [join(this.scratch, 'stoa')],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /* Lets go of the data while `fn` uses them. */
  async park(fn) {
    await this.close();
    await fn();
    this.start();
  }

  async command(line) {
    this.process.stdin.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done)
      throw new Error(`bench-query ended at ${line.slice(0, 200)}`);
    return JSON.parse(value);
  }

  /* Microseconds. */
  async load(name, data) {
    const file = join(this.scratch, 'import.edn');
    writeFileSync(file, typeof data === 'string' ? data : ednDatabase(data));
    const { us } = await this.command(`{:op "import" :graph "${this.graph(name)}" :file "${file}"}`);
    rmSync(file);
    return us;
  }

  /* One transaction a line, into a graph that is made when it is new. */
  async transact(name, lines, create) {
    const file = join(this.scratch, 'transact.edn');
    writeFileSync(file, lines.join('\n'));
    if (create)
      await this.command(`{:op "create" :graph "${this.graph(name)}"}`);
    const { us } = await this.command(`{:op "transact" :graph "${this.graph(name)}" :file "${file}"}`);
    rmSync(file);
    return us;
  }

  graph(name) {
    return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  }

  /* { us, firstUs, result } */
  async ask(question) {
    const file = join(this.scratch, 'result.json');
    const common = `:graph "${this.graph(question.graph)}" :result "${file}"`;
    let line;
    if (question.index)
      line = `{:op "index" ${common} :index "${question.order ?? 'aevt'}"
        :components [${question.index.map((name) => `:${name}`).join(' ')}] :limit 100000}`;
    else if (question.pull)
      line = `{:op "pull" ${common} :pattern ${edn(question.pull)} :eids [${question.eids.join(' ')}]}`;
    else
      line = `{:op "query" ${common} :query ${edn(question.query)}
        :args [${[question.rules ? edn(question.rules) : '', ...(question.args ?? []).map(edn)].join(' ')}]
        ${question.asOfT ? `:as-of ${question.asOfT}` : ''} ${question.history ? ':history true' : ''}}`;
    const answer = await this.command(line.replace(/\n\s*/g, ' '));
    const result = plain(JSON.parse(readFileSync(file, 'utf8')));
    rmSync(file);
    return { us: answer.us, firstUs: answer.first_us, rows: answer.rows, result };
  }

  async close() {
    this.process.stdin.end();
    await new Promise(resolve => this.process.on('exit', resolve));
  }
}
