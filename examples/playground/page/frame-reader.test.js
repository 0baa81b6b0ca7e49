import { applyMask } from '@ws/codec';
import { decodeNaively, fromHex, Random, RFC_6455_5_7, randomStream } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { FrameReader } from './frame-reader.js';

/** @import { WireFrame } from './frame-reader.js' */

/**
 * @param {import('@ws/codec').Role} role
 * @param {readonly Uint8Array[]} chunks
 */
function read(role, chunks) {
  /** @type {WireFrame[]} */
  const frames = [];
  const reader = new FrameReader(role, (frame) => frames.push(frame));
  for (const chunk of chunks) {
    const lent = new Uint8Array(chunk);
    reader.push(lent);
    lent.fill(0xa5);
  }
  reader.end();
  return frames;
}

/**
 * What follows an illegal byte may have come by then or not.
 *
 * @param {WireFrame} frame
 */
function upToViolation({ offset, bytes, header, error }) {
  return { offset, header, error, bytes: error === undefined ? bytes : bytes.slice(0, error.offset - offset + 1) };
}

describe('out of 2,000 random streams, half of them illegal', () => {
  test('the frames are the same however the stream was cut, and start where and as they did on the wire', () => {
    let broken = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const { role, bytes, chunks } = randomStream(new Random(seed));
      const frames = read(role, chunks);
      expect(frames.map(upToViolation)).toEqual(read(role, [bytes]).map(upToViolation));

      let next = 0;
      for (const { offset, bytes: first, header, error } of frames) {
        expect(offset).toBe(next);
        expect(first).toEqual(bytes.slice(offset, offset + first.length));
        if (header === undefined || error !== undefined) break;
        const extended = header.payloadLength < 126 ? 0 : header.payloadLength < 65_536 ? 2 : 8;
        const length = 2 + extended + (header.maskingKey === undefined ? 0 : 4) + header.payloadLength;
        expect(first.length).toBe(Math.min(length, 46));
        next += length;
      }

      const { violation } = decodeNaively(bytes, { role, ended: true });
      const error = frames.find((frame) => frame.error !== undefined)?.error;
      expect([error?.violation, error?.offset]).toEqual([violation?.violation, violation?.offset]);
      if (error !== undefined) {
        broken++;
        expect(frames.at(-1)?.error).toBe(error);
      }
    }
    expect(broken).toBeGreaterThan(500);
    expect(broken).toBeLessThan(2000);
  });
});

test('the samples of RFC 6455, section 5.7', () => {
  for (const { hex, sender, frames } of RFC_6455_5_7) {
    const read5_7 = read(sender === 'client' ? 'server' : 'client', [fromHex(hex)]);
    expect(read5_7.map(({ header }) => header?.opcode)).toEqual(frames.map(({ opcode }) => opcode));
    for (const [i, { bytes, header }] of read5_7.entries()) {
      const payload = frames[i]?.payload ?? new Uint8Array(0);
      if (payload.length > 32) continue;
      const shown = bytes.slice(bytes.length - payload.length);
      if (header?.maskingKey !== undefined) applyMask(shown, header.maskingKey);
      expect(shown).toEqual(new Uint8Array(payload));
    }
  }
});

test('a stream that ends too early is a violation, with what there was of the frame', () => {
  expect(read('client', [Uint8Array.of(0x81, 0x05, 0x48)])).toMatchObject([
    { offset: 0, bytes: Uint8Array.of(0x81, 0x05, 0x48), error: { violation: 'end-inside-frame', offset: 3 } },
  ]);
  expect(read('client', [Uint8Array.of(0x01, 0x01, 0x48)])).toMatchObject([
    { offset: 0, error: undefined },
    { offset: 3, bytes: new Uint8Array(0), error: { violation: 'end-inside-message', offset: 3 } },
  ]);
});
