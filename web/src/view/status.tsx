/* How it stands with the server, and what it would not take. */
import type { VNode } from 'preact';
import { copyText } from '../clipboard.js';
import { graph } from '../desk.js';

export function StatusSign(): VNode {
  const status = graph.status.value;
  const count = graph.pendingCount.value;
  const waiting = count === 0 ? '' : ` · ${count} pending`;
  const text = {
    connecting: 'Connecting …',
    syncing: 'Syncing …',
    live: 'Live',
    offline: `Offline${waiting}`,
    rejected: 'Refused by the server',
    closed: 'Closed',
  }[status];
  return (
    <div class="connection">
      <span class={`status ${status}`} role="status" title={status === 'live' ? 'In step with the server' : text}>
        {text}
      </span>
      {(status === 'offline' || status === 'rejected') && <button onClick={() => graph.reconnect()}>Try now</button>}
    </div>
  );
}

export function Rejections(): VNode | null {
  const all = graph.rejections.value;
  if (all.length === 0) return null;
  const texts = lastOfEach(all.flatMap((each) => each.texts));
  return (
    <div class="rejections" role="alert">
      <p>
        <strong>{all.length === 1 ? 'An edit was not accepted.' : `${all.length} edits were not accepted.`}</strong>{' '}
        {all.at(-1)!.message}
      </p>
      {texts.length > 0 && <pre>{texts.join('\n')}</pre>}
      <div class="buttons">
        {texts.length > 0 && <button onClick={() => void copyText(texts.join('\n'))}>Copy the text</button>}
        <button onClick={() => graph.dismissRejections()}>Dismiss</button>
      </div>
    </div>
  );
}

/* What was typed in one block is refused piece by piece, each with those before it: only the whole is worth having. */
function lastOfEach(texts: readonly string[]): string[] {
  return texts.filter((text, i) => !texts.slice(i + 1).some((later) => later.includes(text)));
}
