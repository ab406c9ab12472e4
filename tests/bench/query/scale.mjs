/*
 * How the cost of a query grows with the graph: the same questions about 20,000, 200,000 and 2,000,000
 * people. What they find stays the same, or grows as the graph does. Prints a table in Markdown.
 *
 *     node scale.mjs BUILD [PEOPLE...]
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ednValue, eachPerson } from './data.mjs';
import { Stoa } from './stoa.mjs';

const COLUMNS_MIB = 4096;
const SEED = 1;

const [build, ...given] = process.argv.slice(2);
const sizes = given.length ? given.map(Number) : [20000, 200000, 2000000];

const questions = [
  ['100 given people', '[:find ?e ?n ?a :in $ [?e ...] :where [?e :name ?n] [?e :age ?a]]',
    [`[${Array.from({ length: 100 }, (_, i) => i * 173 + 1).join(' ')}]`]],
  ['one salary, with name and age', '[:find ?e ?n ?a :where [?e :salary 777] [?e :name ?n] [?e :age ?a]]'],
  ['20 salaries, same age and name', '[:find ?e ?f :where [?e :salary ?s] [(< ?s 5)] [?e :age ?a] [?f :age ?a] [?f :salary ?t] [(< ?t 5)]]'],
  ['q1: one name of eight', '[:find ?e :where [?e :name "Ivan"]]'],
  ['q4: a name, a sex, two more', '[:find ?e ?l ?a :where [?e :name "Ivan"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]'],
  ['avg and count by sex', '[:find ?x (avg ?s) (count ?e) :where [?e :sex ?x] [?e :salary ?s]]'],
];

async function writePeople(file, count) {
  const out = createWriteStream(file);
  out.write('#datascript/DB {:schema {} :datoms [');
  for (const person of eachPerson(count, SEED)) {
    const text = person.map(([e, a, v]) => `[${e} :${a} ${ednValue(v)} 536870913]`).join('');
    if (!out.write(text))
      await once(out, 'drain');
  }
  out.end(']}\n');
  await once(out, 'finish');
}

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), 'stoa-bench-scale-'));
  const stoa = new Stoa(build, scratch, COLUMNS_MIB);
  try {
    const found = questions.map(() => []);
    for (const size of sizes) {
      const file = join(scratch, 'people.edn');
      await writePeople(file, size);
      await stoa.import(`people-${size}`, file);
      for (const [i, [, query, args]] of questions.entries()) {
        const { us, rows } = await stoa.measure({ graph: `people-${size}`, query, rawArgs: args });
        found[i].push(`${rows}`, (us / 1000).toFixed(3));
      }
    }
    const head = sizes.flatMap((size) => [`${size.toLocaleString('en')} people: rows`, 'ms']);
    console.log(`| question | ${head.join(' | ')} |\n|${'---|'.repeat(head.length + 1)}`);
    questions.forEach(([name], i) => console.log(`| ${name} | ${found[i].join(' | ')} |`));
  } finally {
    await stoa.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
