/* The name and colour by which others see this user: chosen once, kept in the browser. */

export interface Profile {
  readonly name: string;
  readonly color: string;
  readonly isChosen: boolean;
}

/* Each has a contrast of at least 4.5 to white, which is written on it. */
export const COLORS = ['#b91c1c', '#c2410c', '#a16207', '#15803d', '#0f766e', '#0369a1', '#4f46e5', '#7e22ce', '#be185d'];

const KEY = 'stoa.profile';

export function readProfile(): Profile {
  try {
    const { name, color } = JSON.parse(localStorage.getItem(KEY) ?? '') as { name: unknown; color: unknown };
    if (typeof name === 'string' && name !== '' && typeof color === 'string' && COLORS.includes(color)) {
      return { name, color, isChosen: true };
    }
  } catch {
    // Nothing was chosen yet, or the browser keeps nothing.
  }
  return { name: 'anonymous', color: COLORS[Math.floor(Math.random() * COLORS.length)]!, isChosen: false };
}

export function saveProfile(name: string, color: string): void {
  localStorage.setItem(KEY, JSON.stringify({ name, color }));
}
