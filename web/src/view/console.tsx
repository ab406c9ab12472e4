/*
 * The Datalog console: what is asked, asked again, and answered. The server answers, so a query sees the whole graph and
 * its history; links lead to the pages and blocks of the graph as it is now.
 */
import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, graphName } from '../desk.js';
import { answerOf, answerOfValue, hasLimit, readArgs, readAsOf, type Answer, type Question } from '../model/answer.js';
import { readList, saveList } from '../storage.js';
import { ednRead, type Fields, type Value } from '../../../client/dist/index.js';
import { AnswerView } from './answer_view.js';
import { EXAMPLES, type Example } from './console_examples.js';
import './console.css';

/* Rows of a query that does not limit them itself: more would take long to fetch, and nobody reads them. */
const ROWS_MAX = 10_000;

const HISTORY_MAX = 30;

const KEY = `stoa.queries.${graphName}`;

type Outcome =
  | { readonly kind: 'running' }
  | { readonly kind: 'answered'; readonly answer: Answer; readonly took_ms: number; readonly isCut: boolean; readonly plan: Answer | undefined }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const history = signal(readList<Question>(KEY, isQuestion));
/* Kept while one looks at a page that a result led to. */
const question = signal<Question>(history.value[0] ?? EXAMPLES[0]!);
const isExplained = signal(false);
const outcome = signal<Outcome | undefined>(undefined);

function isQuestion(item: unknown): boolean {
  const { kind, text, args, asOf } = (item ?? {}) as Record<string, unknown>;
  return (kind === 'query' || kind === 'pull') && [text, args, asOf].every((each) => typeof each === 'string');
}

async function run(): Promise<void> {
  const asked = question.value;
  const mine: Outcome = { kind: 'running' };
  outcome.value = mine;
  let told: Outcome;
  try {
    told = await ask(asked);
    remember(asked);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    told = { kind: 'failed', code: code ?? 'incorrect', message };
  }
  // Else another was asked meanwhile.
  if (outcome.value === mine) outcome.value = told;
}

async function ask({ kind, text, args, asOf }: Question): Promise<Outcome> {
  const [values, t] = [readArgs(args), readAsOf(asOf)];
  const basis = t === undefined ? {} : { asOf: t };
  const start_ms = performance.now();
  if (kind === 'pull') {
    if (values.length !== 1) throw new Error(`one entity is to be pulled, as 17 or [:node/title "A page"], not ${values.length}`);
    const result = await graph.server.pull(text, values[0]!, basis);
    return { kind: 'answered', answer: answerOfValue(result), took_ms: performance.now() - start_ms, isCut: false, plan: undefined };
  }
  ednRead(text);
  const limit = hasLimit(text) ? {} : { limit: ROWS_MAX };
  const result = await graph.server.query(text, values, { ...basis, ...limit });
  const took_ms = performance.now() - start_ms;
  const answer = answerOf(text, result);
  const isCut = 'limit' in limit && answer.kind === 'table' && answer.rows.length === ROWS_MAX;
  const plan = isExplained.value ? planOf(await graph.server.explain(text, values, basis)) : undefined;
  return { kind: 'answered', answer, took_ms, isCut, plan };
}

const PLAN_COLUMNS = ['clause', 'method', 'estimated', 'rows', 'runs', 'us'];

/* The steps of a query; those within others are indented. */
function planOf(explained: Value): Answer {
  const steps = (explained as Fields)['steps'] as readonly Fields[];
  const rows = steps.map((step) =>
    PLAN_COLUMNS.map((column): Value => {
      const value = step[column] ?? null;
      return column === 'clause' ? '\u00a0\u00a0'.repeat(Number(step['depth'] ?? 0)) + String(value) : value;
    }),
  );
  return { kind: 'table', columns: PLAN_COLUMNS.map((column) => (column === 'us' ? 'µs' : column)), rows };
}

function remember(asked: Question): void {
  const text = JSON.stringify(asked);
  const older = history.value.filter((each) => JSON.stringify(each) !== text);
  history.value = saveList(KEY, [asked, ...older].slice(0, HISTORY_MAX));
}

function choose({ kind, text, args, asOf }: Question): void {
  question.value = { kind, text, args, asOf };
  void run();
}

export function Console(): VNode {
  const runByKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void run();
  };
  return (
    <div class="console" onKeyDown={runByKey}>
      <h1>Query</h1>
      <Examples />
      <Form />
      <Outcomes />
      <History />
    </div>
  );
}

function Examples(): VNode {
  return (
    <ul class="examples" aria-label="Examples">
      {EXAMPLES.map((example: Example) => (
        <li key={example.name}>
          <button class="chip" onClick={() => choose(example)}>{example.name}</button>
        </li>
      ))}
    </ul>
  );
}

function Form(): VNode {
  const { kind, text, args, asOf } = question.value;
  const change = (part: Partial<Question>): void => {
    question.value = { ...question.value, ...part };
  };
  const isPull = kind === 'pull';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <div class="kinds" role="group" aria-label="What is asked">
        <button type="button" aria-pressed={!isPull} onClick={() => change({ kind: 'query' })}>Datalog</button>
        <button type="button" aria-pressed={isPull} onClick={() => change({ kind: 'pull' })}>Pull</button>
      </div>
      <Area label={isPull ? 'Pattern' : 'Query'} value={text} rows={4} onChange={(value) => change({ text: value })} />
      <Area label={isPull ? 'Entity' : 'Arguments for :in, behind $'} value={args} rows={1} onChange={(value) => change({ args: value })} />
      <div class="run">
        <label>
          As of t <input inputMode="numeric" placeholder="now" value={asOf} onInput={(event) => change({ asOf: event.currentTarget.value })} />
        </label>
        <Check label="Explain" state={isExplained} isDisabled={isPull} />
        <button class="primary" type="submit">
          Run <kbd>Ctrl Enter</kbd>
        </button>
      </div>
    </form>
  );
}

interface AreaProps {
  readonly label: string;
  readonly value: string;
  readonly rows: number;
  readonly onChange: (value: string) => void;
}

function Area({ label, value, rows, onChange }: AreaProps): VNode {
  return (
    <label class="area">
      {label}
      <span class="grow" data-text={value}>
        <textarea
          rows={rows}
          value={value}
          spellcheck={false}
          autocapitalize="off"
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </span>
    </label>
  );
}

function Check({ label, state, isDisabled }: { label: string; state: Signal<boolean>; isDisabled: boolean }): VNode {
  return (
    <label>
      <input type="checkbox" checked={state.value} disabled={isDisabled} onChange={(event) => (state.value = event.currentTarget.checked)} />
      {label}
    </label>
  );
}

function Outcomes(): VNode | null {
  const told = outcome.value;
  if (!told) return null;
  if (told.kind === 'running') {
    const isAway = graph.status.value === 'offline';
    return <p class="told" role="status">{isAway ? 'Waiting for the server …' : 'Running …'}</p>;
  }
  if (told.kind === 'failed') {
    return <p class="told fault" role="alert"><b>{told.code}</b> {told.message}</p>;
  }
  return (
    <section aria-label="Result">
      <p class="told" role="status">{summary(told.answer, told.took_ms, told.isCut)}</p>
      <AnswerView key={told} answer={told.answer} label="Rows" />
      {told.plan && (
        <>
          <h2>How it was found</h2>
          <AnswerView answer={told.plan} label="How it was found" />
        </>
      )}
    </section>
  );
}

function summary(answer: Answer, took_ms: number, isCut: boolean): string {
  const count = answer.kind === 'value' ? 1 : answer.rows.length;
  const what = answer.kind === 'value' ? '1 value' : `${count.toLocaleString()} ${count === 1 ? 'row' : 'rows'}`;
  const cut = isCut ? '; there may be more: say :limit and :offset to see them' : '';
  return `${what} in ${took_ms < 10 ? took_ms.toFixed(1) : Math.round(took_ms)} ms${cut}`;
}

function History(): VNode | null {
  if (history.value.length === 0) return null;
  return (
    <details class="asked">
      <summary>Asked before</summary>
      <ul>
        {history.value.map((each) => (
          <li key={JSON.stringify(each)}>
            <button onClick={() => choose(each)}>
              <code>{each.text.replace(/\s+/g, ' ')}</code>
              <span class="hint">{[each.args.replace(/\s+/g, ' '), each.asOf && `as of ${each.asOf}`].filter(Boolean).join(' · ')}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
