/* What an empty graph begins with: pages that show what can be done, to be tried on the spot. */
import { childrenOf, idOf, type Db } from './blocks.js';
import { Draft } from './draft.js';
import { insert, setText } from './edit.js';
import { uidFrom, type Form } from './forms.js';
import { readMarkdown } from './markdown.js';
import { hasPages, makePage } from './pages.js';
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
  - [[Writing]]: marks, links, references, moving blocks about
  - [[Finding]]: search, references, the pages around a page, questions to the graph
  - [[Together]]: who is here, what happens without a network, how a page was earlier
  - Ctrl+/ lists all keys. Alt+D leads to the daily notes.
`,
  },
  {
    title: 'Writing',
    text: `
- **bold**, __italic__, ^^highlighted^^, ~~struck~~, \`code\` and [links](https://github.com)
- Two square brackets make a link to a page: [[Welcome to Stoa]]. So does a #tag. The page is made when it is not there.
- A slash offers all that a block can be or hold: a heading, a task, code, today's date.
- Two round brackets refer to a block, wherever it is, and show its text.
- \`\`\`js
  // Three backticks make a block of code; Shift+Enter makes a new line.
  const stoa = 'a covered walk';
  \`\`\`
- Escape chooses a block; Shift and the arrow keys choose more. Then Tab, Delete, Ctrl+C (as Markdown) or Ctrl+Shift+arrows do what you expect. Lists can be pasted.
- Drag a block by its bullet. A click on the bullet shows the block by itself.
`,
  },
  {
    title: 'Finding',
    text: `
- Ctrl+K finds pages and blocks that hold all words typed, and makes pages that are not there yet.
- Below each page stands what links to it, and what names it without a link. [[Writing]] is linked from here.
- A page's title is changed where it stands, and all links follow. The menu beside it has the rest: the pages around this one, its history, removing it.
- All pages, in the sidebar, can be sorted by when they were edited or by the links to them. A pinned page is at hand in the sidebar for everyone.
- Query, in the sidebar, asks the graph in Datalog and shows a table: every block and page is an entity, and examples are there to begin with.
`,
  },
  {
    title: 'Together',
    text: `
- Open this page in a second window: you see the other's letters as they are typed, and in which block they are.
- Two who write in one block lose nothing: what both have typed is put together.
- Without a network you can go on. What you write waits, also when the window is closed, and is sent as soon as the server is back. The sign at the top says how many edits wait.
- Whoever is here stands at the top; a click goes where they are. A click on yourself changes your name, your colour, and light and dark.
- Nothing is forgotten. The menu beside a page's title leads to its history: a slider shows the page as it was, who changed what, and brings a block back.
`,
  },
];

/* The forms for a graph that has no page; [] for any other. */
export function welcomeForms(db: Db, now: number): Form[] {
  if (hasPages(db)) return [];
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
