/* What this user has in front of them: the page, the caret, the selection, the open panels. */
import { computed, effect, signal, untracked } from '@preact/signals';
import { Graph, type Person } from './graph.js';
import { idOfTitle, uidOf } from './model/blocks.js';
import { WELCOME, welcomeForms } from './model/welcome.js';
import { readProfile, saveProfile } from './profile.js';

export type Route =
  | { readonly kind: 'days' }
  | { readonly kind: 'page'; readonly uid: string }
  | { readonly kind: 'history'; readonly uid: string }
  | { readonly kind: 'pages' }
  | { readonly kind: 'files' }
  | { readonly kind: 'query' }
  | { readonly kind: 'graph'; readonly uid: string };

/* A caret in one of the places where a block is shown: the outline of its page, or references elsewhere. */
export interface Focus {
  readonly root: string;
  readonly uid: string;
  /* A place in the text; beyond its end: the end. */
  readonly at: number;
  /* Where the caret was in the block that it came from, in the window: it goes on there, in the line at `at`. */
  readonly x?: number | undefined;
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
export const isHelpOpen = signal(false);
/* A block that is to be scrolled into view, as soon as it has a row. */
export const sought = signal<string | undefined>(undefined);
export const isSidebarOpen = signal(matchMedia('(min-width: 900px)').matches);

/* The page or block that is shown, by itself or with those around it; undefined on lists of pages. */
export const shownUid = computed(() => ('uid' in route.value ? route.value.uid : undefined));

function readRoute(): Route {
  const [, kind, uid] = location.hash.split('/');
  if (uid && (kind === 'page' || kind === 'history' || kind === 'graph')) return { kind, uid: decoded(uid) };
  return kind === 'pages' || kind === 'files' || kind === 'query' ? { kind } : { kind: 'days' };
}

/* Addresses are typed and cut off by people: one that is not encoded as it should be leads nowhere. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function pageHref(uid: string): string {
  return `#/page/${encodeURIComponent(uid)}`;
}

export function historyHref(uid: string): string {
  return `#/history/${encodeURIComponent(uid)}`;
}

export function graphHref(uid: string): string {
  return `#/graph/${encodeURIComponent(uid)}`;
}

/* Shows a page or block; `then` is called when it is shown and nothing has the caret. */
export function goTo(uid: string, then?: () => void): void {
  if (location.hash === pageHref(uid)) return then?.();
  if (then) addEventListener('hashchange', then, { once: true });
  location.hash = pageHref(uid);
}

/* From now on this user is called so, and seen so. */
export function become(name: string, color: string): void {
  saveProfile(name, color);
  profile.value = { name, color, isChosen: true };
  graph.setUser({ name, color });
}

export function personHref({ page }: Person): string {
  return page === undefined ? '#/' : pageHref(page);
}

/* Shows the page, and in it the block, where someone is. */
export function goToPerson(person: Person): void {
  location.hash = personHref(person);
  sought.value = undefined;
  requestAnimationFrame(() => (sought.value = person.block));
}

addEventListener('hashchange', () => {
  route.value = readRoute();
  focus.value = undefined;
  selection.value = undefined;
  if (!matchMedia('(min-width: 900px)').matches) isSidebarOpen.value = false;
});

/* Whoever opens an empty graph finds the pages that show what can be done. */
function welcome(): void {
  void graph.prepare((db) => welcomeForms(db, Date.now()));
  const id = idOfTitle(graph.db.value, WELCOME);
  if (id !== undefined && route.value.kind === 'days') goTo(uidOf(graph.db.value, id));
}

// Once: what is written later is no reason to go there again.
effect(() => {
  if (graph.isEmpty.value) untracked(welcome);
});

effect(() => graph.setPlace(shownUid.value, focus.value?.uid));
