/* Base64 of RFC 4648, section 4, with its padding. */
import { DecodeError } from './values.js';

export function base64Read(text: string): Uint8Array {
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;
  const bytes = Uint8Array.from(isBase64 ? atob(text) : '', (char) => char.charCodeAt(0));
  if (!isBase64 || base64Write(bytes) !== text) {
    throw new DecodeError('not base64');
  }
  return bytes;
}

export function base64Write(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}
