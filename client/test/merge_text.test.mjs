/* Merging two people's typing: by example, and by chance with every character typed accounted for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeText } from '../dist/node.js';
import { Random, seedOf } from '../../tests/e2e/random.mjs';

const EXAMPLES = [
  // base, one side, the other side, merged
  ['', '', '', ''],
  ['same', 'same', 'same', 'same'],
  ['one side', 'one side typed', 'one side', 'one side typed'],
  ['hello', 'hello A', 'hello B', 'hello A B'],
  ['', 'x', 'y', 'xy'],
  ['x', 'xa', 'xa', 'xaa'],
  ['The cat sat', 'The dog sat', 'The cats sat here', 'The dogs sat here'],
  ['cat', 'dog', 'a cat', 'a dog'],
  ['remove all of this', '', 'remove all or none of this', 'r none o'],
  ['ab', 'b', 'a', ''],
  ['abcd', 'ad', 'abXcd', 'aXd'],
  ['\u{1f600}', '\u{1f600}\u{1f601}', '\u{1f602}\u{1f600}', '\u{1f602}\u{1f600}\u{1f601}'],
  // Both begin with the same half of a surrogate pair.
  ['a\u{1f600}b', 'a\u{1f601}b', 'a\u{1f600}cb', 'a\u{1f601}cb'],
  // An accent belongs to its letter: who added it has replaced the letter.
  ['e', 'e\u0301', 'fe', 'fe\u0301'],
  // A family is one character.
  ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\u{1f468}\u200d\u{1f469}\u200d\u{1f466}', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}!', '\u{1f468}\u200d\u{1f469}\u200d\u{1f466}!'],
  // A flag is two regional indicators.
  ['\u{1f1e9}\u{1f1ea}', '\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}', '\u{1f1e8}\u{1f1ed}\u{1f1e9}\u{1f1ea}', '\u{1f1e8}\u{1f1ed}\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}'],
  ['a\r\nb', 'a\r\nb\r\nc', 'a\nb', 'a\nb\r\nc'],
];

test('examples', () => {
  for (const [base, one, other, merged] of EXAMPLES) {
    assert.equal(mergeText(base, one, other), merged, JSON.stringify([base, one, other]));
    assert.equal(mergeText(base, other, one), merged, `${JSON.stringify([base, other, one])}: the other way round`);
  }
});

const SIMPLE = ['a', 'b', ' '];
const UNICODE = ['a', 'e\u0301', '\u{1f600}', '\u{1f468}\u200d\u{1f469}', '\u{1f1e9}\u{1f1ea}', '\u00e9', '\u4e2d', '\r\n'];

const charactersOf = (text) => Array.from(new Intl.Segmenter('und').segment(text), ({ segment }) => segment);

function countsOf(characters) {
  const counts = new Map();
  characters.forEach((character) => counts.set(character, (counts.get(character) ?? 0) + 1));
  return counts;
}

test('of what was only typed, with no more than a few letters, every one is there and none twice', (t) => {
  const random = new Random(seedOf(t));
  for (let round = 0; round < 2000; round++) {
    const letters = random.pick([SIMPLE, UNICODE]);
    const text = (length) => Array.from({ length: random.below(length) }, () => random.pick(letters));
    const base = text(12);
    const typed = [];
    const [one, other] = [0, 1].map(() => {
      const side = [...base];
      for (let n = random.below(4); n > 0; n--) {
        const run = text(4);
        typed.push(...run);
        side.splice(random.below(side.length + 1), 0, ...run);
      }
      return side.join('');
    });
    const merged = mergeText(base.join(''), one, other);
    const note = JSON.stringify([base.join(''), one, other, merged]);
    assert.deepEqual(countsOf(charactersOf(merged)), countsOf([...base, ...typed].sort()), note);
    assert.equal(mergeText(base.join(''), other, one), merged, note);
  }
});

test('texts that have nothing in common, and long ones, are merged in bounded time', (t) => {
  const random = new Random(seedOf(t));
  const long = (words) => Array.from({ length: words }, () => random.name(5)).join(' ');
  for (const words of [50, 500, 5000]) {
    const [base, one, other] = [long(words), long(words), long(words)];
    const begun = process.cpuUsage().user;
    const merged = mergeText(base, one, other);
    t.diagnostic(`${words} words: ${Math.round((process.cpuUsage().user - begun) / 1000)} ms`);
    const counts = countsOf([...merged]);
    for (const side of [one, other]) {
      const lost = [...countsOf([...side])].filter(([letter, count]) => (counts.get(letter) ?? 0) < count - countsOf([...base]).get(letter));
      assert.deepEqual(lost, []);
    }
    assert.equal(mergeText(base, other, one), merged);
    assert.equal(mergeText(base, `${base} end`, `start ${base}`), `start ${base} end`);
  }
});

/*
 * Two people at one text, with a server between them that takes compare-and-set only: each types
 * into what is shown, edits wait in order, and what is refused is merged and sent again. Offline is
 * when nothing of a person's is delivered for some time.
 */
class Typist {
  pending = []; // {base, mine}: the first begins from what was seen of the server, each other one from the one before it

  constructor(server, random, next) {
    Object.assign(this, { server, random, next, seen: server.text });
  }

  get shown() {
    return this.pending.at(-1)?.mine ?? this.seen;
  }

  type(isOnlyTyping) {
    const shown = charactersOf(this.shown);
    if (!isOnlyTyping && shown.length > 0 && this.random.chance(0.3)) {
      const [gone] = shown.splice(this.random.below(shown.length), 1);
      this.server.removed.add(gone);
    } else {
      const character = this.next();
      this.server.typed.push(character);
      shown.splice(this.random.below(shown.length + 1), 0, character);
    }
    this.pending.push({ base: this.shown, mine: shown.join('') });
  }

  see() {
    this.seen = this.server.text;
    this.pending.reduce((base, edit) => {
      edit.mine = mergeText(edit.base, edit.mine, base);
      edit.base = base;
      return edit.mine;
    }, this.seen);
  }

  send() {
    const [edit] = this.pending;
    if (edit?.base === this.server.text) {
      this.server.text = this.seen = edit.mine;
      this.pending.shift();
    } else {
      this.see();
    }
  }
}

test('1,000 interleavings of two people typing, online and offline: no character is lost', (t) => {
  const random = new Random(seedOf(t));
  for (let round = 0; round < 1000; round++) {
    let count = 0;
    // Each character typed is typed only once: from beyond the basic plane, some with an accent.
    const next = () => String.fromCodePoint(0x20000 + count++) + (random.chance(0.2) ? '\u0301' : '');
    const base = Array.from({ length: random.below(20) }, next).join('');
    const server = { text: base, typed: charactersOf(base), removed: new Set() };
    const people = [0, 1].map(() => new Typist(server, random, next));
    const isOnlyTyping = random.chance(0.5);
    for (let step = 0; step < 40; step++) {
      const person = random.pick(people);
      random.pick([() => person.type(isOnlyTyping), () => person.send(), () => person.see()])();
    }
    while (people.some((person) => person.pending.length > 0)) {
      random.pick(people).send();
    }
    people.forEach((person) => person.see());
    const kept = server.typed.filter((character) => !server.removed.has(character));
    assert.deepEqual(charactersOf(server.text).sort(), kept.sort(), `round ${round}`);
    assert.equal(people[0].shown, people[1].shown);
  }
});
