import {
  byteSoup,
  bytesOf,
  type Cuts,
  concat,
  cuts,
  decodeNaively,
  legalStream,
  limitedRules,
  maskingKey,
  nearlyUtf8,
  payload,
  Recorder,
  rawFrames,
  rules,
  type StreamEvent,
  split,
  transcript,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameRecorder } from './frame-recorder.suite.ts';
import {
  applyMask,
  decodeClose,
  decodeFrameHeader,
  decodeFrames,
  decodeUtf8,
  encodeFrame,
  encodeFrameHeader,
  encodeFrameInto,
  FrameDecoder,
  type FrameRules,
  Maskable,
  MessageDecoder,
  maskInto,
  Utf8Validator,
  writeFrameHeader,
} from './index.ts';
import { bigUint64Kernel } from './mask-biguint64.ts';
import { dirtyPlatforms, type Noise, noise, recorders, Surrounded } from './noise.suite.ts';

/*
 * What lies around the bytes that are given is not read, since any other noise gives the same result; nor is it
 * written to. Masks are applied by words that are views of whole buffers: they could do both.
 */

interface Decoder {
  push(chunk: Uint8Array, at: number): number;
}

/** Pushes each chunk out of the midst of noise, some of which lies before the index to start at. */
function pushSurrounded(decoder: Decoder, bytes: Uint8Array, cuts: Cuts, noise: Noise, givesChunks = false): void {
  split(bytes, cuts).forEach((chunk, i) => {
    const surrounded = new Surrounded(chunk, noise);
    const lead = i % 9;
    expect(decoder.push(surrounded.view(lead), lead)).toBe(chunk.length);
    if (givesChunks) surrounded.expectNoiseUntouched();
    else surrounded.expectUntouched();
  });
}

const soup = () => withRules(limitedRules(), byteSoup);

describe('chunks in the midst of noise, and memory that was not zeroed', () => {
  test('give the messages, violation and offset of the naive codec', () => {
    fc.assert(
      fc.property(soup(), cuts(), noise(), dirtyPlatforms(), recorders(), ([rules, bytes], cuts, ...rest) => {
        const [noise, platform, newRecorder] = rest;
        const recorder = newRecorder();
        const decoder = new MessageDecoder(rules, rules, recorder, platform);
        pushSurrounded(decoder, bytes, cuts, noise, platform.givesChunks === true);
        const { events, violation } = decodeNaively(bytes, { ...rules, ended: false });
        expect(recorder.transcript()).toEqual(transcript(events, violation));
      }),
      { numRuns: 1500 },
    );
  });

  test('give long messages, too', () => {
    const message = fc.record({
      opcode: fc.constantFrom(1, 2),
      maskingKey: maskingKey(),
      payload: fc
        .tuple(fc.constantFrom(65, 66, 67, 70, 130, 131, 4095, 4096, 4097, 9001), fc.nat(), fc.boolean())
        // Plain ASCII goes a way of its own.
        .map(([length, seed, ascii]) => bytesOf(length, seed).map((byte) => (ascii ? byte & 0x7f : byte))),
    });
    const cuts = fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 2 ** 15 }), { maxLength: 3 }));
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        cuts,
        noise(),
        dirtyPlatforms(),
        recorders(),
        (...given) => {
          const [frames, cuts, noise, platform, newRecorder] = given;
          const stream = rawFrames(frames);
          const recorder = newRecorder();
          const decoder = new MessageDecoder({ role: 'server' }, {}, recorder, platform);
          pushSurrounded(decoder, stream, cuts, noise, platform.givesChunks === true);
          const { events, violation } = decodeNaively(stream, { role: 'server' });
          // As long strings, these would take more time than all the rest.
          const payloads = (events: readonly StreamEvent[]) =>
            Buffer.concat(events.map((event) => (event.type === 'message' ? event.payload : new Uint8Array(0))));
          expect(recorder.violations).toMatchObject(violation === undefined ? [] : [violation]);
          expect(recorder.events).toHaveLength(events.length);
          expect(Buffer.compare(payloads(recorder.events), payloads(events))).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('give the frames and the violation that they give alone', () => {
    fc.assert(
      fc.property(soup(), cuts(), noise(), ([rules, bytes], cuts, noise) => {
        const [alone, surrounded] = [new FrameRecorder(), new FrameRecorder()];
        new FrameDecoder(rules, alone, rules).push(bytes);
        pushSurrounded(new FrameDecoder(rules, surrounded, rules), bytes, cuts, noise);
        expect(surrounded.lines).toEqual(alone.lines);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what a decoder has not said that it took may still become something else', () => {
  const other = () => fc.uint8Array({ maxLength: 20 });

  /** Pushes the bytes in two chunks, as far as the decoder takes them. Returns how many that are. */
  function pushUntilHeld(decoder: Decoder, bytes: Uint8Array, cut: number): number {
    const first = decoder.push(bytes.subarray(0, cut), 0);
    return first < Math.min(cut, bytes.length) ? first : first + decoder.push(bytes.subarray(cut), 0);
  }

  test('MessageDecoder, held after any one of its events', () => {
    fc.assert(
      fc.property(soup(), fc.nat({ max: 300 }), other(), ([rules, bytes], cut, other) => {
        const { ends } = decodeNaively(bytes, rules);
        for (const [held, end] of ends.entries()) {
          const recorder = new Recorder();
          const decoder: MessageDecoder = new MessageDecoder(rules, rules, recorder);
          for (const kind of ['message', 'ping', 'pong', 'close'] as const) {
            const tell = recorder[kind] as (...args: unknown[]) => void;
            recorder[kind] = (...args: unknown[]) => {
              tell.apply(recorder, args);
              if (recorder.events.length === held + 1) decoder.hold();
            };
          }
          expect(pushUntilHeld(decoder, bytes, cut)).toBe(end);
          decoder.release();
          decoder.push(other);
          const stream = concat([bytes.subarray(0, end), other]);
          const { events, violation } = decodeNaively(stream, { ...rules, ended: false });
          expect(recorder.transcript()).toEqual(transcript(events, violation));
        }
      }),
      { numRuns: 400 },
    );
  });

  test('FrameDecoder, held after any one of its calls', () => {
    const decode = (rules: FrameRules, bytes: Uint8Array): string[] => {
      const recorder = new FrameRecorder();
      new FrameDecoder(rules, recorder).push(bytes);
      return recorder.lines;
    };
    fc.assert(
      fc.property(soup(), fc.nat({ max: 300 }), other(), ([rules, bytes], cut, other) => {
        for (let held = 1; ; held++) {
          const recorder = new FrameRecorder(() => {
            if (recorder.calls === held) decoder.hold();
          });
          const decoder: FrameDecoder = new FrameDecoder(rules, recorder);
          const taken = pushUntilHeld(decoder, bytes, cut);
          if (recorder.calls < held) break;
          decoder.release();
          decoder.push(other);
          expect(recorder.lines).toEqual(decode(rules, concat([bytes.subarray(0, taken), other])));
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** What the function makes of the bytes alone and in the midst of noise, which is left as it was. */
function same(bytes: Uint8Array, noise: Noise, use: (bytes: Uint8Array) => unknown): void {
  const outcome = (bytes: Uint8Array): unknown => {
    try {
      return use(bytes);
    } catch (error) {
      return `thrown: ${error}`;
    }
  };
  const surrounded = new Surrounded(bytes, noise);
  expect(outcome(surrounded.view())).toEqual(outcome(bytes.slice()));
  surrounded.expectUntouched();
}

describe('functions, of bytes in the midst of noise', () => {
  test('decodeFrameHeader and decodeFrames', () => {
    fc.assert(
      fc.property(soup(), fc.nat({ max: 16 }), noise(), ([rules, bytes], length, noise) => {
        const start = bytes.subarray(0, length);
        same(start, noise, (bytes) => decodeFrameHeader(bytes, rules));
        const alone = decodeFrameHeader(start, rules);
        const lead = noise[0].length;
        expect(decodeFrameHeader(new Surrounded(start, noise).view(lead), rules, lead)).toEqual(
          'violation' in alone ? { ...alone, offset: alone.offset + lead } : alone,
        );
        same(bytes, noise, (bytes) => decodeFrames(bytes, rules));
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(
        withRules(rules(), (rules) => legalStream(rules, { maxPayload: 300 })),
        noise(),
        ([rules, frames], noise) => same(rawFrames(frames), noise, (bytes) => decodeFrames(bytes, rules)),
      ),
      { numRuns: 200 },
    );
  });

  test('decodeClose, decodeUtf8 and Utf8Validator', () => {
    const code = fc.constantFrom([], [0x03], [0x03, 0xe8], [0x03, 0xed], [0x0f, 0xa0]);
    fc.assert(
      fc.property(code, nearlyUtf8(), noise(), (code, bytes, noise) => {
        same(Uint8Array.of(...code, ...bytes), noise, decodeClose);
        same(bytes, noise, decodeUtf8);
        same(bytes, noise, (bytes) => {
          const validator = new Utf8Validator();
          return [validator.push(bytes), validator.complete];
        });
      }),
      { numRuns: 1500 },
    );
  });

  test('what encodes and masks', () => {
    fc.assert(
      fc.property(payload(5000), maskingKey(), fc.nat({ max: 3 }), noise(), (payload, key, phase, noise) => {
        const masked = payload.slice();
        applyMask(masked, key, phase);
        const frame = encodeFrame({ opcode: 2, payload }, key);
        same(payload, noise, (payload) => encodeFrame({ opcode: 2, payload }, key));
        same(payload, noise, (payload) => encodeFrame({ opcode: 2, payload }));

        /** What a function writes to a place in the midst of noise. */
        const written = (length: number, write: (target: Uint8Array, at: number) => void): Uint8Array => {
          const target = new Surrounded(payload.subarray(0, length), noise, length);
          write(target.view(3, 9), 3);
          target.expectNoiseUntouched();
          return target.view();
        };
        const { length } = payload;
        for (const bytes of [
          written(length, (target, at) => applyMask(target.subarray(at, at + length), key, phase)),
          written(length, (target, at) => new Maskable(target).mask(at, at + length, key, phase)),
          written(length, (target, at) => new Maskable(target, bigUint64Kernel).mask(at, at + length, key, phase)),
          written(length, (target, at) => maskInto(target, at, payload, key, phase)),
        ]) {
          expect(Buffer.compare(bytes, masked)).toBe(0);
        }
        for (const bytes of [
          written(frame.length, (target, at) => encodeFrameInto(target, at, { opcode: 2, payload }, key)),
          written(frame.length, (target, at) => encodeFrameInto(new Maskable(target), at, { opcode: 2, payload }, key)),
        ]) {
          expect(Buffer.compare(bytes, frame)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('writeFrameHeader writes the header, and nothing beside it', () => {
    const fields = fc.record({
      fin: fc.boolean(),
      opcode: fc.nat({ max: 15 }),
      payloadLength: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 70_000 }), fc.maxSafeNat()),
      maskingKey: fc.option(maskingKey(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fields, noise(), (fields, noise) => {
        const header = encodeFrameHeader(fields);
        const target = new Surrounded(new Uint8Array(header.length), noise);
        expect(writeFrameHeader(target.view(5, 9), 5, fields)).toBe(5 + header.length);
        expect(target.view()).toEqual(header);
        target.expectNoiseUntouched();
      }),
      { numRuns: 1000 },
    );
  });
});
