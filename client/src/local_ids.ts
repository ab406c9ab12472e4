/*
 * The ids of entities that the server has not numbered yet.
 *
 * A new entity of a pending edit is shown under an id from the top of the range of user entities,
 * which the server reaches only after 400 million others. The id stays the same for as long as the
 * edit is pending, however often the edit is applied anew and in the next run too, and what is
 * transacted next may use it. When the edit is confirmed the server's id takes its place, here and in
 * the edits that follow.
 *
 * Each run begins at a random place, so that the ids of two tabs, of which one may take over what
 * the other left, are not the same but by a chance of one in many millions.
 */

/* Attributes have the 65,536 ids below 2^29; the 2^27 below those are for local entities. */
const LOCAL_END = 2 ** 29 - 65_536;
export const LOCAL_0 = LOCAL_END - 2 ** 27;

export function isInLocalRange(id: number): boolean {
  return id >= LOCAL_0 && id < LOCAL_END;
}

export class LocalIds {
  private next = LOCAL_0 + Math.floor(Math.random() * 2 ** 26);
  private readonly all = new Map<number, number | undefined>();

  allocate(): number {
    while (this.all.has(this.next)) {
      this.next += 1;
    }
    this.all.set(this.next, undefined);
    return this.next;
  }

  /* One that an earlier run gave out. */
  add(local: number): void {
    if (!this.all.has(local)) {
      this.all.set(local, undefined);
    }
  }

  isLocal(id: number): boolean {
    return this.all.has(id);
  }

  confirm(local: number, id: number): void {
    this.all.set(local, id);
  }

  /* The server's id; undefined while it has given none. Other ids are the server's own already. */
  resolve(id: number): number | undefined {
    return this.all.has(id) ? this.all.get(id) : id;
  }
}
