/* The pages that this user has looked at lately, the latest first: kept in this browser, for each graph by itself. */
import { effect, signal } from '@preact/signals';
import { graph, graphName, shownUid } from './desk.js';
import { idOf, pageOf, uidOf } from './model/blocks.js';
import { readList, saveList } from './storage.js';

const RECENT_MAX = 12;

const KEY = `stoa.recent.${graphName}`;

export const recent = signal<readonly string[]>(readList(KEY, (uid) => typeof uid === 'string'));

effect(() => {
  const shown = graph.isLoaded.value ? shownUid.value : undefined;
  const id = shown === undefined ? undefined : idOf(graph.db.peek(), shown);
  const page = id === undefined ? undefined : pageOf(graph.db.peek(), id);
  if (page === undefined) return;
  const uid = uidOf(graph.db.peek(), page);
  recent.value = saveList(KEY, [uid, ...recent.peek().filter((each) => each !== uid)].slice(0, RECENT_MAX));
});
