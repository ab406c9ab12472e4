/* Listeners by the name of what they listen for. */
export class Events<Named> {
  private readonly listeners = new Map<keyof Named, Set<(event: never) => void>>();
  private telling = 0;

  /* A listener is being told of something right now. */
  get isTelling(): boolean {
    return this.telling > 0;
  }

  /* Returns what ends the listening. */
  on<Name extends keyof Named>(name: Name, fn: (event: Named[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(fn));
    return () => set.delete(fn);
  }

  /* Tells all listeners, also when one of them throws. */
  emit<Name extends keyof Named>(name: Name, event: Named[Name]): void {
    this.telling += 1;
    this.listeners.get(name)?.forEach((fn) => {
      try {
        (fn as (event: Named[Name]) => void)(event);
      } catch (error) {
        raise(error);
      }
    });
    this.telling -= 1;
  }
}

/* Has what a listener threw end where the platform reports it, and not with whoever told the listener. */
export function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
