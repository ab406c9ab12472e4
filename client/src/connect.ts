/* The options of connect(): those of a client, with one address or several. */
import type { ClientOptions } from './client_options.js';
import { CODECS } from './codec.js';

export interface ConnectOptions extends Omit<ClientOptions, 'urls'> {
  /* A gateway, or several that are tried in turn: http(s) or ws(s) addresses without a path. */
  readonly url: string | URL | readonly (string | URL)[];
}

const SCHEMES: readonly string[] = ['http:', 'https:', 'ws:', 'wss:'];

/* Throws a TypeError about what can never be connected to. */
export function connectOptions({ url, ...options }: ConnectOptions): ClientOptions {
  const urls = [url].flat().map(addressOf);
  if (urls.length === 0) {
    throw new TypeError('connect(): `url` is an empty list; it must name one gateway at least');
  }
  const { protocol = 'json' } = options;
  if (!Object.hasOwn(CODECS, protocol)) {
    throw new TypeError(`connect(): \`protocol\` is ${JSON.stringify(protocol)}; it must be "json" or "msgpack"`);
  }
  return { ...options, urls };
}

function addressOf(url: unknown): string {
  const text = String(url);
  if (!SCHEMES.includes(schemeOf(text))) {
    throw new TypeError(`connect(): \`url\` is ${JSON.stringify(text)}; it must be an address as http://127.0.0.1:3010`);
  }
  return text;
}

/* '' where the text is no URL at all. */
function schemeOf(text: string): string {
  try {
    return new URL(text).protocol;
  } catch {
    return '';
  }
}
