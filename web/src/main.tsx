import { render } from 'preact';
import { App } from './view/app.js';
import './style.css';

render(<App />, document.getElementById('app')!);
