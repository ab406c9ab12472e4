/* The question of ask.ts, in a dialog. */
import type { VNode } from 'preact';
import { question } from '../ask.js';
import { Dialog } from './dialog.js';

export function QuestionDialog(): VNode | null {
  const asked = question.value;
  if (!asked) return null;
  const { title, text, action, answer } = asked;
  return (
    <Dialog key={title} label={title} onClose={() => answer(false)}>
      <form class="question" onSubmit={(event) => (event.preventDefault(), answer(true))}>
        <h2>{title}</h2>
        <p>{text}</p>
        <div class="buttons">
          <button type="button" onClick={() => answer(false)}>
            {action ? 'Cancel' : 'Close'}
          </button>
          {action && (
            <button type="submit" class="primary">
              {action}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
