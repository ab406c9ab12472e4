/* Lists that this browser keeps for its user. What it cannot keep, or does not hold as it should, is empty. */

export function readList<Item>(key: string, isItem: (item: unknown) => boolean): readonly Item[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(list) ? list.filter(isItem) : [];
  } catch {
    return [];
  }
}

/* Gives the list back, which holds for this visit even where nothing is kept. */
export function saveList<Item>(key: string, list: readonly Item[]): readonly Item[] {
  try {
    localStorage.setItem(key, JSON.stringify(list));
  } catch {
    // The browser keeps nothing, or is full.
  }
  return list;
}
