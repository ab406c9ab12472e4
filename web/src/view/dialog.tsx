/* A dialog over the window: the platform's own, which keeps the keyboard inside, closes on Escape, and gives the focus back. */
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ label, onClose, children }: Props): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      // At once: a key that follows may open it again.
      onCancel={(event) => (event.preventDefault(), onClose())}
      // When the browser closes it without asking; not when it is taken away.
      onClose={(event) => event.currentTarget.isConnected && onClose()}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      {children}
    </dialog>
  );
}
