/*
 * A program with a queue in a file, to be killed: transacts what it is told on standard input, a line
 * of JSON each, and says which edits are stored and which are answered.
 *
 *     node program.mjs URL GRAPH QUEUE
 */
import { createInterface } from 'node:readline';
import { connect } from '../../../client/dist/node.js';

const [url, graph, queue] = process.argv.slice(2);
const client = connect({ url, graph, queue });
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
client.onRejected(({ txData, error }) => say({ rejected: txData, code: error.code, message: error.message }));
client.onState((state) => say(state));
createInterface({ input: process.stdin }).on('line', (line) => {
  client.transact(JSON.parse(line)).then(
    ({ t }) => say({ done: t }),
    (error) => say({ failed: error.message }),
  );
});
