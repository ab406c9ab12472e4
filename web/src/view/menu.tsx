/* A button that opens a list of things to do, as WAI-ARIA's menu button: arrow keys go through it, Escape closes it. */
import type { VNode } from 'preact';
import { useId, useRef } from 'preact/hooks';

export interface Entry {
  readonly label: string;
  readonly act: () => void;
}

interface Props {
  readonly label: string;
  readonly entries: readonly Entry[];
}

export function Menu({ label, entries }: Props): VNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const items = (): HTMLElement[] => [...list.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
  // In the top layer, so that no row covers it. At once, and not with the event that tells of it: the next key may be there before.
  const turn = (): void => {
    list.current!.togglePopover();
    if (!list.current!.matches(':popover-open')) return;
    const box = button.current!.getBoundingClientRect();
    const { style, offsetWidth, offsetHeight } = list.current!;
    style.left = `${Math.max(8, Math.min(box.right - offsetWidth, innerWidth - offsetWidth - 8))}px`;
    style.top = `${Math.max(8, Math.min(box.bottom + 4, innerHeight - offsetHeight - 8))}px`;
    items()[0]?.focus();
  };
  const told = (event: ToggleEvent): void => button.current!.setAttribute('aria-expanded', String(event.newState === 'open'));
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Tab') list.current!.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    all[to % all.length]!.focus();
  };
  return (
    <>
      <button
        ref={button}
        class="icon dots"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded="false"
        aria-controls={id}
        onClick={turn}
      />
      <div id={id} ref={list} class="menu-list" popover="auto" role="menu" aria-label={label} onToggle={told} onKeyDown={onKeyDown}>
        {entries.map((entry) => (
          <button
            key={entry.label}
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              list.current!.hidePopover();
              entry.act();
            }}
          >
            {entry.label}
          </button>
        ))}
      </div>
    </>
  );
}
