/* The name and colour, asked for at the first visit, and how the window looks. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { become, isProfileOpen, profile } from '../desk.js';
import { COLORS } from '../profile.js';
import { THEMES, setTheme, theme } from '../theme.js';
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
    if (name !== known || color.value !== profile.value.color) become(name, color.value);
    isProfileOpen.value = false;
  };
  return (
    <Dialog label="Your name and colour" onClose={() => (isProfileOpen.value = false)}>
      <form class="profile" onSubmit={save}>
        <h2>{profile.value.isChosen ? 'You' : 'Who are you?'}</h2>
        <p>Others see your name and colour beside what you write.</p>
        <label>
          Name
          <input name="name" defaultValue={known} maxLength={NAME_MAX} required autocomplete="name" />
        </label>
        <fieldset>
          <legend>Colour</legend>
          {COLORS.map(({ name, value }) => (
            <input
              key={value}
              type="radio"
              name="color"
              class="swatch"
              style={{ background: value, '--swatch': value }}
              checked={value === color.value}
              aria-label={name}
              onChange={() => (color.value = value)}
            />
          ))}
        </fieldset>
        <fieldset class="themes">
          <legend>Look</legend>
          {THEMES.map(({ key, label }) => (
            <label key={key}>
              <input type="radio" name="theme" checked={theme.value === key} onChange={() => setTheme(key)} />
              {label}
            </label>
          ))}
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            {profile.value.isChosen ? 'Save' : "That's me"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
