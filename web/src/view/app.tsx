/* The whole window: the bar at the top, the sidebar, the page in the middle, and what opens over them. */
import { useComputed } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { tinykeys } from 'tinykeys';
import * as commands from '../commands.js';
import { graph, isProfileOpen, isSidebarOpen, isSwitcherOpen, route, selection } from '../desk.js';
import { AllPages } from './all_pages.js';
import { Lazy } from './lazy.js';
import { PageView } from './page.js';
import { People } from './people.js';
import { ProfileDialog } from './profile_dialog.js';
import { QuestionDialog } from './question.js';
import { Sidebar } from './sidebar.js';
import { Rejections, StatusSign } from './status.js';
import { Switcher } from './switcher.js';

export function App(): VNode {
  useEffect(() => tinykeys(window, KEYS), []);
  useEffect(() => {
    addEventListener('keydown', selectionKey);
    addEventListener('copy', copySelection);
    addEventListener('cut', copySelection);
    return () => {
      removeEventListener('keydown', selectionKey);
      removeEventListener('copy', copySelection);
      removeEventListener('cut', copySelection);
    };
  }, []);
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
      </header>
      {isSidebarOpen.value && <Sidebar />}
      <main>{graph.isLoaded.value ? <Middle /> : <Loading />}</main>
      <Rejections />
      {isSwitcherOpen.value && <Switcher />}
      {isProfileOpen.value && <ProfileDialog />}
      <QuestionDialog />
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
    default:
      return <PageView />;
  }
}

const loadConsole = async (): Promise<ComponentType> => (await import('./console.js')).Console;

function Loading(): VNode {
  return (
    <div class="empty-state" role="status">
      <p>Fetching the graph …</p>
    </div>
  );
}

const prevented = (fn: () => void) => (event: KeyboardEvent): void => {
  event.preventDefault();
  fn();
};

const KEYS = {
  '$mod+KeyK': prevented(() => (isSwitcherOpen.value = !isSwitcherOpen.value)),
  '$mod+KeyU': prevented(() => (isSwitcherOpen.value = !isSwitcherOpen.value)),
  '$mod+KeyZ': prevented(() => void graph.undo()),
  '$mod+Shift+KeyZ': prevented(() => void graph.redo()),
  '$mod+KeyY': prevented(() => void graph.redo()),
  '$mod+Backslash': prevented(() => (isSidebarOpen.value = !isSidebarOpen.value)),
  'Alt+KeyD': prevented(() => (location.hash = '#/')),
};

/* Keys while blocks are chosen and no text has the caret. */
function selectionKey(event: KeyboardEvent): void {
  const at = selection.value;
  if (!at || event.defaultPrevented || document.querySelector('dialog[open]')) return;
  const { key, shiftKey: isShift } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const by = key === 'ArrowUp' ? -1 : 1;
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    if (isCommand && isShift) commands.moveSelected(at, by < 0 ? 'up' : 'down');
    else if (isShift) commands.extendSelection(at, by);
    else commands.stepTo({ root: at.root, uid: at.head, at: 0 }, by, 0) && (selection.value = undefined);
  } else if (key === 'Tab') commands.moveSelected(at, isShift ? 'out' : 'in');
  else if (key === 'Backspace' || key === 'Delete') commands.removeSelected(at);
  else if (key === 'Enter') commands.edit({ root: at.root, uid: at.head });
  else if (key === 'Escape') selection.value = undefined;
  else return;
  event.preventDefault();
}

function copySelection(event: ClipboardEvent): void {
  const at = selection.value;
  if (!at || !getSelection()?.isCollapsed || event.target instanceof HTMLTextAreaElement) return;
  event.preventDefault();
  event.clipboardData?.setData('text/plain', commands.selectedMarkdown(at));
  if (event.type === 'cut') commands.removeSelected(at);
}
