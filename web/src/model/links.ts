/*
 * References in a block's text, as Roam and Athens write them:
 *
 *   [[Title]]   #Tag   #[[Title]]   Attribute::   ((uid))
 *
 * Titles may hold links themselves: [[Notes on [[Plato]]]] names two pages. Nothing in `code` is a
 * reference. The same scanner serves :block/refs, renaming and the display, so that they cannot differ.
 */

export type LinkKind = 'page' | 'tag' | 'attribute' | 'block';

export interface Link {
  readonly kind: LinkKind;
  /* A title, or a uid. */
  readonly target: string;
  /* The link in the text, with its brackets or mark. */
  readonly start: number;
  readonly end: number;
  /* Brackets within brackets; 0 outside. */
  readonly depth: number;
}

/* Characters that end a #tag. */
const TAG = /#([^\s#[\](){},;:!?"'`*^<>|]+)/y;
const BLOCK = /\(\(([\w-]{1,64})\)\)/y;
const ATTRIBUTE = /^\s*([^[\]:`#(){}\n]{1,200})::/;

/* The link that begins at `at`, if one does. */
export function linkAt(text: string, at: number, depth = 0): Link | undefined {
  if (text.startsWith('[[', at)) {
    const end = closingOf(text, at);
    return end === undefined ? undefined : link('page', text.slice(at + 2, end - 2), at, end, depth);
  }
  if (text.startsWith('#[[', at)) {
    const end = closingOf(text, at + 1);
    return end === undefined ? undefined : link('tag', text.slice(at + 3, end - 2), at, end, depth);
  }
  if (text[at] === '#' && (at === 0 || /[\s([{"'*_^,;]/.test(text[at - 1]!))) {
    TAG.lastIndex = at;
    const name = TAG.exec(text)?.[1]?.replace(/\.+$/, '');
    return name ? link('tag', name, at, at + 1 + name.length, depth) : undefined;
  }
  if (text.startsWith('((', at)) {
    BLOCK.lastIndex = at;
    const uid = BLOCK.exec(text)?.[1];
    return uid ? link('block', uid, at, at + uid.length + 4, depth) : undefined;
  }
  return undefined;
}

function link(kind: LinkKind, target: string, start: number, end: number, depth: number): Link | undefined {
  return target.trim() === '' || target.includes('\n') ? undefined : { kind, target, start, end, depth };
}

/* The end of the brackets that open at `at`, which may hold others. */
function closingOf(text: string, at: number): number | undefined {
  let depth = 0;
  for (let i = at; i < text.length - 1; i++) {
    if (text.startsWith('[[', i)) {
      depth++;
      i++;
    } else if (text.startsWith(']]', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}

/* The name before `::` at the start of a text, if there is one. */
export function attributeAt(text: string): Link | undefined {
  const match = ATTRIBUTE.exec(text);
  const name = match?.[1]!.trim();
  return match && name ? { kind: 'attribute', target: name, start: 0, end: match[0].length, depth: 0 } : undefined;
}

/* All references, in the order of their starts; outer before inner. */
export function linksOf(text: string): Link[] {
  const links: Link[] = [];
  const attribute = attributeAt(text);
  if (attribute) links.push(attribute);
  scan(text, 0, text.length, 0, links);
  return links;
}

function scan(text: string, from: number, to: number, depth: number, links: Link[]): void {
  for (let i = from; i < to; i++) {
    if (text[i] === '`') {
      i = codeEnd(text, i) - 1;
      continue;
    }
    const found = linkAt(text, i, depth);
    if (!found || found.end > to) continue;
    links.push(found);
    if (found.target.includes('[[')) {
      scan(text, found.start + (text[found.start] === '#' ? 3 : 2), found.end - 2, depth + 1, links);
    }
    i = found.end - 1;
  }
}

/* Past the code that opens at `at`; past the backticks alone where nothing closes them. */
function codeEnd(text: string, at: number): number {
  let run = at;
  while (text[run] === '`') run++;
  const close = text.indexOf(text.slice(at, run), run);
  return close < 0 ? run : close + (run - at);
}

/* Where a text is code. */
export function codeIn(text: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let start = text.indexOf('`'); start >= 0; start = text.indexOf('`', found.at(-1)!.end)) {
    found.push({ start, end: codeEnd(text, start) });
  }
  return found;
}

/* Writes a tag for a title: in brackets where it could not be read otherwise. */
export function tagText(title: string): string {
  return linkAt(`#${title}`, 0)?.end === title.length + 1 ? `#${title}` : `#[[${title}]]`;
}

/* The text with the links to a title turned to another one; also within other titles. */
export function renameLinks(text: string, from: string, to: string): string {
  const inner = linksOf(text).filter((each) => each.kind !== 'block' && each.target === from);
  let result = text;
  for (const each of inner.reverse()) {
    result = result.slice(0, each.start) + linkText(each.kind, to, text) + result.slice(each.end);
  }
  return result;
}

function linkText(kind: LinkKind, title: string, text: string): string {
  if (kind === 'page') return `[[${title}]]`;
  if (kind === 'tag') return tagText(title);
  const space = /^\s*/.exec(text)![0];
  return attributeAt(`${title}::`)?.target === title ? `${space}${title}::` : `${space}[[${title}]]::`;
}

/* Whether a link to a title can be written. */
export function isLinkable(title: string): boolean {
  return linkAt(`[[${title}]]`, 0)?.target === title;
}

/* The text with references to one block turned to another. */
export function repointBlocks(text: string, from: string, to: string): string {
  const found = linksOf(text).filter((each) => each.kind === 'block' && each.target === from);
  return found
    .reverse()
    .reduce((result, each) => `${result.slice(0, each.start)}((${to}))${result.slice(each.end)}`, text);
}
