/*
 * One edit: what transact() was given, until the server has answered and the mirror holds it.
 *
 *   queued ──▶ sent ──▶ confirmed ──▶ (done: the mirror holds it)
 *     ▲          │ └──▶ (rejected: whoever made it is told)
 *     └──────────┘ the socket ended, or the answer was to try again
 */
import type { Schema } from 'datascript';
import { renameEntities } from './forms.js';
import { RequestError } from './requests.js';
import { transitRead, transitWrite } from './transit.js';
import { Uuid, entriesOf, type Fields, type Value } from './values.js';

export interface TransactResult {
  readonly t: number;
  readonly tx: number;
  /* The entity of each temporary id, by the tempid as it was written. */
  readonly tempids: Readonly<Record<string, number>>;
}

/* An edit of one string attribute, which is merged with what others have made of the same string. */
export interface TextChange {
  readonly entity: Value;
  readonly attribute: string;
  /* What the user saw, and what the user made of it. */
  readonly base: string;
  readonly mine: string;
}

export interface EditContent {
  readonly txId: Uuid;
  /* Forms, or EDN text of them. */
  readonly txData: Value;
  readonly meta?: Value | undefined;
  readonly text?: TextChange | undefined;
}

export class Edit {
  readonly txId: Uuid;
  readonly meta: Value | undefined;
  txData: Value;
  text: TextChange | undefined;
  /* The ids under which the entities of its tempids are shown. */
  readonly localIds = new Map<string, number>();
  /* Sessions in which it was sent. */
  readonly sessions = new Set<string>();
  state: 'queued' | 'sent' | 'confirmed' = 'queued';
  result: TransactResult | undefined;
  /* What it was rejected with; from then on it is neither shown nor sent. */
  refusal: RequestError | undefined;
  /* The mirror holds its transaction already, though the answer has not come yet. */
  hasAppeared = false;
  tries = 0;
  settle: { resolve(result: TransactResult): void; reject(error: Error): void } | undefined;

  constructor(content: EditContent) {
    this.txId = content.txId;
    this.txData = content.txData;
    this.meta = content.meta;
    this.text = content.text;
  }

  get isConfirmed(): boolean {
    return this.state === 'confirmed';
  }

  /* Its forms where they are data. */
  get forms(): readonly Value[] {
    return Array.isArray(this.txData) ? (this.txData as readonly Value[]) : [];
  }

  /* Renames entities in what it says; false when there was none to rename. */
  rename(rename: (id: number) => number | undefined, schema: Schema): boolean {
    let isRenamed = false;
    const one = (entity: number | string | undefined): number | undefined => {
      const name = typeof entity === 'number' ? rename(entity) : undefined;
      isRenamed ||= name !== undefined;
      return name;
    };
    if (this.text) {
      const { entity } = this.text;
      this.text = { ...this.text, entity: (typeof entity === 'number' ? one(entity) : undefined) ?? entity };
    } else if (Array.isArray(this.txData)) {
      this.txData = renameEntities(this.forms, schema, one);
    }
    return isRenamed;
  }

  toText(): string {
    const { text, refusal } = this;
    return transitWrite({
      tx_id: this.txId,
      tx_data: this.txData,
      meta: this.meta,
      ids: Object.fromEntries(this.localIds),
      text: text && { ...text },
      refusal: refusal && { code: refusal.code, message: refusal.message, data: refusal.data as Value },
    });
  }

  /* `localIds` of the result are as they were when it was written. */
  static fromText(stored: string): Edit {
    const fields = transitRead(stored) as Fields;
    const edit = new Edit({
      txId: fields['tx_id'] as Uuid,
      txData: fields['tx_data'] as Value,
      meta: fields['meta'],
      text: fields['text'] as unknown as TextChange | undefined,
    });
    entriesOf(fields['ids'] as Fields).forEach(([tempid, id]) => edit.localIds.set(tempid as string, id as number));
    const refusal = fields['refusal'] as Fields | undefined;
    edit.refusal = refusal && new RequestError(refusal['code'] as string, refusal['message'] as string, refusal['data']);
    return edit;
  }
}

/* What an edit is rejected with when it speaks of an entity that an edit before it failed to make. */
export function orphaned(id: number): RequestError {
  return new RequestError('not-found', `entity ${id} was to be made by an edit that was rejected`, undefined);
}
