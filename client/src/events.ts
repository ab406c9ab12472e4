/* Listeners by the name of what they listen for. */
export class Events<Named> {
  private readonly listeners = new Map<keyof Named, Set<(event: never) => void>>();

  /* Returns what ends the listening. */
  on<Name extends keyof Named>(name: Name, fn: (event: Named[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(fn));
    return () => set.delete(fn);
  }

  emit<Name extends keyof Named>(name: Name, event: Named[Name]): void {
    this.listeners.get(name)?.forEach((fn) => (fn as (event: Named[Name]) => void)(event));
  }
}
