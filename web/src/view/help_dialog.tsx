/* What the keys do: Ctrl+/ or, where nothing is written, ?. */
import type { VNode } from 'preact';
import { isHelpOpen } from '../desk.js';
import { Dialog } from './dialog.js';

const SECTIONS: readonly { readonly name: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    name: 'Writing',
    keys: [
      ['Enter', 'The next block'],
      ['Shift Enter', 'A new line in this block'],
      ['Tab, Shift Tab', 'In, out'],
      ['Backspace at the start', 'Joins with the block above'],
      ['Ctrl Enter', 'To do, done, neither'],
      ['# Space', 'Heading; ## and ### smaller ones'],
      ['Ctrl Alt 1 2 3 0', 'Heading, ordinary text'],
      ['Ctrl B, I, H, E', 'Bold, italic, highlighted, code'],
      ['[[  #  ((', 'A page, a tag, a block'],
      ['/', 'All that a block can be or hold'],
      ['Ctrl Z, Ctrl Shift Z', 'Takes your own edits back, makes them again'],
    ],
  },
  {
    name: 'Blocks',
    keys: [
      ['Ctrl Shift ↑ ↓', 'Moves the block'],
      ['Ctrl ↑ ↓', 'Closes, opens what is below'],
      ['Ctrl . and Ctrl ,', 'Shows the block by itself, goes back out'],
      ['Escape', 'Chooses the block'],
      ['Shift ↑ ↓, Shift click, drag', 'Chooses more'],
      ['Ctrl A, twice', 'Chooses all'],
      ['Tab, Delete, Ctrl C, X, V', 'Moves, removes, copies, cuts, pastes what is chosen'],
    ],
  },
  {
    name: 'Going',
    keys: [
      ['Ctrl K', 'Finds pages and blocks, makes pages'],
      ['Alt D', 'Daily notes'],
      ['Alt G', 'The pages around this one'],
      ['Ctrl \\', 'Sidebar'],
      ['Ctrl /', 'This help'],
    ],
  },
];

export function HelpDialog(): VNode {
  return (
    <Dialog label="Keys" onClose={() => (isHelpOpen.value = false)}>
      <div class="help">
        <h2>Keys</h2>
        <p class="hint">On a Mac, ⌘ stands for Ctrl.</p>
        <div class="sections">
          {SECTIONS.map(({ name, keys }) => (
            <section key={name}>
              <h3>{name}</h3>
              <dl>
                {keys.map(([key, what]) => (
                  <div key={key}>
                    <dt><kbd>{key}</kbd></dt>
                    <dd>{what}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <div class="buttons">
          <button class="primary" autofocus onClick={() => (isHelpOpen.value = false)}>Close</button>
        </div>
      </div>
    </Dialog>
  );
}
