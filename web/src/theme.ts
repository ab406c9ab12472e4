/* Light or dark: as the system has it, unless chosen. Kept in the browser. */
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

export const THEMES: readonly { readonly key: Theme; readonly label: string }[] = [
  { key: 'system', label: 'As the system' },
  { key: 'light', label: 'Light' },
  { key: 'dark', label: 'Dark' },
];

const KEY = 'stoa.theme';

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find(({ key }) => key === kept)?.key ?? 'system';
  } catch {
    return 'system'; // the browser keeps nothing
  }
}

export const theme = signal<Theme>(readTheme());

export function setTheme(wanted: Theme): void {
  theme.value = wanted;
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // It holds for this visit.
  }
}

/* All colours follow from this property (style.css). */
effect(() => {
  document.documentElement.style.colorScheme = theme.value === 'system' ? '' : theme.value;
});
