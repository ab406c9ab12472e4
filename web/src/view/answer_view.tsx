/* An answer of the server: a table, or one value. Strings that name a page or a block of the graph lead there. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, pageHref } from '../desk.js';
import { piecesOf, type Answer } from '../model/answer.js';
import { idOf, idOfTitle, uidOf, type Db } from '../model/blocks.js';
import type { Value } from '../../../client/dist/index.js';

/* Rows in the document at first, and how many more each time. */
const ROWS = 200;

export function AnswerView({ answer, label }: { answer: Answer; label: string }): VNode {
  const count = useSignal(ROWS);
  if (answer.kind === 'value') return <p class="value"><Shown value={answer.value} /></p>;
  const { columns, rows } = answer;
  if (rows.length === 0) return <p class="hint">No rows.</p>;
  const seen = rows.slice(0, count.value);
  const isNumeric = columns.map((_, i) => seen.every((row) => row[i] === null || typeof row[i] === 'number'));
  const look = (i: number): string => (isNumeric[i] ? 'number' : '');
  return (
    <>
      <div class="answer" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>{columns.map((column, i) => <th key={column} scope="col" class={look(i)}>{column}</th>)}</tr>
          </thead>
          <tbody>
            {seen.map((row, at) => (
              <tr key={at}>{row.map((value, i) => <td key={i} class={look(i)}><Shown value={value} /></td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {seen.length < rows.length && (
        <button class="button" onClick={() => (count.value += ROWS)}>
          Show more of {rows.length.toLocaleString()} rows
        </button>
      )}
    </>
  );
}

function Shown({ value }: { value: Value }): VNode {
  const db = graph.db.value;
  const pieces = piecesOf(value).map(({ text, name }) => {
    const uid = name === undefined ? undefined : uidOfName(db, name);
    return uid === undefined ? text : <a href={pageHref(uid)}>{text}</a>;
  });
  return typeof value === 'string' ? <>{pieces}</> : <code>{pieces}</code>;
}

/* The page or block that a string names, by its uid or title. */
function uidOfName(db: Db, name: string): string | undefined {
  if (idOf(db, name) !== undefined) return name;
  const id = idOfTitle(db, name);
  return id === undefined ? undefined : uidOf(db, id) || undefined;
}
