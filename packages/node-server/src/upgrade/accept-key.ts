import { hash } from 'node:crypto';

/**
 * Computes Sec-WebSocket-Accept by Node's SHA-1. That of `@ws/handshake`, in JavaScript, is slow until it has been
 * compiled: in a storm of reconnecting clients.
 */
export function acceptKey(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}
