/* A block's text as it is read: its task's box, and code, quotes and lines as what they are. */
import type { ComponentChildren, VNode } from 'preact';
import * as commands from '../commands.js';
import { todoOf, withoutTodo } from '../model/edit.js';
import { Inline } from './inline.js';

interface Props {
  readonly uid: string;
  readonly text: string;
  /* References in references. */
  readonly nesting?: number;
  /* Within a link: nothing in it can be clicked. */
  readonly isPlain?: boolean;
  /* As it was: its task cannot be done any more. */
  readonly isPast?: boolean;
}

export function ReadText({ uid, text, nesting = 0, isPlain = false, isPast = false }: Props): VNode {
  const todo = todoOf(text);
  return (
    <>
      {todo && (
        <input
          type="checkbox"
          checked={todo === 'DONE'}
          disabled={isPlain || isPast}
          aria-label={todo === 'DONE' ? 'Done' : 'To do'}
          onChange={() => commands.cycleTodo(uid)}
        />
      )}
      {shape(withoutTodo(text), nesting, isPlain)}
    </>
  );
}

const CODE = /^```([\w+-]*)\n?([\s\S]*?)\n?(?:```)?\s*$/;

function shape(text: string, nesting: number, isPlain: boolean): ComponentChildren {
  const inline = (part: string): VNode => <Inline text={part} nesting={nesting} isPlain={isPlain} />;
  const code = text.startsWith('```') ? CODE.exec(text) : null;
  if (code) return <pre tabIndex={0}><code data-language={code[1]}>{code[2]}</code></pre>;
  if (/^-{3,}$/.test(text)) return <hr />;
  if (text.startsWith('> ')) return <blockquote>{inline(text.slice(2))}</blockquote>;
  const attribute = /^([^[\]:`#(){}\n]{1,200})::/.exec(text);
  if (attribute) {
    return <><b class="attribute">{inline(`[[${attribute[1]!.trim()}]]`)}:</b>{inline(text.slice(attribute[0].length))}</>;
  }
  return text === '' ? <span class="empty">{'\u200b'}</span> : inline(text);
}
