/* What a page of the tests runs. */
import * as stoa from '../../../client/dist/index.js';
import { Work } from './chaos_worker.mjs';

Object.assign(globalThis, { stoa, Work });
