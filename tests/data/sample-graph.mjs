#!/usr/bin/env node
/*
 * The project's own sample graph, the same every time: people, pages, and 2,400 blocks nested as
 * outliners nest them, in the attributes of Roam and Athens; values of every type that a graph
 * without declarations can hold, texts long enough to leave an index key, and references.
 *
 *     node tests/data/sample-graph.mjs > sample-graph.edn
 */
import { pathToFileURL } from 'node:url';
import { Random } from '../e2e/random.mjs';

const TX_0 = 2 ** 29;
const PAGES = 120;
const BLOCKS = 2400;
const PEOPLE = 6;
const FIRST_MS = Date.UTC(2021, 3, 1);

const SCHEMA = `{:block/uid {:db/unique :db.unique/identity}
           :node/title {:db/unique :db.unique/identity}
           :user/email {:db/unique :db.unique/identity}
           :block/children {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}
           :block/refs {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}
           :block/parents {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}
           :block/page {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/one}
           :block/comments {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/many, :db/isComponent true}
           :block/tags {:db/cardinality :db.cardinality/many}
           :block/order {:db/index true}
           :edit/user {:db/valueType :db.type/ref, :db/cardinality :db.cardinality/one}}`;

const WORDS = [
  'stoa', 'agora', 'column', 'walk', 'question', 'answer', 'note', 'draft', 'reading', 'proof', 'Ζήνων', 'Πλάτων',
  'naïve', 'façade', '机', '散歩', 'сад', '\u{1f3db}\ufe0f', '\u{1f469}\u200d\u{1f4bb}', 'e\u0301tude', 'long', 'short',
  'today', 'TODO', '{{[[DONE]]}}', '**bold**', '`code`', 'C:\\path', '"quoted"', 'tab\there', 'line\nbreak', '~tilde',
];

const string = (text) =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;

class Graph {
  random = new Random(20210401);
  datoms = [];
  tx = TX_0 + 1;
  eid = 0;

  /* One entity, written by one transaction; a list of values for cardinality many. */
  entity(attributes) {
    const eid = ++this.eid;
    for (const [attribute, values] of Object.entries(attributes)) {
      for (const value of [values].flat()) {
        this.datoms.push(`[${eid} :${attribute} ${value} ${this.tx}]`);
      }
    }
    return eid;
  }

  add(eid, attribute, value) {
    this.datoms.push(`[${eid} :${attribute} ${value} ${this.tx}]`);
  }

  words(count) {
    return Array.from({ length: count }, () => this.random.pick(WORDS)).join(' ');
  }

  text() {
    const { random } = this;
    if (random.chance(0.03)) {
      // Alike in their first 400 bytes: an index must tell them apart by what it keeps elsewhere.
      return `${'All that is written here begins alike. '.repeat(11)}${random.name(8)}`;
    }
    return this.words(random.chance(0.05) ? 80 + random.below(120) : 1 + random.below(14));
  }

  times(user) {
    const ms = FIRST_MS + this.eid * 61_000;
    const edited = ms + this.random.below(86_400_000);
    return { 'create/time': ms, 'edit/time': edited, 'edit/user': user };
  }

  extras() {
    const { random } = this;
    const kinds = [
      () => ['block/props', `{:view :${random.pick(['document', 'numbered'])}, "size" ${random.below(9)}}`],
      () => ['block/seen', `#{"${random.name(3)}" "x${random.name(3)}"}`],
      () => ['block/tags', [`"${random.name(4)}"`, `:tag/t${random.below(20)}`, String(random.below(50))]],
      () => ['block/heading', String(1 + random.below(3))],
      () => ['block/share', (random.below(1000) / 8 + 0.5).toString()],
      () => ['block/due', `#inst "2021-0${1 + random.below(9)}-1${random.below(10)}T08:00:00.000-00:00"`],
      () => ['block/key', `#uuid "00000000-0000-4000-8000-${random.below(2 ** 32).toString(16).padStart(12, '0')}"`],
      () => ['block/nested', `[1 [2 {:a #{:b}}] "three" nil true]`],
      () => ['block/serial', String(2n ** 60n + BigInt(random.below(1000)))],
    ];
    return random.chance(0.3) ? Object.fromEntries([random.pick(kinds)()]) : {};
  }

  block(user, page, parents, order) {
    const { random } = this;
    this.tx += random.chance(0.5) ? 1 : 0;
    const eid = this.entity({
      'block/uid': string(random.name(9)),
      'block/string': string(this.text()),
      'block/order': order,
      'block/open': random.chance(0.9),
      'block/page': page,
      'block/parents': parents,
      ...this.times(user),
      ...this.extras(),
    });
    this.add(parents[parents.length - 1], 'block/children', eid);
    if (random.chance(0.2) && eid > 200) {
      this.add(eid, 'block/refs', 1 + random.below(eid - 1));
    }
    return eid;
  }
}

/* The graph as EDN text, in the form of an export. */
export function sampleGraph() {
  const graph = new Graph();
  const { random } = graph;
  const people = Array.from({ length: PEOPLE }, (_, i) =>
    graph.entity({ 'user/email': string(`person${i}@example.org`), 'user/name': string(graph.words(2)) }));
  const pages = Array.from({ length: PAGES }, (_, i) => {
    graph.tx += 1;
    const title = string(i < 60 ? `April ${i + 1}, 2021` : `${graph.words(3)} ${i}`);
    return graph.entity({ 'node/title': title, 'block/uid': string(random.name(9)), ...graph.times(people[0]) });
  });
  const open = pages.map((page) => ({ page, path: [page], children: 0 }));
  for (let i = 0; i < BLOCKS; i++) {
    const place = random.pick(open);
    const block = graph.block(random.pick(people), place.page, place.path, place.children++);
    if (place.path.length < 8) {
      open.push({ page: place.page, path: [...place.path, block], children: 0 });
    }
    if (random.chance(0.02)) {
      graph.add(block, 'block/comments', graph.entity({ 'comment/text': string(graph.words(5)) }));
    }
  }
  return `#datascript/DB {:schema ${SCHEMA}\n :datoms [${graph.datoms.join('\n          ')}]}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(sampleGraph());
}
