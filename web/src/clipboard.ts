/* Puts a text on the clipboard, and says so when the browser will not have it. */
import { tell } from './ask.js';

export async function copyText(text: string): Promise<void> {
  // Browsers give navigator.clipboard to https and localhost alone, and may ask their user first.
  const isCopied = await (navigator.clipboard?.writeText(text).then(() => true, () => false) ?? false);
  if (!isCopied && !copyByCommand(text)) await tell('The browser would not copy the text', 'Select it with the mouse and copy it, or allow this address to use the clipboard.');
}

/* The way for all other addresses. */
function copyByCommand(text: string): boolean {
  let isCopied = false;
  const copied = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData?.setData('text/plain', text);
    isCopied = true;
  };
  addEventListener('copy', copied, { capture: true });
  document.execCommand('copy');
  removeEventListener('copy', copied, { capture: true });
  return isCopied;
}
