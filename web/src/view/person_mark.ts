/* How a person looks wherever they are shown: their colour, ink that can be read on it, and their initials. */

/* Of the colour as it is seen (WCAG 2, relative luminance), 0 to 1. */
function luminance(color: string): number {
  const part = (at: number): number => {
    const share = parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

/* White and black have the same contrast to a colour of this luminance. */
const MIDDLE = 0.179;

/* For style: the colour, which must be #rrggbb, and what is written on it. */
export function personStyle(color: string): Record<string, string> {
  return { '--person': color, '--on-person': luminance(color) > MIDDLE ? '#000' : '#fff' };
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [...words[0]!].slice(0, 1).concat([...words.at(-1)!][0]!) : [...name.trim()].slice(0, 2);
  return letters.join('').toUpperCase();
}
