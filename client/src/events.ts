/* Listeners by the name of what they listen for. */
export class Events<Map> {
  private readonly listeners = new globalThis.Map<keyof Map, Set<(event: never) => void>>();

  /* Returns what ends the listening. */
  on<Name extends keyof Map>(name: Name, fn: (event: Map[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(fn));
    return () => set.delete(fn);
  }

  emit<Name extends keyof Map>(name: Name, event: Map[Name]): void {
    this.listeners.get(name)?.forEach((fn) => (fn as (event: Map[Name]) => void)(event));
  }
}
