/* What an empty graph begins with: pages that show what can be done, to be tried on the spot. */
import { childrenOf, idOf, type Db } from './blocks.js';
import { Draft } from './draft.js';
import { insert, setText } from './edit.js';
import { uidFrom, type Form } from './forms.js';
import { readMarkdown } from './markdown.js';
import { allPages, makePage } from './pages.js';
import { setShortcut } from './shortcuts.js';

export const WELCOME = 'Welcome to Stoa';

const PAGES: readonly { readonly title: string; readonly text: string }[] = [
  {
    title: WELCOME,
    text: `
- In Athens, the stoa was the covered walk where people met and talked. This one is yours: everything here is a **block**, and everyone who opens this address writes in the same graph, at once.
- # Try it
  - Click into this line and write. Enter makes the next block, Tab puts it below the one above, Shift+Tab takes it back.
  - Backspace at the start of a block joins it with the one above. Ctrl+Z takes back what you did, and nobody else's work.
  - The arrow to the left closes what is below.
    - Like this.
  - [ ] Ctrl+Enter makes a task of a block
  - [x] and once more, a task that is done
- # Where to go on
  - [[Writing]]: marks, links, references
  - [[Together]]: who is here, what happens without a network
  - Ctrl+K finds pages and blocks, and makes pages that are not there yet. Alt+D leads to the daily notes.
`,
  },
  {
    title: 'Writing',
    text: `
- **bold**, __italic__, ^^highlighted^^, ~~struck~~, \`code\` and [links](https://github.com)
- Two square brackets make a link to a page: [[Welcome to Stoa]]. So does a #tag. The page is made when it is not there.
- Below each page stands what links to it. Rename a page, and all links to it follow.
- \`\`\`js
  // Three backticks make a block of code; Shift+Enter makes a new line.
  const stoa = 'a covered walk';
  \`\`\`
- Escape chooses a block; Shift and the arrow keys choose more. Then Tab, Delete, Ctrl+C (as Markdown) or Ctrl+Shift+arrows do what you expect. Lists can be pasted.
- Drag a block by its bullet. A click on the bullet shows the block by itself.
`,
  },
  {
    title: 'Together',
    text: `
- Open this page in a second window: you see the other's letters as they are typed, and in which block they are.
- Two who write in one block lose nothing: what both have typed is put together.
- Without a network you can go on. What you write waits, also when the window is closed, and is sent as soon as the server is back. The sign at the top says how many edits wait.
- Nothing is forgotten: the graph keeps its whole history.
`,
  },
];

/* The forms for a graph that has no page; [] for any other. */
export function welcomeForms(db: Db, now: number): Form[] {
  if (allPages(db).length > 0) return [];
  const draft = new Draft(db);
  PAGES.forEach(({ title, text }) => {
    const page = makePage(draft.db, title, now);
    draft.add(page.forms);
    let count = 0;
    const [first, ...rest] = readMarkdown(text, () => uidFrom(draft.db, `${title}\nwelcome ${count++}`));
    draft.add(insert(draft.db, page.uid, 1, rest, now));
    draft.add(setText(draft.db, childrenOf(draft.db, idOf(draft.db, page.uid)!)[0]!.uid, first!.text, true, now));
    draft.add(setShortcut(draft.db, page.uid, title === WELCOME));
  });
  return draft.forms;
}
