/* The whole window: the bar at the top, the sidebar, the page in the middle, and what opens over them. */
import { useComputed } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { tinykeys } from 'tinykeys';
import { graph, graphHref, isHelpOpen, isProfileOpen, isSidebarOpen, isSwitcherOpen, route, shownUid } from '../desk.js';
import { AllPages } from './all_pages.js';
import { Announcer } from './announcer.js';
import { HelpDialog } from './help_dialog.js';
import { Lazy } from './lazy.js';
import { PageView } from './page.js';
import { People } from './people.js';
import { ProfileDialog } from './profile_dialog.js';
import { QuestionDialog } from './question.js';
import { listenForSelection } from './selection_keys.js';
import { Sidebar } from './sidebar.js';
import { Rejections, StatusSign } from './status.js';
import { Switcher } from './switcher.js';
import { TouchBar } from './touch_bar.js';

export function App(): VNode {
  useEffect(() => tinykeys(window, KEYS), []);
  useEffect(listenForSelection, []);
  return (
    <div class={`window ${isSidebarOpen.value ? 'with-sidebar' : ''}`}>
      <header class="bar">
        <button
          class="icon menu"
          aria-label="Sidebar"
          aria-expanded={isSidebarOpen.value}
          onClick={() => (isSidebarOpen.value = !isSidebarOpen.value)}
        />
        <button class="find" onClick={() => (isSwitcherOpen.value = true)}>
          <span>Find or create a page</span>
          <kbd>Ctrl K</kbd>
        </button>
        <StatusSign />
        <People />
        <button class="icon help-sign" aria-label="Keys" title="Keys (Ctrl+/)" onClick={() => (isHelpOpen.value = true)} />
      </header>
      {isSidebarOpen.value && <Sidebar />}
      <main>{graph.isLoaded.value ? <Middle /> : <Loading />}</main>
      <Rejections />
      <TouchBar />
      <Announcer />
      {isSwitcherOpen.value && <Switcher />}
      {isProfileOpen.value && <ProfileDialog />}
      <QuestionDialog />
      {isHelpOpen.value && <HelpDialog />}
    </div>
  );
}

function Middle(): VNode {
  const kind = useComputed(() => route.value.kind).value;
  switch (kind) {
    case 'pages':
      return <AllPages />;
    case 'query':
      return <Lazy key={kind} load={loadConsole} />;
    case 'files':
      return <Lazy key={kind} load={loadFiles} />;
    case 'history':
      return <Lazy key={kind} load={loadHistory} />;
    case 'graph':
      return <Lazy key={kind} load={loadGraph} />;
    default:
      return <PageView />;
  }
}

const loadGraph = async (): Promise<ComponentType> => (await import('./graph_view.js')).GraphView;
const loadConsole = async (): Promise<ComponentType> => (await import('./console.js')).Console;
const loadFiles = async (): Promise<ComponentType> => (await import('./files.js')).Files;
const loadHistory = async (): Promise<ComponentType> => (await import('./history.js')).History;

function Loading(): VNode {
  const misfit = graph.misfit.value;
  const refusal = graph.refusal.value;
  const state = misfit ? 'This graph cannot be shown as an outline.' : refusal ? 'The server refuses.' : 'Fetching the graph …';
  const reason = misfit ?? refusal;
  return (
    <div class="empty-state" role="status">
      <p>{state}</p>
      {reason !== undefined && <p>{reason}</p>}
    </div>
  );
}

const prevented = (fn: () => void) => (event: KeyboardEvent): void => {
  event.preventDefault();
  fn();
};

/* Fields other than a block's undo what is typed in them by themselves. */
const taken = (fn: () => void) => (event: KeyboardEvent): void => {
  const isOfField = event.target instanceof Element && event.target.matches('input, textarea') && !event.target.closest('.editor');
  if (!isOfField || (event.target as HTMLInputElement).type === 'checkbox') prevented(fn)(event);
};

const KEYS = {
  '$mod+KeyK': prevented(() => (isSwitcherOpen.value = !isSwitcherOpen.value)),
  '$mod+KeyU': prevented(() => (isSwitcherOpen.value = !isSwitcherOpen.value)),
  '$mod+KeyZ': taken(() => void graph.undo()),
  '$mod+Shift+KeyZ': taken(() => void graph.redo()),
  '$mod+KeyY': taken(() => void graph.redo()),
  '$mod+Backslash': prevented(() => (isSidebarOpen.value = !isSidebarOpen.value)),
  '$mod+Slash': prevented(() => (isHelpOpen.value = !isHelpOpen.value)),
  'Shift+?': (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement)) isHelpOpen.value = true;
  },
  'Alt+KeyG': prevented(() => shownUid.value !== undefined && (location.hash = graphHref(shownUid.value))),
  'Alt+KeyD': prevented(() => (location.hash = '#/')),
};
