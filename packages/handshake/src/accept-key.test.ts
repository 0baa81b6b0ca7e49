import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptKey } from './accept-key.ts';
import { encodeBase64 } from './base64.ts';
import { decodeLatin1, encodeLatin1 } from './latin1.ts';

test("RFC 6455's sample key", () => {
  expect(acceptKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('any key: as OpenSSL hashes it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (nonce) => {
      const key = Buffer.from(nonce).toString('base64');
      const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      expect(acceptKey(key)).toBe(hash);
    }),
  );
});

test('base64 and ISO-8859-1 as Buffer has them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), fc.nat(70), (bytes, start, end) => {
      const buffer = Buffer.from(bytes);
      expect(encodeBase64(bytes)).toBe(buffer.toString('base64'));
      expect(decodeLatin1(bytes, start, Math.min(end, bytes.length))).toBe(buffer.toString('latin1', start, end));
      expect(encodeLatin1(buffer.toString('latin1'))).toEqual(bytes);
    }),
  );
  const long = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  expect(decodeLatin1(long, 1, 299_999)).toBe(Buffer.from(long).toString('latin1', 1, 299_999));
});
