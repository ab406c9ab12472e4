/* What / offers at the start of a word: things that a block can be or hold, for those who do not know the keys yet. */
import * as commands from '../commands.js';
import type { Focus } from '../desk.js';
import { dayFrom, dayPage } from '../model/dates.js';

export interface SlashCommand {
  readonly name: string;
  /* The keys that do the same. */
  readonly keys?: string;
  /* What is put in place of the command; the caret goes to the bar. */
  readonly text?: () => string;
  /* What is done to the block that is written. */
  readonly act?: (at: Focus, draft: commands.Draft) => void;
}

const day = (days: number) => (): string => `[[${dayPage(dayFrom(new Date(), days)).title}]]|`;
const text = (template: string) => (): string => template;

const COMMANDS: readonly SlashCommand[] = [
  { name: 'To do', keys: 'Ctrl Enter', act: commands.cycleWritten },
  { name: 'Heading 1', keys: '# Space', act: ({ uid }) => commands.setHeading(uid, 1) },
  { name: 'Heading 2', keys: '## Space', act: ({ uid }) => commands.setHeading(uid, 2) },
  { name: 'Heading 3', keys: '### Space', act: ({ uid }) => commands.setHeading(uid, 3) },
  { name: 'Plain text', keys: 'Ctrl Alt 0', act: ({ uid }) => commands.setHeading(uid, 0) },
  { name: 'Page link', keys: '[[', text: text('[[|]]') },
  { name: 'Block reference', keys: '((', text: text('((|))') },
  { name: 'Embed a block', text: text('{{embed: ((|))}}') },
  { name: 'Embed a page', text: text('{{embed: [[|]]}}') },
  { name: 'Today', text: day(0) },
  { name: 'Tomorrow', text: day(1) },
  { name: 'Yesterday', text: day(-1) },
  { name: 'Code block', keys: '```', text: text('```\n|\n```') },
  { name: 'Quote', keys: '> Space', text: text('> |') },
  { name: 'Image', text: text('![](|)') },
  { name: 'Line', keys: '---', text: text('---|') },
];

/* Those with a word that begins as the query does. */
export function slashCommands(query: string): readonly SlashCommand[] {
  const wanted = query.trim().toLowerCase();
  return COMMANDS.filter(({ name }) => ` ${name.toLowerCase()}`.includes(` ${wanted}`));
}

export function slashCommand(name: string): SlashCommand | undefined {
  return COMMANDS.find((command) => command.name === name);
}
