/* Queries to begin with: each runs in any graph of this outliner. */
import type { Question } from '../model/answer.js';

export interface Example extends Question {
  readonly name: string;
}

const query = (name: string, text: string, args = ''): Example => ({ name, kind: 'query', text, args, asOf: '' });

export const EXAMPLES: readonly Example[] = [
  query('Most linked pages', `[:find ?title (count ?block)
 :where [?page :node/title ?title]
        [?block :block/refs ?page]
 :order-by [(count ?block) :desc]
 :limit 20]`),
  query('Open tasks', `[:find ?uid ?text
 :where [?block :block/string ?text]
        [(includes? ?text "{{[[TODO]]}}")]
        [?block :block/uid ?uid]]`),
  query('Texts with a word', `[:find ?uid ?text
 :in $ ?word
 :where [?block :block/string ?text]
        [(includes? ?text ?word)]
        [?block :block/uid ?uid]
 :limit 50]`, '"stoa"'),
  query('Blocks of a page, at any depth', `[:find ?uid ?text
 :in $ % ?title
 :where [?page :node/title ?title]
        (below ?page ?block)
        [?block :block/string ?text]
        [?block :block/uid ?uid]]`, `[[(below ?a ?b) [?a :block/children ?b]]
 [(below ?a ?b) [?a :block/children ?x] (below ?x ?b)]]
"Welcome to Stoa"`),
  query('How many blocks', `[:find (count ?block) .
 :where [?block :block/string]]`),
  query('Latest transactions', `[:find ?tx ?when
 :where [?tx :db/txInstant ?when]
 :order-by [?when :desc]
 :limit 20]`),
  {
    name: 'Pull a page',
    kind: 'pull',
    text: '[:node/title {:block/children [:block/string :block/order {:block/children ...}]}]',
    args: '[:node/title "Welcome to Stoa"]',
    asOf: '',
  },
];
