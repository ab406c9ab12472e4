/* The name and colour, asked for at the first visit. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { isProfileOpen, profile } from '../desk.js';
import { COLORS, saveProfile } from '../profile.js';
import { Dialog } from './dialog.js';

/* As much as is shown whole in most places. */
const NAME_MAX = 40;

export function ProfileDialog(): VNode {
  const color = useSignal(profile.value.color);
  const known = profile.value.isChosen ? profile.value.name : '';
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim();
    if (name === '') return;
    saveProfile(name, color.value);
    location.reload(); // the name is told when a session begins
  };
  return (
    <Dialog label="Your name and colour" onClose={() => (isProfileOpen.value = false)}>
      <form class="profile" onSubmit={save}>
        <h2>Who are you?</h2>
        <p>Others see your name and colour beside what you write.</p>
        <label>
          Name
          <input name="name" defaultValue={known} maxLength={NAME_MAX} required autocomplete="name" />
        </label>
        <fieldset>
          <legend>Colour</legend>
          {COLORS.map((each) => (
            <input
              key={each}
              type="radio"
              name="color"
              class="swatch"
              style={{ background: each, '--swatch': each }}
              checked={each === color.value}
              aria-label={each}
              onChange={() => (color.value = each)}
            />
          ))}
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            That's me
          </button>
        </div>
      </form>
    </Dialog>
  );
}
