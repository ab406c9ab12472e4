/*
 * Merging what two people typed into one text at once.
 *
 * Each side is compared with the text that both began from. The result lacks what either side
 * removed and has everything that either side inserted, at its place: nothing that was typed is
 * lost, also where the other side removed or rewrote what surrounded it. What both inserted at one
 * place stands one after the other, in the order of the texts themselves, so that it does not
 * matter whose edit comes first: mergeText(base, a, b) is mergeText(base, b, a). For the same
 * reason two people who insert the same letters at the same place have typed them twice.
 *
 * The unit is what a reader takes for one character (a grapheme cluster of Unicode's UAX #29), so
 * surrogate pairs, combined accents and joined emoji stay whole.
 */
import { diffTokens, type Run } from './diff.js';

/* Beyond so many changed characters texts are compared by words, and beyond so many changed words
 * not at all: one replaces the other. This keeps a merge within some tens of milliseconds. */
const EDITS_MAX = 500;

/* Where each of these is a character of its own, no segmenter is needed. */
const SIMPLE = /^[^\r\u0300-\uffff]*$/;

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/* The text with both edits, whichever of the two is called `mine`. */
export function mergeText(base: string, mine: string, theirs: string): string {
  if (mine === base || theirs === base) {
    return mine === base ? theirs : mine;
  }
  const characters = charactersOf(base);
  const sides = [mine, theirs].map((text) => editOf(characters, charactersOf(text)));
  let merged = '';
  for (let at = 0; at <= characters.length; at++) {
    merged += inOrder(sides.map((side) => side.inserted.get(at)));
    merged += inOrder(sides.map((side) => side.replacing.get(at)));
    if (at < characters.length && !sides.some((side) => side.removed.has(at))) {
      merged += characters[at];
    }
  }
  return merged;
}

function inOrder(texts: readonly (string | undefined)[]): string {
  return texts.some(Boolean) ? texts.map((text) => text ?? '').sort().join('') : '';
}

function charactersOf(text: string): string[] {
  return SIMPLE.test(text) ? text.split('') : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/*
 * One side's edit, by positions in the base. What replaces characters stands before the first of
 * them, after anything that the other side inserts there: then "a " before a word, a new word in
 * its stead and an "s" after it keep their order.
 */
interface Edit {
  readonly removed: Set<number>;
  readonly inserted: Map<number, string>;
  readonly replacing: Map<number, string>;
}

function editOf(base: readonly string[], text: readonly string[]): Edit {
  const edit: Edit = { removed: new Set(), inserted: new Map(), replacing: new Map() };
  const head = commonHead(base, text);
  const tail = commonTail(base.slice(head), text.slice(head));
  let from = head; // after the last kept character
  let at = head;
  let added = '';
  const note = (): void => {
    if (added !== '') {
      (at > from ? edit.replacing : edit.inserted).set(from, added);
    }
  };
  for (const { kind, characters } of changes(base.slice(head, base.length - tail), text.slice(head, text.length - tail))) {
    if (kind === 'kept') {
      note();
      from = at += characters.length;
      added = '';
    } else if (kind === 'removed') {
      characters.forEach(() => edit.removed.add(at++));
    } else {
      added += characters.join('');
    }
  }
  note();
  return edit;
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  const end = a.findIndex((character, i) => character !== b[i]);
  return end === -1 ? a.length : end;
}

function commonTail(a: readonly string[], b: readonly string[]): number {
  return commonHead([...a].reverse(), [...b].reverse());
}

interface Change {
  readonly kind: Run['kind'];
  readonly characters: readonly string[];
}

function changes(from: readonly string[], to: readonly string[]): Change[] {
  const byCharacter = diffTokens(from, to, EDITS_MAX);
  if (byCharacter) {
    return byCharacter.map(({ kind, tokens }) => ({ kind, characters: tokens }));
  }
  const byWord = diffTokens(wordsOf(from), wordsOf(to), EDITS_MAX);
  if (byWord) {
    return byWord.map(({ kind, tokens }) => ({ kind, characters: tokens.flatMap(charactersOf) }));
  }
  return [{ kind: 'removed', characters: from }, { kind: 'added', characters: to }];
}

/* Runs of characters between white space, each with the space that follows it. */
function wordsOf(characters: readonly string[]): string[] {
  const words: string[] = [];
  let word = '';
  characters.forEach((character, i) => {
    word += character;
    if (/^\s/.test(character) || i === characters.length - 1) {
      words.push(word);
      word = '';
    }
  });
  return words;
}
