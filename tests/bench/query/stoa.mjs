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
  /* `columnsMib`: the memory for extents, when it is not to be txd's default. */
  constructor(build, scratch, columnsMib) {
    this.build = build;
    this.scratch = scratch;
    this.args = columnsMib ? [String(columnsMib)] : [];
    this.start();
  }

  start() {
    this.process = spawn(join(this.build, 'tests/bench/query/bench-query'), [join(this.scratch, 'stoa'), ...this.args],
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
    return this.import(name, file);
  }

  /* The same of a file, which is removed. */
  async import(name, file) {
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

  /* The question as a command; with `file` its answer is written there. */
  line(question, file) {
    const common = `:graph "${this.graph(question.graph)}" ${file ? `:result "${file}"` : ''}`;
    if (question.index)
      return `{:op "index" ${common} :index "${question.order ?? 'aevt'}"
        :components [${question.index.map((name) => `:${name}`).join(' ')}] :limit 100000}`;
    if (question.pull)
      return `{:op "pull" ${common} :pattern ${edn(question.pull)} :eids [${question.eids.join(' ')}]}`;
    const args = [question.rules ? edn(question.rules) : '', ...(question.args ?? []).map(edn), ...(question.rawArgs ?? [])];
    return `{:op "query" ${common} :query ${edn(question.query)} :args [${args.join(' ')}]
      ${question.asOfT ? `:as-of ${question.asOfT}` : ''} ${question.history ? ':history true' : ''}}`;
  }

  /* { us, first_us, rows } */
  measure(question, file) {
    return this.command(this.line(question, file).replace(/\n\s*/g, ' '));
  }

  /* { us, rows, result } */
  async ask(question) {
    const file = join(this.scratch, 'result.json');
    const { us, rows } = await this.measure(question, file);
    const result = plain(JSON.parse(readFileSync(file, 'utf8')));
    rmSync(file);
    return { us, rows, result };
  }

  async close() {
    this.process.stdin.end();
    await new Promise(resolve => this.process.on('exit', resolve));
  }
}
