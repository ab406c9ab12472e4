/* How it stands with the server, and what it would not take. */
import type { VNode } from 'preact';
import { graph } from '../desk.js';

export function StatusSign(): VNode {
  const count = graph.pendingCount.value;
  const waiting = count === 0 ? '' : ` · ${count} pending`;
  const text = {
    connecting: 'Connecting …',
    syncing: 'Syncing …',
    live: 'Live',
    offline: `Offline${waiting}`,
    closed: 'Closed by the server',
  }[graph.status.value];
  return (
    <span class={`status ${graph.status.value}`} role="status" title={graph.status.value === 'live' ? `In step with the server${waiting}` : text}>
      {text}
    </span>
  );
}

export function Rejections(): VNode | null {
  const all = graph.rejections.value;
  if (all.length === 0) return null;
  const texts = all.flatMap((each) => each.texts);
  return (
    <div class="rejections" role="alert">
      <p>
        <strong>{all.length === 1 ? 'An edit was not accepted.' : `${all.length} edits were not accepted.`}</strong>{' '}
        {all.at(-1)!.message}
      </p>
      {texts.length > 0 && <pre>{texts.join('\n')}</pre>}
      <div class="buttons">
        {texts.length > 0 && <button onClick={() => void navigator.clipboard.writeText(texts.join('\n'))}>Copy the text</button>}
        <button onClick={() => graph.dismissRejections()}>Dismiss</button>
      </div>
    </div>
  );
}
