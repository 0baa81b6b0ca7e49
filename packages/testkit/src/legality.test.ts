import { expect, test } from 'vitest';
import { isLegalStream, whyIllegal } from './legality.ts';
import { rawFrames } from './raw-frame.ts';

const close = { opcode: 8, maskingKey: 1 };

test('a legal stream of a client is none of a server', () => {
  const bytes = rawFrames([{ opcode: 1, maskingKey: 5 }, close]);
  expect(isLegalStream(bytes, 'client')).toBe(true);
  expect(whyIllegal(bytes, 'server')).toBe('mask-forbidden at byte 1');
});

test('anything after the Close', () => {
  expect(whyIllegal(rawFrames([close, close]), 'client')).toBe('6 bytes after the Close, from byte 6 on');
});

test('an end inside of a message, unless more will be sent', () => {
  const bytes = rawFrames([{ fin: false, opcode: 1 }]);
  expect(whyIllegal(bytes, 'server')).toBe('end-inside-message at byte 2');
  expect(isLegalStream(bytes, 'server', { ended: false })).toBe(true);
});

test('RSV bits that were negotiated', () => {
  const bytes = rawFrames([{ opcode: 1, rsv1: true }]);
  expect(isLegalStream(bytes, 'server', { allowedRsv: 0x40 })).toBe(true);
  expect(whyIllegal(bytes, 'server')).toBe('reserved-bits at byte 0');
});
