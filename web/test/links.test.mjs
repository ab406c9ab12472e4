// References in text: what is one, and what renaming makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linksOf, renameLinks, repointBlocks, tagText } from '../out/model/links.js';

const found = [
  ['nothing here', []],
  ['[[Plato]] met [[Socrates of Athens]]', ['page Plato', 'page Socrates of Athens']],
  ['#idea and #[[a long idea]].', ['tag idea', 'tag a long idea']],
  ['#a/b-c_d. (#in) x#not', ['tag a/b-c_d', 'tag in']],
  ['see ((abc_-1234)) and ((not one))', ['block abc_-1234']],
  ['Author:: [[Plato]]', ['attribute Author', 'page Plato']],
  ['[[Notes on [[Plato]]]]', ['page Notes on [[Plato]]', 'page Plato']],
  ['`[[code]]` ``#x`` [[yes]]', ['page yes']],
  ['```\n[[code]]\n``` [[yes]]', ['page yes']],
  ['a lone ` [[yes]]', ['page yes']],
  ['[[]] [[ ]] [[open', []],
  ['{{[[TODO]]}} buy', ['page TODO']],
  ['# not a tag, #1 is', ['tag 1']],
  ['http://x.org/#part', []],
  ['日本 #日本語 [[ελλάς]]', ['tag 日本語', 'page ελλάς']],
];
for (const [text, links] of found) {
  test(`links of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(linksOf(text).map((link) => `${link.kind} ${link.target}`), links);
  });
}

const renamed = [
  ['[[A]] #A #[[A]] A', 'B', '[[B]] #B #B A'],
  ['[[A]] and #A.', 'B C', '[[B C]] and #[[B C]].'],
  ['A:: x [[A]]', 'B', 'B:: x [[B]]'],
  ['`[[A]]` [[AA]]', 'B', '`[[A]]` [[AA]]'],
  ['[[on [[A]]]]', 'B', '[[on [[B]]]]'],
];
for (const [text, to, result] of renamed) {
  test(`A renamed to ${to} in ${text}`, () => assert.equal(renameLinks(text, 'A', to), result));
}

test('a tag that needs brackets gets them', () => {
  assert.deepEqual(['one', 'two words', 'a.'].map(tagText), ['#one', '#[[two words]]', '#[[a.]]']);
});

test('references to a block are turned', () => {
  assert.equal(repointBlocks('((a)) `((a))` ((b))', 'a', 'c'), '((c)) `((a))` ((b))');
});
