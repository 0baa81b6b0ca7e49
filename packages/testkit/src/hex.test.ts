import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from './hex.ts';

test('there and back, as Buffer has it', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes).toUpperCase())).toEqual(Uint8Array.from(bytes));
    }),
  );
});

test('half a byte and what is no digit are refused', () => {
  for (const wrong of ['8', '81 00', '0g', '-1']) expect(() => fromHex(wrong)).toThrow(RangeError);
});
