/* What a page of the tests runs. */
import * as stoa from '../../../client/dist/index.js';

globalThis.stoa = stoa;
