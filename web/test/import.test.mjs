// Importing: what the readers make of small files of each format, and what the plan makes of that for a graph.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { datascript } from '../../client/dist/index.js';
import { SCHEMA, idOf, idOfTitle, readBlock, readId, referrersOf, uidOf } from '../out/model/blocks.js';
import { Plan, FORMS_MAX, mergedPages, stillToMake } from '../out/model/import/plan.js';
import { titleOfFile } from '../out/model/import/logseq.js';
import { dayNamed, frontMatter, turnDayLinks } from '../out/model/import/reading.js';
import { readFiles } from '../out/model/import/recognise.js';
import { moveTo } from '../out/model/edit.js';
import { allPages } from '../out/model/pages.js';
import { NOW, apply, faultsOf, outline, show, text } from './outline.mjs';

const data = fileURLToPath(new URL('../../tests/data/import/', import.meta.url));

function files(path) {
  if (!statSync(data + path).isDirectory()) return [{ path, text: async () => readFileSync(data + path, 'utf8') }];
  return readdirSync(data + path).sort().flatMap((name) => files(`${path}/${name}`));
}

const read = (path) => readFiles(files(path));

const written = (blocks, depth = 0) =>
  blocks.map((block) => {
    const marks = `${block.heading ? '#'.repeat(block.heading) + ' ' : ''}${block.isOpen === false ? '+' : ''}`;
    return `${'  '.repeat(depth)}${marks}${block.text.replaceAll('\n', '⏎')}\n${written(block.children, depth + 1)}`;
  }).join('');

const page = (reading, title) => written(reading.pages.find((each) => each.title === title).children);

const empty = datascript.init_db([], SCHEMA);

/* The graph with all batches, and the last counts. */
function imported(db, pages) {
  let count = 0;
  let [made, counts] = [db, undefined];
  for (const batch of new Plan(db, mergedPages(pages), NOW, () => `fresh${count++}`).batches()) {
    made = apply(made, batch.forms);
    counts = batch.counts;
  }
  return { db: made, counts };
}

const uidOfTitle = (db, title) => uidOf(db, idOfTitle(db, title));
const refsTo = (db, uid) => referrersOf(db, idOf(db, uid)).map((id) => uidOf(db, id)).sort();

test('Roam JSON', async () => {
  const reading = await read('roam.json');
  assert.deepEqual([reading.format, reading.left], ['Roam JSON', ['roam.json: 1 entries without a text']]);
  assert.equal(page(reading, 'Symposium'), text(`
    ## A [[Drinking Party]] at the house of [[Agathon]]
      {{[[TODO]]}} read the speech of #Diotima
      +Source:: ((agath0001))
        below`));
  const { db, counts } = imported(empty, reading.pages);
  assert.deepEqual(counts, { pages: 2, newPages: 2, blocks: 5, present: 0, renewed: 0 });
  assert.equal(readBlock(db, 'sympo0001').heading, 2);
  assert.equal(readBlock(db, 'sympo0003').isOpen, false);
  assert.deepEqual([refsTo(db, 'agathon00'), refsTo(db, 'agath0001'), refsTo(db, 'sympo0001')], [['sympo0001'], ['sympo0003'], ['agath0001']]);
  assert.deepEqual(allPages(db).map(({ title }) => title).sort(), ['Agathon', 'Diotima', 'Drinking Party', 'Source', 'Symposium', 'TODO']);
  assert.deepEqual(faultsOf(db), []);
});

test('Roam EDN', async () => {
  const reading = await read('roam.edn');
  assert.equal(reading.format, 'Roam EDN');
  assert.deepEqual(reading.left, [
    'roam.edn: 1 blocks that are on no page', 'roam.edn: what the outliner has no place for: :block/text-align (1)',
  ]);
  assert.equal(page(reading, 'Lyceum'), text(`
    # A school
    +Founded by [[Aristotle]] "the \\ Stagirite"
      Below, see ((lyceum002))`));
  const { db } = imported(empty, reading.pages);
  assert.deepEqual([refsTo(db, 'aristotle'), refsTo(db, 'lyceum002')], [['lyceum001'], ['lyceum003']]);
});

test('an Athens save', async () => {
  const reading = await read('athens.transit');
  assert.deepEqual([reading.format, reading.left], ['Athens save', []]);
  assert.equal(page(reading, 'Academy'), 'Let no one [[ignorant of geometry]] enter\n');
});

test('a Logseq folder', async () => {
  const reading = await read('logseq');
  assert.deepEqual([reading.format, reading.left], ['Logseq folder', []]);
  assert.equal(page(reading, 'Peripatetics'), text(`
    tags:: school, walk
    # The walkers
    +{{[[TODO]]}} read [[Stoa/Painted]] on [[November 22nd, 2026]]
      {{[[TODO]]}} a draft⏎a second line
        {{[[DONE]]}} notes ((64a1b2c3-0000-4000-8000-000000000001))
    \`\`\`js⏎- not a block⏎id:: not a property⏎\`\`\``));
  assert.equal(page(reading, 'Stoa/Painted'), 'A porch%2C painted\n![frieze](../assets/frieze.png)\n');
  assert.equal(page(reading, 'What?'), '50% of it\n');
  const { db } = imported(empty, reading.pages);
  assert.equal(uidOfTitle(db, 'November 22nd, 2026'), '11-22-2026');
  assert.equal(refsTo(db, '64a1b2c3-0000-4000-8000-000000000001').length, 1);
  assert.equal(refsTo(db, uidOfTitle(db, 'Peripatetics')).length, 1);
  assert.deepEqual([titleOfFile('a___b%3Ac.md'), titleOfFile('50%.md')], ['a/b:c', '50%']);
});

test('a folder of Markdown files', async () => {
  const reading = await read('markdown');
  assert.deepEqual([reading.format, reading.left], ['Markdown', []]);
  assert.deepEqual(reading.pages.map(({ title }) => title).sort(), [
    'Diogenes Laertius', 'Dialogues/Same', 'November 22nd, 2026', 'Zeno', 'markdown/Same',
  ].sort());
  assert.equal(page(reading, 'Zeno'), text(`
    aliases:: Zeno of Citium, the Stoic
    tags:: #stoic #[[from Citium]]
    born:: 334
    Came to Athens after a wreck ([[Dialogues/Shipwreck]]).
    # Life
      He taught in a [[Stoa]].⏎Twice.
      {{[[TODO]]}} find the source
        {{[[DONE]]}} ask Laertius ([[Diogenes Laertius]])
          with a second paragraph
      first
      ## Works
        > all lost⏎every one
        | work | kept |⏎|---|---|⏎| Republic | no |
        \`\`\`py⏎- print("[[code]]")⏎\`\`\`
    # After
      ---
      \`bust.png\``));
  assert.equal(page(reading, 'Diogenes Laertius'), 'On [[November 22nd, 2026]] see `[[Zeno|no link]]`\n');
});

test('days, front matter and links to days', () => {
  assert.deepEqual(dayNamed('2026_02_03'), { uid: '02-03-2026', title: 'February 3rd, 2026' });
  assert.equal(dayNamed('2026-02-31'), undefined);
  assert.equal(turnDayLinks('[[2026-02-03]] [[Feb 3rd, 2026]] [[Feb 2026]]'), '[[February 3rd, 2026]] [[February 3rd, 2026]] [[Feb 2026]]');
  assert.deepEqual(frontMatter('a\n---\nb: c\n---\n'), { attributes: [], body: 'a\n---\nb: c\n---\n' });
});

test('what cannot be read is told, and the rest is taken', async () => {
  const bad = [
    ['notes.json', '{"a":1}'], ['broken.json', '['], ['x.edn', '{:a 1}'], ['y.transit', '["~:a"]'], ['picture.png', ''], ['.hidden', ''],
  ].map(([path, words]) => ({ path, text: async () => words }));
  const gone = { path: 'gone.md', text: () => Promise.reject(new Error('the file is gone')) };
  const reading = await readFiles([...bad, gone, { path: 'kept.md', text: async () => '- kept' }, ...files('roam.json')]);
  assert.equal(reading.pages.length, 3);
  const told = reading.left.join('\n');
  for (const part of ['notes.json: this JSON is no list', 'broken.json: ', 'x.edn: there is no :datoms', 'y.transit: there is no :datoms', 'picture.png: a file of another kind', 'gone.md: the file is gone']) {
    assert(told.includes(part), `${part} in ${told}`);
  }
  assert(!told.includes('.hidden'));
});

test('pages that are there get the blocks appended; a second import of the same brings nothing', async () => {
  const { pages } = await read('roam.json');
  const before = apply(outline('a A'), [{ ':block/uid': 'mine', ':node/title': 'Agathon' }]);
  const first = imported(before, pages);
  assert.deepEqual(first.counts, { pages: 2, newPages: 1, blocks: 5, present: 0, renewed: 0 });
  assert.equal(show(first.db, 'mine'), 'agath0001 A poet of Athens; see ((sympo0001))\n');
  const again = imported(first.db, pages);
  assert.deepEqual(again.counts, { pages: 2, newPages: 0, blocks: 0, present: 5, renewed: 0 });
  assert.equal(show(again.db, 'symposium'), show(first.db, 'symposium'));
  const more = [{ title: 'Agathon', children: [{ uid: 'agath0001', text: 'A poet of Athens; see ((sympo0001))', children: [{ text: 'new', children: [] }] }] }];
  assert.equal(show(imported(first.db, more).db, 'mine'), 'agath0001 A poet of Athens; see ((sympo0001))\n  fresh0 new\n');
});

test('of two who import one thing at once the second brings what the first has not, and moves nothing back', async () => {
  const { pages } = await read('roam.json');
  const [batch] = [...new Plan(empty, mergedPages(pages), NOW).batches()];
  const first = imported(empty, pages).db;
  const moved = apply(first, moveTo(first, ['agath0001'], 'symposium', 0));
  assert.throws(() => apply(moved, batch.forms), /cas/);
  const after = apply(moved, stillToMake(moved, batch.forms));
  assert.deepEqual([faultsOf(after), show(after, 'symposium')], [[], show(moved, 'symposium')]);
  assert.deepEqual(stillToMake(empty, batch.forms), batch.forms);
});

test('uids that something else has are renewed, with the references to them', () => {
  const pages = [
    { title: 'New', uid: 'p', children: [{ uid: 'a', text: 'mine', children: [] }, { uid: 'b', text: 'see ((a)) and ((x))', children: [] }] },
    { title: 'Twice', children: [{ uid: 'b', text: 'again', children: [] }, { uid: 'c', text: '((p))', children: [] }] },
  ];
  const before = outline('a A\nx X');
  const { db, counts } = imported(before, pages);
  assert.equal(counts.renewed, 2);
  assert.equal(show(db), show(before));
  const fresh = uidOfTitle(db, 'New');
  assert.equal(show(db, fresh), 'fresh0 mine\nb see ((fresh0)) and ((x))\n');
  assert.equal(show(db, uidOfTitle(db, 'Twice')), `fresh1 again\nc ((${fresh}))\n`);
  assert.deepEqual([refsTo(db, 'fresh0'), refsTo(db, 'x'), refsTo(db, 'a')], [['b'], ['b'], []]);
});

test('pages of one title are one, and titles such that links lead to them', () => {
  const pages = [' A  b ', 'A b', 'c ]] d', ''].map((title) => ({ title, children: [{ text: title, children: [] }] }));
  assert.deepEqual(mergedPages(pages).map(({ title, children }) => [title, children.length]), [['A b', 2], ['c )) d', 1], ['Untitled', 1]]);
});

test('transactions are bounded, and pages whole between them', () => {
  const blocks = (count, name) => Array.from({ length: count }, (_, i) => ({ uid: `${name}-${i}`, text: `#tag ${i}`, children: [] }));
  const pages = [
    { title: 'Large', children: blocks(2250, 'large') },
    { title: 'Small', children: [{ text: 'see ((later-0))', children: [] }] },
    { title: 'Medium', children: blocks(450, 'medium') },
    { title: 'Later', children: blocks(1, 'later') },
  ];
  const batches = [...new Plan(empty, pages, NOW, () => 'small').batches()];
  assert(batches.every(({ forms }) => forms.length <= FORMS_MAX + 4));
  assert.deepEqual(batches.map(({ isWhole }) => isWhole), [false, false, false, false, true, true, true]);
  const until = batches.findLastIndex(({ counts }) => counts.pages === 3);
  const cut = batches.slice(0, until + 1).reduce((db, { forms }) => apply(db, forms), empty);
  assert.deepEqual([faultsOf(cut), readId(cut, idOf(cut, 'small')).text], [[], 'see ((later-0))']);
  const whole = batches.slice(until + 1).reduce((db, { forms }) => apply(db, forms), cut);
  assert.deepEqual(refsTo(whole, 'later-0'), ['small']);
});
