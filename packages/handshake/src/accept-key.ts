import { sha1 } from '@noble/hashes/legacy.js';
import { encodeBase64 } from './base64.ts';
import { checkType } from './check.ts';
import { encodeLatin1 } from './latin1.ts';

/**
 * The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2, item 5.4): it proves that the
 * server read a WebSocket handshake; it is no secret and no authentication.
 *
 * @throws TypeError if it is not a string
 */
export function acceptKey(key: string): string {
  checkType('key', key, 'string');
  return encodeBase64(sha1(encodeLatin1(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)));
}
