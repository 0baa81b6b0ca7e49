/** What a platform lends is asked where it saves time, and not in vain; nothing of it changes what is a violation. */
import { concat, rawFrame } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { bigUint64Kernel } from './mask-biguint64.ts';
import type { MaskKernel } from './mask-kernel.ts';
import type { MessageSink, Platform } from './message-assembler.ts';
import { MessageDecoder } from './message-decoder.ts';
import { MessageMemory } from './message-memory.ts';

const MASKING_KEY = 0x37fa213d;
const ascii = (length: number) => new Uint8Array(length).fill(0x61);

/** A text that becomes illegal at its last byte. */
function bad(length: number): Uint8Array {
  const payload = ascii(length);
  payload[length - 1] = 0xff;
  return payload;
}

interface Options extends Platform {
  readonly opcode?: number;
  /** false for a message in fragments whose last one has not come. */
  readonly fin?: boolean;
  readonly masked?: boolean;
  readonly strings?: boolean;
}

/** Messages, strings and violations, as they come of frames in one chunk, and for what the platform was asked. */
function decode(
  payloads: Uint8Array[],
  { opcode = 1, fin = true, masked = true, strings = false, ...platform }: Options = {},
): { found: (Uint8Array | string)[]; asked: string[] } {
  const found: (Uint8Array | string)[] = [];
  const asked: string[] = [];
  const sink: MessageSink = {
    message: (payload) => found.push(payload),
    ping() {},
    pong() {},
    close() {},
    violation: ({ violation, offset }) => found.push(`${violation} at ${offset}`),
  };
  if (strings) sink.text = (text) => found.push(text);
  const { isUtf8, decodeUtf8, maskKernel } = platform;
  const decoder = new MessageDecoder({ role: masked ? 'server' : 'client' }, {}, sink, {
    ...platform,
    isUtf8: isUtf8 && ((bytes) => asked.push(`isUtf8 of ${bytes.length}`) > 0 && isUtf8(bytes)),
    decodeUtf8:
      decodeUtf8 &&
      ((bytes, start, end) => {
        asked.push(`decodeUtf8 of ${end - start}`);
        return decodeUtf8(bytes, start, end);
      }),
    maskKernel: maskKernel && {
      ...maskKernel,
      words(buffer) {
        asked.push(`words of ${buffer.byteLength}`);
        return maskKernel.words(buffer);
      },
      xor(target, start, end, source, away, key) {
        asked.push(target === source ? `${end - start} bytes in place` : 'from the chunk');
        maskKernel.xor(target, start, end, source, away, key);
      },
    },
  });
  const maskingKey = masked ? MASKING_KEY : undefined;
  const frames = payloads.map((payload, i) =>
    rawFrame({ opcode: fin || i === 0 ? opcode : 0, fin, payload, maskingKey }),
  );
  decoder.push(concat(frames));
  return { found, asked };
}

const isUtf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1') === 'a'.repeat(bytes.length);
const decodeUtf8 = (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes).toString('utf8', start, end);

test.each([false, true])('up to 512 bytes of ASCII are known to be text, strings: %s', (strings) => {
  expect(decode([ascii(512)], { isUtf8, strings }).asked).toEqual([]);
  expect(decode([ascii(513)], { isUtf8, strings }).asked).toEqual(['isUtf8 of 513']);
  expect(decode([bad(512)], { isUtf8, strings }).asked[0]).toBe('isUtf8 of 512');
});

test('up to 24 bytes of ASCII become a string without help', () => {
  const lent = { decodeUtf8, strings: true };
  expect(decode([ascii(24)], lent)).toEqual({ found: ['a'.repeat(24)], asked: [] });
  expect(decode([ascii(25)], lent)).toEqual({ found: ['a'.repeat(25)], asked: ['decodeUtf8 of 25'] });
});

test('up to 512 bytes of ASCII are known to be text as one of several in a chunk, masked or not, and as a fragment', () => {
  for (const masked of [false, true]) {
    for (const length of [64, 65, 512]) {
      const several = Array.from({ length: 8 }, () => ascii(length));
      expect(decode(several, { isUtf8, masked }).asked).toEqual([]);
    }
  }
  expect(decode([ascii(512), ascii(100)], { isUtf8, fin: false }).asked).toEqual([]);
  expect(decode([ascii(513)], { isUtf8, fin: false }).asked).toEqual(['isUtf8 of 512']);
});

test('the last of many short texts, wherever in a word its chunk ends', () => {
  for (let length = 0; length < 20; length++) {
    for (let last = 1; last < 9; last++) {
      const { found } = decode([ascii(500), ascii(length), ascii(last)], { strings: true });
      expect(found.at(-1)).toBe('a'.repeat(last));
    }
  }
});

test('an empty text before all else, wherever in a word its chunk ends', () => {
  for (const maskingKey of [undefined, MASKING_KEY]) {
    const frame = rawFrame({ opcode: 1, fin: true, payload: new Uint8Array(0), maskingKey });
    for (let byteOffset = 0; byteOffset < 8; byteOffset++) {
      const chunk = new Uint8Array(new ArrayBuffer(byteOffset + frame.length), byteOffset);
      chunk.set(frame);
      const found: string[] = [];
      const sink: MessageSink = {
        message: () => expect.unreachable('text is wanted as a string'),
        text: (text) => found.push(text),
        ping() {},
        pong() {},
        close() {},
        violation: ({ message }) => found.push(message),
      };
      new MessageDecoder({ role: maskingKey === undefined ? 'client' : 'server' }, {}, sink).push(chunk);
      expect(found).toEqual(['']);
    }
  }
});

describe('a lent kernel masks', () => {
  const maskKernel: MaskKernel = bigUint64Kernel;
  const asked = (lengths: number[], options: Options = {}) =>
    decode(lengths.map(ascii), { opcode: 2, maskKernel, ...options }).asked;

  test('from 65 bytes on, in the slab, whose words are seen once', () => {
    expect(asked([64])).toEqual(['words of 8192']);
    expect(asked([65])).toEqual(['words of 8192', '65 bytes in place']);
    expect(asked([4096, 2000])).toEqual(['words of 8192', '4096 bytes in place', '2000 bytes in place']);
    expect(asked([100], { masked: false })).toEqual(['words of 8192']);
  });

  test('what lies in a chunk that was given away, unless it is not masked', () => {
    expect(asked([100], { givesChunks: true })).toEqual(['words of 106', '98 bytes in place']);
    expect(asked([100], { givesChunks: true, masked: false })).toEqual(['words of 102']);
  });

  test('fragments and control frames from 65 bytes on', () => {
    expect(asked([64], { fin: false })).toEqual([]);
    expect(asked([65], { fin: false })).toEqual(['words of 8192', '65 bytes in place']);
    expect(asked([100], { fin: false, masked: false })).toEqual([]);
    expect(asked([100], { opcode: 9 })).toEqual(['words of 8192', '100 bytes in place']);
  });

  test.each([true, false])('no text of which it is to be known whether it is ASCII, fin: %s', (fin) => {
    const masksText = (length: number, lent: Platform) =>
      asked([length], { opcode: 1, fin, ...lent }).includes(`${length} bytes in place`);
    expect(masksText(512, { isUtf8 })).toBe(false);
    expect(masksText(513, { isUtf8 })).toBe(true);
    expect(masksText(513, {})).toBe(false);
  });

  test.each([
    [100, 512],
    [200, 800],
  ])('frames from their chunk if the first, of %i bytes, is a quarter of it at most, and it has 512', (first, size) => {
    /** Of two frames that fill a chunk. */
    const filling = (size: number) =>
      asked([first, size - rawFrame({ opcode: 2, payload: ascii(first), maskingKey: MASKING_KEY }).length - 8]);
    expect(filling(size)).toEqual(['words of 8192', `words of ${size}`, 'from the chunk', 'from the chunk']);
    expect(filling(size - 1)).toEqual([
      'words of 8192',
      `${first} bytes in place`,
      expect.stringContaining('in place'),
    ]);
  });
});

test('strings of up to 4 KiB are made in one slab, of which they take nothing', () => {
  const taken: number[] = [];
  const memory = new MessageMemory(Uint8Array, (length) => {
    taken.push(length);
    return new Uint8Array(length);
  });
  decode([ascii(4096), ascii(4096), ascii(4096), ascii(4097)], { memory, strings: true });
  expect(taken).toEqual([8192, 4097]);
});

describe.each([false, true])('strings: %s', (strings) => {
  test.each([1, 64, 65, 512, 513, 4096, 4097, 8192, 20_000])('bad text of %i bytes, whatever is lent', (length) => {
    for (const masked of [false, true]) {
      for (const givesChunks of [false, true]) {
        for (const lent of [{ isUtf8 }, {}]) {
          const options = { ...lent, masked, givesChunks, strings };
          const frame = rawFrame({ opcode: 1, payload: bad(length), ...(masked && { maskingKey: MASKING_KEY }) });
          expect(decode([bad(length)], options).found).toEqual([`text-not-utf8 at ${frame.length - 1}`]);
          // One of several in its chunk.
          const several = [ascii(length), ascii(length), ascii(length), ascii(length), bad(length)];
          expect(decode(several, options).found.at(-1)).toBe(`text-not-utf8 at ${5 * frame.length - 1}`);
        }
      }
    }
  });

  test.each([0, 24, 4096, 4097, 8192, 20_000])('text of %i bytes', (length) => {
    const [message] = decode([ascii(length)], { strings }).found;
    expect(typeof message).toBe(strings ? 'string' : 'object');
    expect(typeof message === 'string' ? message : Buffer.from(message!).toString()).toBe('a'.repeat(length));
  });
});

test('a text in a chunk that was given away is a view of it, an empty one pins nothing', () => {
  const [short, long, empty] = decode([ascii(64), ascii(65), ascii(0)], { givesChunks: true }).found as Uint8Array[];
  expect(long!.buffer.byteLength).toBe(64 + 65 + 3 * 6);
  expect(short!.buffer.byteLength).toBe(8192);
  expect(empty!.buffer.byteLength).toBe(0);
});

test('an array of the very size is delivered as it is, one that was a guess is copied', () => {
  const taken: Uint8Array[] = [];
  const memory = new MessageMemory(Uint8Array, (length) => {
    const bytes = new Uint8Array(length);
    taken.push(bytes);
    return bytes;
  });
  const found: Uint8Array[] = [];
  const sink: MessageSink = { message: (p) => found.push(p), ping() {}, pong() {}, close() {}, violation() {} };
  const decoder = new MessageDecoder({ role: 'client' }, {}, sink, { memory });
  const whole = rawFrame({ opcode: 2, payload: ascii(5000) });
  decoder.push(whole.subarray(0, 1000));
  decoder.push(whole.subarray(1000));
  expect(found[0]).toBe(taken[0]);
  decoder.push(rawFrame({ opcode: 2, fin: false, payload: ascii(5000) }));
  decoder.push(rawFrame({ opcode: 0, payload: ascii(100) }));
  expect(taken.map(({ length }) => length)).toEqual([5000, 10_000, 5100]);
  expect(found[1]).toBe(taken[2]);
});
