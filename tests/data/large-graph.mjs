/*
 * A graph as large as outliners get, the same every time: one very long page, one of several hundred blocks, and many
 * short ones, nested, with links between them, in the attributes of Roam and Athens.
 */
import { Random } from '../e2e/random.mjs';

const TX = 2 ** 29 + 1;
const FIRST_MS = Date.UTC(2021, 3, 1);
const LONGEST = 10_000;
const LONG = 500;
const SHORT = 80;
const DEPTH_MAX = 6;

const WORDS = 'stoa agora column walk question answer note draft reading proof **bold** __italic__ `code` long short today'.split(' ');

const SCHEMA = `{:block/uid {:db/unique :db.unique/identity}
           :node/title {:db/unique :db.unique/identity}
           :block/children {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}
           :block/refs {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}}`;

/* The graph as EDN text, in the form of an export. */
export function largeGraph(blocks) {
  const random = new Random(20210402);
  const datoms = [];
  const add = (eid, attribute, value) => datoms.push(`[${eid} :${attribute} ${value} ${TX}]`);
  const sizes = [LONGEST, LONG];
  for (let left = blocks - LONGEST - LONG; left > 0; left -= SHORT) sizes.push(Math.min(left, SHORT));
  sizes.forEach((_, i) => {
    add(i + 1, 'node/title', `"Page ${i}"`);
    add(i + 1, 'block/uid', `"page-${i}"`);
    add(i + 1, 'create/time', FIRST_MS + i);
  });
  let eid = sizes.length;
  sizes.forEach((size, page) => {
    const path = [{ eid: page + 1, children: 0 }];
    for (let i = 0; i < size; i++) {
      eid += 1;
      path.length = 1 + random.below(Math.min(path.length, DEPTH_MAX));
      const parent = path.at(-1);
      const text = Array.from({ length: 3 + random.below(20) }, () => random.pick(WORDS));
      if (random.chance(0.2)) {
        const target = random.below(sizes.length);
        text.push(`[[Page ${target}]]`);
        add(eid, 'block/refs', target + 1);
      }
      add(eid, 'block/uid', `"block-${eid}"`);
      add(eid, 'block/string', `"${text.join(' ')}"`);
      add(eid, 'block/order', parent.children++);
      add(eid, 'block/open', true);
      add(eid, 'edit/time', FIRST_MS + eid);
      add(parent.eid, 'block/children', eid);
      path.push({ eid, children: 0 });
    }
  });
  return `#datascript/DB {:schema ${SCHEMA}\n :datoms [${datoms.join('\n          ')}]}\n`;
}
