/*
 * Two people edit one block: run this twice, in two terminals, and type.
 *
 *     deploy/run &
 *     npm --prefix client ci && npm --prefix client run build
 *     node client/examples/ten-lines.mjs Plato
 *     node client/examples/ten-lines.mjs Diotima
 *
 * STOA_URL is the gateway's address. Without a name on the command line both people are in this one
 * program, and it ends by itself.
 */
import { createInterface } from 'node:readline';
import { connect, datascript } from '@stoa/client';

const BLOCK = [':block/uid', 'ten-lines'];
const url = (process.env.STOA_URL ?? 'http://127.0.0.1:3010').split(',');

// The app: a block that is shown whenever somebody changes it, and changed by editBlock().
async function open(name, show) {
  const client = connect({ url, user: { name } });
  const text = () => datascript.q('[:find ?s . :where [?e ":block/uid" "ten-lines"] [?e ":block/string" ?s]]', client.db);
  let shown = null;
  datascript.listen(client.conn, () => text() === shown || show((shown = text())));
  await client.live();
  await client.transact('[{:db/ident :block/uid :db/unique :db.unique/identity}]');
  await client.transact('[{:block/uid "ten-lines"}]');
  return { client, text, editBlock: (change) => client.editText(BLOCK, ':block/string', change(text() ?? '')) };
}

const [name] = process.argv.slice(2);
if (name) {
  const { editBlock } = await open(name, (text) => console.log(`  the block: ${text}`));
  console.log(`You are ${name}. What you type is added to the block.`);
  createInterface({ input: process.stdin }).on('line', (line) => editBlock((text) => `${text} ${line}`.trim()));
} else {
  const people = await Promise.all(['Plato', 'Diotima'].map((who) => open(who, (text) => console.log(`${who} sees: ${text}`))));
  const [plato, diotima] = people;
  await plato.editBlock(() => 'Love is a god.');
  while (diotima.text() !== plato.text()) {
    await new Promise((resolve) => diotima.client.on('tx', resolve));
  }
  await Promise.all([
    plato.editBlock((text) => `${text} So I was told.`),
    diotima.editBlock((text) => text.replace('a god', 'neither a god nor a mortal')),
  ]);
  await Promise.all(people.map(({ client }) => client.close()));
}
