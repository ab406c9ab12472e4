/* A list of rows of unlike height of which only those in sight are in the document. */
import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from '@tanstack/virtual-core';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';

/* Before a row was seen; most have one line. */
const ROW_PX = 32;

/* Rows beyond each edge that are there already when one scrolls. */
const OVERSCAN = 8;

interface Keyed {
  readonly key: string;
}

interface Props<Item extends Keyed> {
  readonly items: readonly Item[];
  readonly draw: (item: Item) => ComponentChildren;
  /* This row stays in the document, wherever one scrolls: the caret is in it. */
  readonly heldKey: string | undefined;
  readonly label: string;
  /* This row is scrolled into sight when it changes. */
  readonly wantedKey?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  /* What follows the mouse over the rows; it returns how to stop. */
  readonly follow?: (scroller: HTMLElement) => () => void;
}

export function VirtualList<Item extends Keyed>({ items, draw, heldKey, wantedKey, label, onKeyDown, follow }: Props<Item>): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((count: number, _: void) => count + 1, 0);
  const shown = useRef({ items, heldKey });
  shown.current = { items, heldKey };
  const list = useMemo(
    () =>
      new Virtualizer<HTMLDivElement, HTMLDivElement>({
        count: items.length,
        estimateSize: () => ROW_PX,
        getScrollElement: () => scroller.current,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        overscan: OVERSCAN,
        rangeExtractor: ({ startIndex, endIndex, overscan, count }) => {
          const [from, to] = [Math.max(0, startIndex - overscan), Math.min(count - 1, endIndex + overscan)];
          const held = shown.current.items.findIndex((item) => item.key === shown.current.heldKey);
          const seen = Array.from({ length: to - from + 1 }, (_, i) => from + i);
          return held < 0 || (held >= from && held <= to) ? seen : [...seen, held];
        },
        onChange: () => redraw(),
      }),
    [],
  );
  // Another function for other items: the list keeps what it knows of rows by it.
  const getItemKey = useMemo(() => (index: number) => items[index]?.key ?? index, [items]);
  list.setOptions({ ...list.options, count: items.length, getItemKey });
  useLayoutEffect(() => list._didMount(), []);
  useLayoutEffect(() => list._willUpdate());
  useEffect(() => follow?.(scroller.current!), []);
  useEffect(() => {
    const index = wantedKey === undefined ? -1 : items.findIndex((item) => item.key === wantedKey);
    if (index >= 0) list.scrollToIndex(index, { align: 'auto' });
  }, [wantedKey]);
  return (
    <div class="scroller" ref={scroller} tabIndex={0} role="region" aria-label={label} onKeyDown={onKeyDown}>
      <div class="rows" role="list" aria-label={label} style={{ height: `${list.getTotalSize()}px` }}>
        {list.getVirtualItems().map(({ index, key, start }) => (
          <div
            class="slot"
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={index + 1}
            key={key as string}
            data-index={index}
            ref={list.measureElement}
            style={{ transform: `translateY(${start}px)` }}
          >
            {items[index] && draw(items[index])}
          </div>
        ))}
      </div>
    </div>
  );
}
