/* The options of connect(): those of a client, with one address or several. */
import type { ClientOptions } from './client_options.js';

export interface ConnectOptions extends Omit<ClientOptions, 'urls'> {
  /* A gateway, or several that are tried in turn: http(s) or ws(s) addresses without a path. */
  readonly url: string | readonly string[];
}

export function connectOptions({ url, ...options }: ConnectOptions): ClientOptions {
  return { ...options, urls: typeof url === 'string' ? [url] : url };
}
