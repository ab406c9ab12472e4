/* Who is here: on this page in full, elsewhere in the graph a little paler. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { graph, isProfileOpen, pageHref, profile, shownUid } from '../desk.js';
import { readBlock } from '../model/blocks.js';
import type { Person } from '../graph.js';
import { initials } from './block.js';

/* More are counted. */
const SHOWN_MAX = 6;

export function People(): VNode {
  const others = useComputed(() => graph.people.value.filter((person) => !person.isMe)).value;
  const { name, color } = profile.value;
  return (
    <div class="people">
      {others.slice(0, SHOWN_MAX).map((person) => (
        <Other key={person.session} person={person} />
      ))}
      {others.length > SHOWN_MAX && <span class="more">+{others.length - SHOWN_MAX}</span>}
      <button class="person me" style={{ background: color }} aria-label={`You are ${name}. Change name or colour`} title={`${name} (you)`} onClick={() => (isProfileOpen.value = true)}>
        {initials(name)}
      </button>
    </div>
  );
}

function Other({ person }: { person: Person }): VNode {
  const page = person.page === undefined ? undefined : readBlock(graph.db.value, person.page);
  const isHere = person.page === shownUid.value;
  const place = page ? (page.title ?? page.text) : 'daily notes';
  return (
    <a
      class={`person ${isHere ? '' : 'elsewhere'}`}
      style={{ background: person.color }}
      href={page ? pageHref(page.uid) : '#/'}
      aria-label={`${person.name}, on ${place}`}
      title={`${person.name} · ${place}`}
    >
      {initials(person.name)}
    </a>
  );
}
