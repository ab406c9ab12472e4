/*
 * Databases for tests, written as outlines: a line is a block, its first word the uid, the rest the text;
 * two spaces of indentation a level; `+` before the uid closes the block. The page is `p`, titled "Page".
 */
import { datascript } from '../../client/dist/index.js';
import { SCHEMA, childrenOf, idOf, parentOf, readId } from '../out/model/blocks.js';
import { refForms } from '../out/model/forms.js';
import { heldForms } from '../out/model/draft.js';

export const NOW = 1_000;

export const refOf = (uid) => [':block/uid', uid];

export function apply(db, forms) {
  return datascript.db_with(db, heldForms(forms));
}

/* The database after forms, and what a client is told of the transaction. */
export function transacted(db, forms) {
  const report = datascript.transact(datascript.conn_from_db(db), heldForms(forms));
  const datoms = report.tx_data.map(({ e, a, v, tx }) => [e, a, v, Math.abs(tx), tx > 0]);
  return { db: report.db_after, datoms: datoms.sort((one, other) => Number(one[4]) - Number(other[4])) };
}

export function outline(text) {
  let db = datascript.init_db([], SCHEMA);
  db = apply(db, [{ ':block/uid': 'p', ':node/title': 'Page' }]);
  const open = ['p'];
  const counts = new Map();
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, space, closed, uid, words] = /^( *)(\+?)(\S+) ?(.*)$/.exec(line);
    const depth = space.length / 2;
    const parent = open[depth];
    const order = counts.get(parent) ?? 0;
    counts.set(parent, order + 1);
    db = apply(db, [
      { ':block/uid': uid, ':block/string': words, ':block/order': order, ':block/open': closed === '' },
      [':db/add', refOf(parent), ':block/children', refOf(uid)],
    ]);
    open[depth + 1] = uid;
  }
  const blocks = datascript.datoms(db, ':aevt', ':block/string').map(({ e }) => readId(db, e));
  return blocks.reduce((all, block) => apply(all, refForms(all, block.uid, block.text, true, NOW)), db);
}

export function show(db, uid = 'p', depth = 0) {
  return childrenOf(db, idOf(db, uid))
    .map((block) => {
      const line = `${'  '.repeat(depth)}${block.isOpen ? '' : '+'}${block.uid} ${block.text}`.trimEnd();
      return `${line}\n${show(db, block.uid, depth + 1)}`;
    })
    .join('');
}

/* The page of a database as the server would have told it. */
export function pastOf(db, uid = 'p') {
  const past = (block) => ({
    uid: block.uid, text: block.text, heading: block.heading, isOpen: block.isOpen, order: block.order,
    children: childrenOf(db, block.id).map(past),
  });
  const page = readId(db, idOf(db, uid));
  return { ...past(page), title: page.title };
}

/* What must hold in every graph: each block under one parent, all of them reached from a page. */
export function faultsOf(db) {
  return datascript
    .datoms(db, ':aevt', ':block/string')
    .map(({ e }) => readId(db, e))
    .flatMap((block) => {
      const parents = datascript.datoms(db, ':avet', ':block/children', block.id).length;
      let top = block.id;
      for (let i = 0; i < 100 && parentOf(db, top) !== undefined; i++) top = parentOf(db, top);
      const isReached = readId(db, top).title !== undefined;
      return [
        ...(parents === 1 ? [] : [`${block.uid} has ${parents} parents`]),
        ...(isReached ? [] : [`${block.uid} is not below a page`]),
      ];
    });
}

/* Outlines in tests are indented as the code is. */
export function text(lines) {
  const all = lines.split('\n').filter((line) => line.trim() !== '');
  const margin = Math.min(...all.map((line) => line.search(/\S/)));
  return all.map((line) => `${line.slice(margin).trimEnd()}\n`).join('');
}
