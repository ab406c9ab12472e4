import { render } from 'preact';
import { graph } from './desk.js';
import { App } from './view/app.js';
import './style.css';

render(<App />, document.getElementById('app')!);

/* For the browser's console, and for tests. */
Object.assign(globalThis, { stoa: { graph } });
