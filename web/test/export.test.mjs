// Exporting: a page's Markdown, and names of files that every system takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setText } from '../out/model/edit.js';
import { set } from '../out/model/forms.js';
import { fileName, pageMarkdown, writePages } from '../out/model/export.js';
import { readMarkdownPage } from '../out/model/import/markdown_page.js';
import { makePage } from '../out/model/pages.js';
import { NOW, apply, outline, text } from './outline.mjs';

const page = () => {
  let db = outline('a A [[Link]]\n  b see ((a)) and ((none))\nc {{[[DONE]]}} done\nd D');
  db = apply(db, setText(db, 'd', '```js\ncode((a))\n```', true, NOW));
  return apply(db, [set('a', ':block/heading', 2)]);
};

test('a page as Markdown, with the texts of what it refers to', () => {
  assert.equal(pageMarkdown(page(), 'p'), text(`
    - ## A [[Link]]
      - see A [[Link]] and ((none))
    - [x] done
    - \`\`\`js
      code((a))
      \`\`\``));
  assert.equal(pageMarkdown(page(), 'none'), '');
});

test('what is exported can be imported', () => {
  const { children } = readMarkdownPage('Page', pageMarkdown(page(), 'p'));
  assert.deepEqual(children.map((block) => block.text), ['', '{{[[DONE]]}} done', '```js\ncode((a))\n```']);
});

test('names of files are safe and differ', () => {
  const taken = new Set();
  const names = ['a/b: c?', 'A_B_ C_', 'CON', '..', '', ' x. ', 'é'.repeat(150)].map((title) => fileName(title, taken));
  assert.deepEqual(names.slice(0, 6), ['a_b_ c_.md', 'A_B_ C_ (2).md', 'CON_.md', '_.md', '_ (2).md', 'x.md']);
  assert.equal(names[6], `${'é'.repeat(100)}.md`);
});

test('all pages that have blocks become files', () => {
  const db = apply(page(), makePage(page(), 'a/b', NOW).forms);
  const files = [];
  const steps = writePages(db, (name, words) => files.push([name, words.length > 0]));
  let step = steps.next();
  while (!step.done) step = steps.next();
  assert.deepEqual([step.value, files], [2, [['Page.md', true], ['a_b.md', true]]]);
});
