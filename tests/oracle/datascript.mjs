/*
 * Answers queries by npm's datascript: a line of JSON [schema datoms query args] in, a line of EDN
 * [:ok result] or [:error message] out.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../client/package.json', import.meta.url));
const datascript = require('datascript');

function edn(value) {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return `[${value.map(edn).join(' ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)} ${edn(v)}`).join(' ')}}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return '##NaN';
  return JSON.stringify(value);
}

function answer([schema, datoms, query, args]) {
  const db = datascript.init_db(datoms, schema);
  return datascript.q(query, db, ...args);
}

console.log = () => {}; // it prints clauses that it refuses
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = `[:ok ${edn(answer(JSON.parse(line)))}]`;
  } catch (error) {
    reply = `[:error ${JSON.stringify(String(error.message ?? error))}]`;
  }
  process.stdout.write(`${reply}\n`);
}
