/* What this user has in front of them: the page, the caret, the selection, the open panels. */
import { computed, effect, signal } from '@preact/signals';
import { Graph } from './graph.js';
import { idOfTitle, uidOf } from './model/blocks.js';
import { WELCOME, welcomeForms } from './model/welcome.js';
import { readProfile } from './profile.js';

export type Route =
  | { readonly kind: 'days' }
  | { readonly kind: 'page'; readonly uid: string }
  | { readonly kind: 'pages' }
  | { readonly kind: 'query' };

/* A caret in one of the places where a block is shown: the outline of its page, or references elsewhere. */
export interface Focus {
  readonly root: string;
  readonly uid: string;
  /* A place in the text; beyond its end: the end. */
  readonly at: number;
}

/* Blocks chosen with Shift and the arrow keys, from `anchor` to `head` as they are seen. */
export interface Selection {
  readonly root: string;
  readonly anchor: string;
  readonly head: string;
}

const query = new URLSearchParams(location.search);

export const profile = signal(readProfile());
export const graphName = query.get('graph') ?? 'main';
export const graph = new Graph({ urls: [location.origin], graph: graphName, user: profile.value });

export const route = signal<Route>(readRoute());
export const focus = signal<Focus | undefined>(undefined);
export const selection = signal<Selection | undefined>(undefined);
export const isSwitcherOpen = signal(false);
export const isProfileOpen = signal(!profile.value.isChosen);
export const isSidebarOpen = signal(matchMedia('(min-width: 900px)').matches);

/* The page or block that is shown; undefined on lists of pages. */
export const shownUid = computed(() => (route.value.kind === 'page' ? route.value.uid : undefined));

function readRoute(): Route {
  const [, kind, uid] = location.hash.split('/');
  if (kind === 'page' && uid) return { kind: 'page', uid: decodeURIComponent(uid) };
  return kind === 'pages' || kind === 'query' ? { kind } : { kind: 'days' };
}

export function pageHref(uid: string): string {
  return `#/page/${encodeURIComponent(uid)}`;
}

export function goTo(uid: string): void {
  location.hash = pageHref(uid);
}

addEventListener('hashchange', () => {
  route.value = readRoute();
  focus.value = undefined;
  selection.value = undefined;
  if (!matchMedia('(min-width: 900px)').matches) isSidebarOpen.value = false;
});

/* Whoever opens an empty graph finds the pages that show what can be done. */
effect(() => {
  if (!graph.isEmpty.value) return;
  void graph.prepare((db) => welcomeForms(db, Date.now()));
  const id = idOfTitle(graph.db.peek(), WELCOME);
  if (id !== undefined && route.peek().kind === 'days') goTo(uidOf(graph.db.peek(), id));
});

effect(() => graph.setPlace(shownUid.value, focus.value?.uid));
