/*
 * Who else is here: the sessions of the graph on all gateways, this client's own among them. Every
 * connection begins with the full list, so nobody who left while we were away stays.
 */
import type { Fields } from './values.js';

export interface Session {
  readonly session: string;
  readonly user: Fields;
  /* `page` is being viewed, `block` is being edited; other keys are the applications' own. */
  readonly state: Fields;
}

interface PresenceMessage {
  readonly full?: boolean;
  readonly sessions?: readonly Session[];
  readonly joined?: readonly Session[];
  readonly updated?: readonly Partial<Session>[];
  readonly left?: readonly string[];
}

/* Who is here, this client's own session among them. */
export class Presence {
  private readonly all = new Map<string, Session>();

  get sessions(): Session[] {
    return [...this.all.values()];
  }

  apply(message: Fields): void {
    const presence = message as unknown as PresenceMessage;
    if (presence.full) {
      this.all.clear();
    }
    for (const session of [...(presence.sessions ?? []), ...(presence.joined ?? [])]) {
      this.all.set(session.session, { ...session, state: session.state ?? {} });
    }
    for (const update of presence.updated ?? []) {
      const known = this.all.get(update.session ?? '');
      if (known) {
        this.all.set(known.session, { ...known, ...update });
      }
    }
    for (const session of presence.left ?? []) {
      this.all.delete(session);
    }
  }

  clear(): void {
    this.all.clear();
  }
}
