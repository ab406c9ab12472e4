/* Who is here: on this page in full colour, elsewhere in the graph as a ring of it. A click goes where they are. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { goToPerson, graph, isProfileOpen, personHref, profile, shownUid } from '../desk.js';
import { readBlock } from '../model/blocks.js';
import type { Person } from '../graph.js';
import { initials, personStyle } from './person_mark.js';

/* All are listed with their names behind the count of the others. */
const SHOWN_MAX = 5;

export function People(): VNode {
  const others = useComputed(() => {
    const here = shownUid.value;
    const all = graph.people.value.filter((person) => !person.isMe);
    return [...all].sort((a, b) => Number(b.page === here) - Number(a.page === here));
  }).value;
  const { name, color } = profile.value;
  return (
    <div class="people" role="group" aria-label="People here">
      {others.slice(0, SHOWN_MAX).map((person) => (
        <Other key={person.session} person={person} />
      ))}
      {others.length > SHOWN_MAX && <All people={others} />}
      <button
        class="person me"
        style={personStyle(color)}
        aria-label={`${initials(name)}: you are ${name}. Change name, colour or look`}
        title={`${name} (you)`}
        onClick={() => (isProfileOpen.value = true)}
      >
        {initials(name)}
      </button>
    </div>
  );
}

function placeOf(person: Person): string {
  const page = person.page === undefined ? undefined : readBlock(graph.db.value, person.page);
  return page ? page.title ?? page.text : 'daily notes';
}

const follow = (person: Person) => (event: MouseEvent): void => {
  event.preventDefault();
  goToPerson(person);
};

function Other({ person }: { person: Person }): VNode {
  const place = placeOf(person);
  return (
    <a
      class={`person ${person.page === shownUid.value ? '' : 'elsewhere'}`}
      style={personStyle(person.color)}
      href={personHref(person)}
      aria-label={`${initials(person.name)}: ${person.name}, on ${place}. Go there`}
      title={`${person.name} · ${place}`}
      onClick={follow(person)}
    >
      {initials(person.name)}
    </a>
  );
}

function All({ people }: { people: readonly Person[] }): VNode {
  const list = useRef<HTMLUListElement>(null);
  return (
    <>
      <button class="more" aria-label={`All ${people.length} others`} onClick={() => list.current!.togglePopover()}>
        +{people.length - SHOWN_MAX}
      </button>
      <ul class="everyone" popover="auto" ref={list} aria-label="Everyone here">
        {people.map((person) => (
          <li key={person.session}>
            <a href={personHref(person)} onClick={(event) => (list.current!.hidePopover(), follow(person)(event))}>
              <span class="person small" style={personStyle(person.color)} aria-hidden="true">{initials(person.name)}</span>
              <span class="name">{person.name}</span>
              <span class="hint">{placeOf(person)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
