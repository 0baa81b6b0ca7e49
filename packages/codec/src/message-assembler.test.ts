/** What a platform lends is asked where it saves time, and not in vain; nothing of it changes what is a violation. */
import { concat, rawFrame } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
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

/** Messages, strings and violations, as they come of text frames in one chunk, and for what the platform was asked. */
function decode(
  payloads: Uint8Array[],
  { masked = true, strings = false, ...platform }: Platform & { masked?: boolean; strings?: boolean } = {},
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
  const { isUtf8, decodeUtf8 } = platform;
  const decoder = new MessageDecoder({ role: masked ? 'server' : 'client' }, {}, sink, {
    ...platform,
    isUtf8: isUtf8 && ((bytes) => asked.push(`isUtf8 of ${bytes.length}`) > 0 && isUtf8(bytes)),
    decodeUtf8:
      decodeUtf8 &&
      ((bytes, start, end) => {
        asked.push(`decodeUtf8 of ${end - start}`);
        return decodeUtf8(bytes, start, end);
      }),
  });
  const maskingKey = masked ? MASKING_KEY : undefined;
  decoder.push(concat(payloads.map((payload) => rawFrame({ opcode: 1, payload, maskingKey }))));
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
