/*
 * Who of several tabs owns what, by name: with Web Locks, which the browser gives back when a tab
 * ends however it ends; where there are none, by asking around on a BroadcastChannel.
 */

/* An owner that is awake answers in far less. */
const ANSWER_MS = 500;

/* How often it is asked whether an owner is still there. */
const ASK_MS = 10_000;

type Message = { readonly type: 'joined' | 'present' | 'asked' | 'owned'; readonly name: string };

export class Roll {
  private readonly channel: BroadcastChannel;
  private readonly owned = new Set<string>();
  private readonly isClosed = new AbortController();
  private readonly answers = new Map<string, () => void>();
  private joined: (name: string) => void = () => {};

  constructor(private readonly scope: string) {
    this.channel = new BroadcastChannel(scope);
    this.channel.onmessage = (event) => this.receive(event.data as Message);
  }

  /* Others hear of the name only when it is this tab's: whoever hears of it waits for its end, and would get it now. */
  async take(name: string): Promise<void> {
    await this.lock(name, {});
    this.owned.add(name);
  }

  /* False when another tab owns it. */
  async takeIfFree(name: string): Promise<boolean> {
    const isTaken = navigator.locks ? await this.lock(name, { ifAvailable: true }) : !(await this.isOwned(name));
    if (isTaken) {
      this.owned.add(name);
    }
    return isTaken;
  }

  /* Resolves when its owner has ended and it is this tab's; false when the roll is closed before that. */
  async takeWhenFree(name: string): Promise<boolean> {
    if (navigator.locks) {
      return this.lock(name, { signal: this.isClosed.signal });
    }
    while (!this.isClosed.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      if (!this.isClosed.signal.aborted && (await this.takeIfFree(name))) {
        return true;
      }
    }
    return false;
  }

  /* Tells the others of a name, and is told of theirs. */
  announce(name: string): void {
    this.post({ type: 'joined', name });
  }

  onJoined(fn: (name: string) => void): void {
    this.joined = fn;
  }

  /* Gives everything back. */
  close(): void {
    this.isClosed.abort();
    this.channel.close();
    this.owned.clear();
  }

  /* Resolves to whether it was granted; it is held until the roll is closed. */
  private lock(name: string, options: LockOptions): Promise<boolean> {
    return new Promise((resolve) => {
      if (!navigator.locks) {
        resolve(true);
        return;
      }
      const held = new Promise<void>((end) => this.isClosed.signal.addEventListener('abort', () => end()));
      navigator.locks
        .request(`${this.scope} ${name}`, options, (lock) => {
          resolve(lock !== null);
          return lock ? held : undefined;
        })
        .catch(() => resolve(false));
    });
  }

  private isOwned(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ANSWER_MS);
      this.answers.set(name, () => {
        clearTimeout(timer);
        resolve(true);
      });
      this.post({ type: 'asked', name });
    });
  }

  private receive({ type, name }: Message): void {
    if (type === 'joined' || type === 'present') {
      this.joined(name);
      if (type === 'joined') {
        this.owned.forEach((own) => this.post({ type: 'present', name: own }));
      }
    } else if (type === 'owned') {
      this.answers.get(name)?.();
    } else if (this.owned.has(name)) {
      this.post({ type: 'owned', name });
    }
  }

  private post(message: Message): void {
    if (!this.isClosed.signal.aborted) {
      this.channel.postMessage(message);
    }
  }
}
