/* Which lists of references are folded, as long as the window is open. */
import { signal } from '@preact/signals';

/* Those that are not as they are at first. */
const turned = signal<ReadonlySet<string>>(new Set());

export function isFolded(key: string, isAtFirst: boolean): boolean {
  return turned.value.has(key) !== isAtFirst;
}

export function turnFold(key: string): void {
  const keys = new Set(turned.value);
  if (!keys.delete(key)) keys.add(key);
  turned.value = keys;
}
