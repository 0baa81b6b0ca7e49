import { isUtf8 } from 'node:buffer';
import { byteSoup, bytesOf, cuts, decodeNaively, Recorder, rawFrame, split, transcript } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, MessageDecoder, type MessageSink, type Platform } from './index.ts';
import { bigUint64Kernel } from './mask-biguint64.ts';

const lentDecoder = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();

const platforms: Platform[] = [
  {},
  { isUtf8 },
  { decodeUtf8: lentDecoder },
  { isUtf8, decodeUtf8: lentDecoder, maskKernel: bigUint64Kernel },
  { givesChunks: true },
  { givesChunks: true, isUtf8, decodeUtf8: lentDecoder, maskKernel: bigUint64Kernel },
];

/** What a decoder delivers, its texts as bytes again: a string says no less, since they are valid. */
function delivered(bytes: Uint8Array[], platform: Platform, strings: boolean): string[] {
  const recorder = new Recorder();
  const sink: MessageSink = {
    message: (payload, opcode, rsv) => recorder.message(payload, opcode, rsv),
    ping: (payload) => recorder.ping(payload),
    pong: (payload) => recorder.pong(payload),
    close: (code, reason) => recorder.close(code, reason),
    violation: (error) => recorder.violation(error),
  };
  if (strings) sink.text = (text) => recorder.message(Uint8Array.from(Buffer.from(text)), 1, 0);
  const decoder = new MessageDecoder({ role: 'server', allowedRsv: 0x40 }, {}, sink, platform);
  for (const chunk of bytes) decoder.push(Uint8Array.from(chunk));
  return recorder.transcript();
}

describe.each([false, true])('text as strings: %s', (strings) => {
  test('nothing that a runtime lends changes a result, on any bytes in any chunks', () => {
    fc.assert(
      fc.property(byteSoup({ role: 'server', allowedRsv: 0x40 }), cuts(), (bytes, cuts) => {
        const { events, violation } = decodeNaively(bytes, { role: 'server', allowedRsv: 0x40 });
        for (const platform of platforms) {
          expect(delivered(split(bytes, cuts), platform, strings)).toEqual(transcript(events, violation));
        }
      }),
      { numRuns: 300 },
    );
  });

  /** Characters of one to four bytes, at each place of a text of each length around the borders of the paths. */
  test.each([1, 8, 23, 24, 25, 63, 64, 65, 70, 126, 4096, 4097])('text of %i bytes', (length) => {
    const places =
      length < 200 ? Array.from({ length }, (_, i) => i) : [0, 1, 4, 7, length - 5, length - 2, length - 1];
    for (const character of ['x', 'é', '語', '🙂', '\ufeff', '\x80', '\xff']) {
      const bytes = Buffer.from(character);
      for (const at of places) {
        if (at + bytes.length > length) continue;
        const payload = new Uint8Array(length).fill(0x61);
        payload.set(bytes, at);
        // Between other frames, so that it is one of several in its chunk, at some alignment.
        const frame = rawFrame({ opcode: 1, payload, maskingKey: 0xdeadbeef });
        const chunk = Buffer.concat([frame, frame, frame, frame, frame]);
        for (const platform of platforms) {
          const line = transcript([{ type: 'message', payload, opcode: 1, rsv: 0 }])[0];
          expect(delivered([chunk], platform, strings)).toEqual([line, line, line, line, line]);
        }
      }
    }
  });

  test.each([2, 24, 25, 64, 65, 200, 4096, 4097])('the first bad byte of a text of %i bytes', (length) => {
    for (const at of new Set([0, 1, length >> 1, length - 2, length - 1])) {
      for (const bad of [0x80, 0xff, 0xc3]) {
        const payload = new Uint8Array(length).fill(0x61);
        payload[at] = bad;
        const frame = rawFrame({ opcode: 1, payload, maskingKey: 0x01020304 });
        const good = rawFrame({ opcode: 1, payload: bytesOf(0, 1), maskingKey: 5 });
        // A lead byte is bad at the byte behind it, unless it is the last one.
        const wrong = bad === 0xc3 && at < length - 1 ? at + 1 : at;
        const offset = good.length + frame.length - length + wrong;
        for (const platform of platforms) {
          const lines = delivered([Buffer.concat([good, frame, good])], platform, strings);
          expect(lines).toHaveLength(2);
          expect(lines[1]).toMatch(new RegExp(`text-not-utf8.*\\b${offset}\\b`));
        }
      }
    }
  });
});

test('a text that is for an extension is no string yet', () => {
  const sink = { message: 0, text: 0 };
  const decoder = new MessageDecoder(
    { role: 'client', allowedRsv: 0x40 },
    {},
    {
      message: () => sink.message++,
      text: () => sink.text++,
      ping() {},
      pong() {},
      close() {},
      violation() {},
    },
  );
  decoder.push(rawFrame({ opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) }));
  decoder.push(rawFrame({ opcode: 1, rsv1: true, fin: false, payload: Uint8Array.of(0xff) }));
  decoder.push(rawFrame({ opcode: 0, payload: Uint8Array.of(0xff) }));
  expect(sink).toEqual({ message: 2, text: 0 });
  decoder.push(rawFrame({ opcode: 1, fin: false, payload: Uint8Array.of(0x61) }));
  decoder.push(rawFrame({ opcode: 0, payload: Uint8Array.of(0x62) }));
  expect(sink).toEqual({ message: 2, text: 1 });
});

test('chunks that are given away: over 64 bytes a whole message is a view of its chunk, up to there it is not', () => {
  for (const [length, isView] of [
    [64, false],
    [65, true],
    [5000, true],
  ] as const) {
    const payload = bytesOf(length, 7);
    const chunk = rawFrame({ opcode: 2, payload, maskingKey: 0x37fa213d });
    const found: Uint8Array[] = [];
    const sink = {
      message: (payload: Uint8Array) => found.push(payload),
      ping() {},
      pong() {},
      close() {},
      violation() {},
    };
    new MessageDecoder({ role: 'server' }, {}, sink, { givesChunks: true }).push(chunk);
    expect(found).toHaveLength(1);
    expect(Buffer.compare(found[0]!, payload)).toBe(0);
    expect(found[0]!.buffer === chunk.buffer).toBe(isView);
  }
});

test('a function decides which messages become views of their chunk', () => {
  const frames = [65, 200, 3000].map((length) =>
    rawFrame({ opcode: 2, payload: bytesOf(length, 7), maskingKey: 0x37fa213d }),
  );
  const chunk = Uint8Array.from(Buffer.concat(frames));
  const asked: [Uint8Array, number][] = [];
  const isView: boolean[] = [];
  const sink = {
    message: (payload: Uint8Array) => isView.push(payload.buffer === chunk.buffer),
    ping() {},
    pong() {},
    close() {},
    violation() {},
  };
  const givesChunks = (...question: [Uint8Array, number]): boolean => {
    asked.push(question);
    return question[1] === 200;
  };
  new MessageDecoder({ role: 'server' }, {}, sink, { givesChunks }).push(chunk);
  expect(asked).toEqual([65, 200, 3000].map((length) => [chunk, length]));
  expect(isView).toEqual([false, true, false]);
});

test('short texts are decoded as TextDecoder does it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      const bytes = Uint8Array.from(Buffer.from(text));
      expect(decodeUtf8(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
  );
});
