/// <reference path="./datascript.d.ts" preserve="true" />
/* What both entries have in common. */

/* DataScript itself: a database is only known to the copy of the package that made it. */
export { default as datascript } from 'datascript';
export * from './checksum.js';
export * from './client.js';
export * from './client_options.js';
export * from './codec.js';
export * from './connect.js';
export * from './connection.js';
export * from './edit.js';
export * from './edn.js';
export * from './held.js';
export * from './local_entities.js';
export * from './local_ids.js';
export * from './merge_text.js';
export * from './mirror.js';
export { Writer, msgpackRead, msgpackWrite } from './msgpack.js';
export * from './presence.js';
export * from './reader.js';
export * from './requests.js';
export * from './state.js';
export * from './transaction.js';
export * from './transit.js';
export * from './values.js';
