/* A question put to the user before something is done, or a word that it was not; view/question.tsx shows it. */
import { signal } from '@preact/signals';

export interface Question {
  readonly title: string;
  readonly text: string;
  /* What the button says that does it; without one there is nothing to be done. */
  readonly action: string | undefined;
  readonly answer: (isWanted: boolean) => void;
}

export const question = signal<Question | undefined>(undefined);

/* Resolves to whether it is wanted. */
export function ask(title: string, text: string, action: string): Promise<boolean> {
  return put(title, text, action);
}

/* Resolves when it has been read. */
export async function tell(title: string, text: string): Promise<void> {
  await put(title, text, undefined);
}

function put(title: string, text: string, action: string | undefined): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    const answer = (isWanted: boolean): void => {
      question.value = undefined;
      resolve(isWanted);
    };
    question.value = { title, text, action, answer };
  });
}
