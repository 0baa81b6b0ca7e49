import crypto from 'node:crypto';

type Hash = (algorithm: string, data: string, encoding: 'base64') => string;

/** In one call, where the runtime has it: Node 20.12, and the newer ones of Deno and Bun. */
const hash: Hash =
  (crypto as { readonly hash?: Hash }).hash ??
  ((algorithm, data, encoding) => crypto.createHash(algorithm).update(data).digest(encoding));

/** As in `@ws/handshake`, whose SHA-1 in JavaScript is slow until it has been compiled: in a storm of clients that come again. */
export function acceptKey(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}
