/*
 * The name that is being typed, and what it may become. The search for it begins with the key, and ends with it in most
 * graphs; in a large one the rest is done in slices, so that no key waits for it. Enter that comes before the end is kept,
 * and takes the first that is found.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { driveFor, inSlices } from '../../../client/dist/slices.js';
import { graph } from '../desk.js';
import type { Db } from '../model/blocks.js';
import { completionAt, suggestions, type Option, type Trigger } from './completion.js';
import { SLICE_MS, whileCurrent } from './use_sliced.js';

interface Search {
  readonly trigger: Trigger;
  /* The graph as it was when the mark was typed: to list another one's texts takes milliseconds for each key. */
  readonly db: Db;
  isOver: boolean;
  isHurried: boolean;
}

interface Offer {
  readonly options: readonly Option[];
  readonly choice: number;
}

const NOTHING: Offer = { options: [], choice: 0 };

export interface Completing extends Offer {
  /* To be called with what is typed. */
  readonly follow: (text: string, caret: number) => void;
  readonly close: () => void;
  /* Whether the key was meant for it. */
  readonly pressed: (event: KeyboardEvent) => boolean;
  readonly choose: (index: number) => void;
}

/* `take` puts what was chosen in place of what named it. */
export function useCompletion(take: (trigger: Trigger, option: Option) => void): Completing {
  const [offer, setOffer] = useState(NOTHING);
  const search = useRef<Search | undefined>(undefined);
  const taking = useRef(take);
  taking.current = take;
  useEffect(() => () => void (search.current = undefined), []);

  const close = (): void => {
    search.current = undefined;
    setOffer(NOTHING);
  };
  const put = (option: Option | undefined): void => {
    const { trigger } = search.current!;
    if (!option) return;
    close();
    taking.current(trigger, option);
  };
  const follow = (text: string, caret: number): void => {
    const trigger = completionAt(text, caret);
    if (!trigger) return close();
    const before = search.current;
    const db = before?.trigger.start === trigger.start ? before.db : graph.db.peek();
    const mine: Search = { trigger, db, isOver: false, isHurried: false };
    search.current = mine;
    const steps = suggestions(db, trigger);
    const found = (options: readonly Option[]): void => {
      mine.isOver = true;
      setOffer({ options, choice: 0 });
      if (mine.isHurried) put(options[0]);
    };
    const step = driveFor(steps, SLICE_MS);
    if (step.done) found(step.value);
    else void inSlices(whileCurrent(steps, () => search.current === mine), SLICE_MS).then((options) => options && found(options));
  };
  const pressed = ({ key }: KeyboardEvent): boolean => {
    const { current } = search;
    const { options, choice } = offer;
    if (current && key === 'Escape') return close(), true;
    if (current && !current.isOver && (key === 'Enter' || key === 'Tab')) return (current.isHurried = true);
    if (!current || options.length === 0) return false;
    const by = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (by) setOffer({ options, choice: (choice + by + options.length) % options.length });
    else if (key === 'Enter' || key === 'Tab') put(options[choice]);
    else return false;
    return true;
  };
  return { ...offer, follow, close, pressed, choose: (index) => search.current && put(offer.options[index]) };
}
