/*
 * Where the edits of an outbox are kept until they are done, so that they outlive the program.
 *
 * A store is a list of texts in the order of their adding. Calls are carried out one after another;
 * what was added is durable when its promise resolves.
 */
export interface StoredEdit {
  /* The edit's tx_id. */
  readonly key: string;
  readonly text: string;
}

export interface EditStore {
  /*
   * Takes the store for this program alone, and what others left behind with it; returns what it
   * holds. `adopt` is called later on, with the edits of a tab that has ended since.
   */
  open(adopt: (edits: readonly StoredEdit[]) => void): Promise<readonly StoredEdit[]>;
  put(edit: StoredEdit): Promise<void>;
  remove(key: string): Promise<void>;
  /* Gives the store up, with what it holds, after all that was asked for. */
  close(): Promise<void>;
}

/* Edits that live as long as the program. */
export class MemoryStore implements EditStore {
  async open(): Promise<readonly StoredEdit[]> {
    return [];
  }

  async put(): Promise<void> {}

  async remove(): Promise<void> {}

  async close(): Promise<void> {}
}
