/* A transaction as onTransaction() tells of it. */
import { held } from './held.js';
import type { Change } from './mirror.js';
import type { Fields, Keyword, Value } from './values.js';

export interface Transaction {
  readonly t: number;
  /* The transaction's entity: 2^29 + t. */
  readonly tx: number;
  readonly instant: Date;
  /* Who made it, and in which session. */
  readonly user: Fields | undefined;
  readonly session: string | undefined;
  /* Retractions first. Values are as the mirror holds them. */
  readonly datoms: readonly Change[];
}

export function transactionOf(message: Fields): Transaction {
  const { t, tx, instant, user, session, datoms } = message as unknown as Transaction & { datoms: readonly Value[] };
  const changes = datoms.map((datom): Change => {
    const [entity, attribute, value, added] = datom as unknown as [number, Keyword, Value, boolean];
    return [entity, attribute.toString(), held(value), tx, added];
  });
  return { t, tx, instant, user, session, datoms: changes };
}
