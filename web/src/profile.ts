/* The name and colour by which others see this user: chosen once, kept in the browser. */

export interface Profile {
  readonly name: string;
  readonly color: string;
  readonly isChosen: boolean;
}

/* Each has a contrast of at least 4.5 to white, which is written on it. */
export const COLORS = [
  { name: 'Red', value: '#b91c1c' },
  { name: 'Orange', value: '#c2410c' },
  { name: 'Ochre', value: '#a16207' },
  { name: 'Green', value: '#15803d' },
  { name: 'Teal', value: '#0f766e' },
  { name: 'Blue', value: '#0369a1' },
  { name: 'Indigo', value: '#4f46e5' },
  { name: 'Purple', value: '#7e22ce' },
  { name: 'Pink', value: '#be185d' },
] as const;

const KEY = 'stoa.profile';

export function readProfile(): Profile {
  try {
    const { name, color } = JSON.parse(localStorage.getItem(KEY) ?? '') as { name: unknown; color: unknown };
    if (typeof name === 'string' && name !== '' && typeof color === 'string' && COLORS.some(({ value }) => value === color)) {
      return { name, color, isChosen: true };
    }
  } catch {
    // Nothing was chosen yet, or the browser keeps nothing.
  }
  return { name: 'anonymous', color: COLORS[Math.floor(Math.random() * COLORS.length)]!.value, isChosen: false };
}

export function saveProfile(name: string, color: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ name, color }));
  } catch {
    // It holds for this visit.
  }
}
