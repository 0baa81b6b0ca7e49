import { describe, expect, test } from 'vitest';
import { backends, hex, unhex, utf8 } from './backends.suite.ts';

const MAX = 1_000_000;

// The payloads of RFC 7692, section 7.2.3, of all frames of a message together.
const ALONE: [section: string, payload: string, text: string][] = [
  ['7.2.3.1 one frame, and two of 3 and 4 bytes', 'f2 48 cd c9 c9 07 00', 'Hello'],
  ['7.2.3.3 a block that is not compressed', '00 05 00 fa ff 48 65 6c 6c 6f 00', 'Hello'],
  ['7.2.3.4 a final block', 'f3 48 cd c9 c9 07 00 00', 'Hello'],
  ['7.2.3.4 a final block, and no empty one behind it', 'f3 48 cd c9 c9 07 00', 'Hello'],
  ['7.2.1 an empty block at the end that is final', 'f2 48 cd c9 c9 07 04', 'Hello'],
  ['7.2.3.5 two blocks', 'f2 48 05 00 00 00 ff ff ca c9 c9 07 00', 'Hello'],
  ['7.2.3.6 an empty message', '00', ''],
];

describe.each(backends)('%s: RFC 7692, section 7.2.3', (_, zlib) => {
  for (const takeover of [false, true]) {
    test.each(ALONE)(`reads ${takeover ? 'with' : 'without'} takeover: %s`, async (_, payload, text) => {
      const inflater = zlib.inflater({ takeover, windowBits: 15 });
      for (let round = 0; round < 3; round++) {
        const inflated = await inflater.inflate(unhex(payload), MAX);
        expect(hex(inflated)).toBe(hex(utf8(text)));
      }
      inflater.close();
    });

    test(`writes ${takeover ? 'with' : 'without'} takeover: 7.2.3.1 and 7.2.3.2`, async () => {
      const deflater = zlib.deflater({ takeover, windowBits: 15, level: 6, memLevel: 8 });
      expect(hex(await deflater.deflate(utf8('Hello')))).toBe('f248cdc9c90700');
      expect(hex(await deflater.deflate(utf8('Hello')))).toBe(takeover ? 'f200110000' : 'f248cdc9c90700');
      deflater.close();
    });
  }

  test('reads 7.2.3.2: the second message refers to the first, and means nothing by itself', async () => {
    const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
    expect(hex(await inflater.inflate(unhex('f2 48 cd c9 c9 07 00'), MAX))).toBe(hex(utf8('Hello')));
    expect(hex(await inflater.inflate(unhex('f2 00 11 00 00'), MAX))).toBe(hex(utf8('Hello')));
    inflater.close();
    for (const takeover of [false, true]) {
      const other = zlib.inflater({ takeover, windowBits: 15 });
      await other.inflate(unhex('00'), MAX);
      expect(await other.inflate(unhex('f2 00 11 00 00'), MAX)).toBe('extension-data-illegal');
      other.close();
    }
  });
});
