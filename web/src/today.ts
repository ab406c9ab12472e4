/* The day that it is: windows stay open overnight. */
import { signal } from '@preact/signals';
import { dayPage } from './model/dates.js';

const LOOK_MS = 60_000;

/* The uid of its daily note. */
export const today = signal(dayPage(new Date()).uid);

const look = (): void => {
  today.value = dayPage(new Date()).uid;
};

setInterval(look, LOOK_MS);
document.addEventListener('visibilitychange', look); // timers of windows that nobody sees run seldom
