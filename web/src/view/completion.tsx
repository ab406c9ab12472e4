/* What [[, #, (( and / offer while one writes. */
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Steps } from '../../../client/dist/slices.js';
import type { Db } from '../model/blocks.js';
import { findBlocks, findPages } from '../model/search.js';
import { Inline } from './inline.js';
import { slashCommands } from './slash.js';

export interface Trigger {
  readonly kind: 'page' | 'tag' | 'block' | 'slash';
  readonly query: string;
  /* From the mark to the caret. */
  readonly start: number;
  readonly end: number;
}

export interface Option {
  readonly target: string;
  readonly label: string;
  readonly hint: string;
}

const OPTIONS_MAX = 8;

/* What is being named where the caret is, if something is. */
export function completionAt(text: string, caret: number): Trigger | undefined {
  if (text.startsWith('```')) return undefined;
  const before = text.slice(0, caret);
  const page = /#?\[\[([^[\]\n]*)$/.exec(before);
  if (page) {
    const start = page.index + (page[0].startsWith('#') ? 1 : 0);
    return { kind: 'page', query: page[1]!, start, end: caret };
  }
  const block = /\(\(([^()\n]*)$/.exec(before);
  if (block) return { kind: 'block', query: block[1]!, start: block.index, end: caret };
  const tag = /(?:^|\s)#([^\s#[\]()]+)$/.exec(before);
  if (tag) return { kind: 'tag', query: tag[1]!, start: caret - tag[1]!.length - 1, end: caret };
  const slash = /(?:^|\s)\/([a-z][a-z0-9 ]*)?$/i.exec(before);
  if (slash) return { kind: 'slash', query: slash[1] ?? '', start: caret - (slash[1]?.length ?? 0) - 1, end: caret };
  return undefined;
}

export function* suggestions(db: Db, { kind, query }: Trigger): Steps<Option[]> {
  if (kind === 'slash') {
    return slashCommands(query).map(({ name, keys }) => ({ target: name, label: name, hint: keys ?? '' }));
  }
  if (kind === 'block') {
    const found = yield* findBlocks(db, query, OPTIONS_MAX);
    return found.map((block) => ({ target: block.uid, label: block.text, hint: block.page }));
  }
  const pages = yield* findPages(db, query, OPTIONS_MAX);
  const found = pages.map(({ title }) => ({ target: title, label: title, hint: '' }));
  const isNew = query.trim() !== '' && !found.some((page) => page.target === query);
  return isNew ? [...found, { target: query, label: query, hint: 'New page' }] : found;
}

interface Props {
  readonly options: readonly Option[];
  readonly choice: number;
  readonly onChoose: (index: number) => void;
  readonly anchor: HTMLElement;
}

export function Completion({ options, choice, onChoose, anchor }: Props): VNode {
  const list = useRef<HTMLUListElement>(null);
  // In the top layer, so that no row covers it and no edge cuts it off.
  useLayoutEffect(() => {
    const box = anchor.getBoundingClientRect();
    const element = list.current!;
    element.showPopover();
    const isBelow = box.bottom + element.offsetHeight + 8 < innerHeight;
    element.style.left = `${Math.max(8, Math.min(box.left, innerWidth - element.offsetWidth - 8))}px`;
    element.style.top = `${isBelow ? box.bottom + 4 : Math.max(8, box.top - element.offsetHeight - 4)}px`;
  }, [options.length]);
  useLayoutEffect(() => list.current!.children[choice]?.scrollIntoView({ block: 'nearest' }), [choice]);
  return (
    <ul class="completion" id="completion" popover="manual" role="listbox" aria-label="Suggestions" ref={list}>
      {options.map((option, i) => (
        <li
          id={`completion-${i}`}
          key={option.target}
          role="option"
          aria-selected={i === choice}
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(i);
          }}
        >
          <span class="label"><Inline text={option.label} nesting={3} isPlain /></span>
          <span class="hint">{option.hint}</span>
        </li>
      ))}
    </ul>
  );
}
