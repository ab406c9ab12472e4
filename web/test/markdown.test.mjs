// Nested lists in and out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMarkdown, writeMarkdown } from '../out/model/markdown.js';
import { childrenOf, idOf } from '../out/model/blocks.js';
import { insert } from '../out/model/edit.js';
import { NOW, apply, outline } from './outline.mjs';

const shape = (trees) => trees.map((node) => [node.heading ? `h${node.heading} ${node.text}` : node.text, ...shape(node.children)]);
let count = 0;
const read = (text) => shape(readMarkdown(text, () => `n${count++}`));

const rows = [
  ['one line', [['one line']]],
  ['- a\n- b\n', [['a'], ['b']]],
  ['- a\n  - b\n    - c\n- d', [['a', ['b', ['c']]], ['d']]],
  ['* a\n\t* b\n\t\t* c', [['a', ['b', ['c']]]]],
  ['1. a\n2) b', [['a'], ['b']]],
  ['- a\n    - b\n  - c', [['a', ['b'], ['c']]]],
  ['first\nsecond\n\nthird', [['first'], ['second'], ['third']]],
  ['- a\n  more of a\n- b', [['a\nmore of a'], ['b']]],
  ['# Title\ntext\n## Part\n- x', [['h1 Title', ['text']], ['h2 Part', ['x']]]],
  ['- [ ] buy\n- [x] sold', [['{{[[TODO]]}} buy'], ['{{[[DONE]]}} sold']]],
  ['```js\nlet a;\n\n  - not a list\n```\nafter', [['```js\nlet a;\n\n  - not a list\n```'], ['after']]],
  ['- a\n  - ```js\n    if (a)\n      b\n    ```\n- c', [['a', ['```js\nif (a)\n  b\n```']], ['c']]],
  ['- a\r\n- b\r\n', [['a'], ['b']]],
  ['', []],
];
for (const [text, trees] of rows) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), trees));
}

test('what is written is read back', () => {
  const markdown = '- a\n  - b\n    - [ ] do\n  - [x] done\n- # Head\n  two lines\n- [[Link]] ((ref))\n';
  const db = outline('');
  const trees = readMarkdown(markdown, () => `n${count++}`);
  const filled = apply(db, insert(db, 'p', 0, trees, NOW));
  const ids = childrenOf(filled, idOf(filled, 'p')).map((block) => block.id);
  assert.equal(writeMarkdown(filled, ids), markdown);
});
