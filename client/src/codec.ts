/* The two encodings of a socket's frames. A frame holds one message or a vector of messages. */
import { msgpackRead, msgpackWrite } from './msgpack.js';
import { transitRead, transitWrite } from './transit.js';
import { DecodeError, isFields, type Fields, type Value } from './values.js';

export type Protocol = 'json' | 'msgpack';

export interface Codec {
  readonly subprotocol: string;
  write(message: Value): string | Uint8Array;
  read(frame: string | ArrayBuffer): Fields[];
}

export const CODECS: Readonly<Record<Protocol, Codec>> = {
  json: {
    subprotocol: 'stoa.v1.json',
    write: transitWrite,
    read(frame) {
      if (typeof frame !== 'string') {
        throw new DecodeError('a binary frame under stoa.v1.json');
      }
      return messages(transitRead(frame));
    },
  },
  msgpack: {
    subprotocol: 'stoa.v1.msgpack',
    write: msgpackWrite,
    read(frame) {
      if (typeof frame === 'string') {
        throw new DecodeError('a text frame under stoa.v1.msgpack');
      }
      return messages(msgpackRead(new Uint8Array(frame)));
    },
  },
};

function messages(value: Value): Fields[] {
  const list: Value[] = Array.isArray(value) ? value : [value];
  if (!list.every(isFields)) {
    throw new DecodeError('a frame that holds no messages');
  }
  return list as Fields[];
}
