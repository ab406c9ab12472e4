/* What is done to a page as a whole: the model's pure functions made into edits, with a question before what is large. */
import { ask, tell } from './ask.js';
import { goTo, graph } from './desk.js';
import { idOf, idOfTitle, readBlock, uidOf, type Db } from './model/blocks.js';
import { newUid } from './model/forms.js';
import * as model from './model/page_edits.js';
import { restoreBlock as restoreBlockForms, restorePage as restorePageForms, type PastBlock, type PastPage } from './model/past.js';

const titleOf = (uid: string): string => readBlock(graph.db.value, uid)?.title ?? '';

/* Gives a page another title; where that is a page's already, offers to merge the two. */
export async function renamePage(uid: string, text: string): Promise<void> {
  const [old, title] = [titleOf(uid), model.tidyTitle(text)];
  if (title === old || title === '') return;
  const fault = model.titleFault(title);
  if (fault) return tell('This cannot be a title', fault);
  const isFree = (db: Db): boolean => idOf(db, uid) !== undefined && idOfTitle(db, title) === undefined;
  const run = newUid();
  if (isFree(graph.db.value)) {
    await graph.edit((db) => (isFree(db) ? model.renamePage(db, uid, title, Date.now()) : []), run);
  }
  if (titleOf(uid) === title) {
    await graph.edit((db) => (titleOf(uid) === title ? model.relink(db, uid, old, title, Date.now()) : []), run);
  } else if (titleOf(uid) === old) {
    const other = idOfTitle(graph.db.value, title);
    if (other !== undefined) await offerMerge(uid, uidOf(graph.db.value, other));
  }
}

async function offerMerge(from: string, into: string): Promise<void> {
  const [old, title] = [titleOf(from), titleOf(into)];
  const { blocks, references } = model.weightOf(graph.db.value, from);
  const question = `There is a page “${title}” already`;
  const text = `Merge “${old}” into it? ${are(blocks, 'block')} put at its end, and ${links(references)} turned to it.`;
  if (!(await ask(question, text, 'Merge the pages'))) return;
  const edit = graph.edit((db) => (areThere(db, from, into) ? model.mergePages(db, from, into, Date.now()) : []));
  goTo(into);
  await edit;
}

const areThere = (db: Db, ...uids: string[]): boolean => uids.every((uid) => idOf(db, uid) !== undefined);

export async function removePage(uid: string): Promise<void> {
  const title = titleOf(uid);
  const { blocks, references } = model.weightOf(graph.db.value, uid);
  const held = blocks === 0 ? 'It has no blocks.' : `${are(blocks, 'block')} removed with it.`;
  const stay = references === 0 ? 'Nothing elsewhere refers to it.' : `${has(references)} a reference to it, which stays as text.`;
  if (!(await ask(`Remove the page “${title}”?`, `${held} ${stay}`, 'Remove the page'))) return;
  const edit = graph.edit((db) => (idOf(db, uid) === undefined ? [] : model.removePage(db, uid)));
  location.hash = '#/';
  await edit;
}

/* Removes several pages, when that is wanted. */
export async function removePages(uids: readonly string[]): Promise<boolean> {
  const titles = uids.map(titleOf);
  const blocks = uids.reduce((sum, uid) => sum + model.weightOf(graph.db.value, uid).blocks, 0);
  const pages = uids.length === 1 ? `the page “${titles[0]}”` : `${uids.length.toLocaleString()} pages`;
  const text = `${are(blocks, 'block')} removed with ${uids.length === 1 ? 'it' : 'them'}. References from elsewhere stay as text.`;
  if (!(await ask(`Remove ${pages}?`, text, 'Remove'))) return false;
  await graph.edit((db) => uids.filter((uid) => idOf(db, uid) !== undefined).flatMap((uid) => model.removePage(db, uid)));
  return true;
}

/* Makes a page what it was, with a question that says when that was; its title too, where that is free. */
export async function restorePage(past: PastPage, when: string): Promise<void> {
  const text = `Texts, places and title become what they were: ${when}. It is an edit like any other, and can be undone.`;
  if (!(await ask('Make the page what it was?', text, 'Restore the page'))) return;
  const run = newUid();
  const edit = graph.edit((db) => restorePageForms(db, past, Date.now()), run);
  goTo(past.uid);
  await edit;
  const isFree = (db: Db): boolean => idOf(db, past.uid) !== undefined && idOfTitle(db, past.title) === undefined;
  if (titleOf(past.uid) !== past.title) {
    await graph.edit((db) => (isFree(db) ? model.renamePage(db, past.uid, past.title, Date.now()) : []), run);
  }
}

/* Gives a block its text of an earlier moment again, or brings it back to where it was. */
export async function restoreBlock(page: string, parent: string, past: PastBlock): Promise<void> {
  const isThere = (db: Db): boolean => areThere(db, page) || areThere(db, past.uid);
  if (!isThere(graph.db.value)) return tell('The page is not there any more', 'Restore the page as a whole: this block comes with it.');
  await graph.edit((db) => (isThere(db) ? restoreBlockForms(db, page, parent, past, Date.now()) : []));
}

const are = (count: number, noun: string): string => (count === 1 ? `One ${noun} is` : `${count} ${noun}s are`);

const has = (count: number): string => (count === 1 ? 'One block elsewhere has' : `${count} blocks elsewhere have`);

const links = (count: number): string => (count === 1 ? 'one reference is' : `${count} references are`);
