import {
  byteSoup,
  type Cuts,
  cuts,
  decodeNaively,
  legalStream,
  type NaiveRules,
  pushAll,
  rawFrame,
  rawFrames,
  rules,
  split,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameRecorder, headerLine } from './frame-recorder.suite.ts';
import { FrameDecoder, type ProtocolError } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function decode(bytes: Uint8Array, rules: NaiveRules, cuts: Cuts): string[] {
  const recorder = new FrameRecorder();
  const decoder = new FrameDecoder(rules, recorder, rules);
  pushAll(decoder, split(bytes, cuts));
  decoder.end();
  return recorder.lines;
}

test('the frames of a legal stream, as they were written, in any chunks', () => {
  fc.assert(
    fc.property(
      withRules(rules(), (rules) => legalStream(rules)),
      cuts(),
      ([rules, frames], cuts) => {
        const wanted = frames.map((frame) => {
          const bytes = rawFrame(frame);
          const { length } = frame.payload!;
          const header = {
            fin: frame.fin ?? true,
            rsv1: frame.rsv1 ?? false,
            rsv2: frame.rsv2 ?? false,
            rsv3: frame.rsv3 ?? false,
            opcode: frame.opcode,
            maskingKey: frame.maskingKey,
            payloadLength: length,
          };
          return `${headerLine(header)} ${hex(bytes.subarray(bytes.length - length))}`;
        });
        expect(decode(rawFrames(frames), rules, cuts)).toEqual(wanted);
      },
    ),
    { numRuns: 500 },
  );
});

test('any bytes: in any chunks the frames and the violation of the whole', () => {
  fc.assert(
    fc.property(withRules(rules(), byteSoup), cuts(), ([rules, bytes], cuts) => {
      expect(decode(bytes, rules, cuts)).toEqual(decode(bytes, rules, []));
    }),
    { numRuns: 1500 },
  );
});

test('it fails where the naive codec fails, except for what a payload says', () => {
  const ofPayloads = new Set(['close-code-illegal', 'close-reason-not-utf8', 'text-not-utf8']);
  fc.assert(
    fc.property(withRules(rules(), byteSoup), ([rules, bytes]) => {
      const { violation } = decodeNaively(bytes, {
        ...rules,
        maxMessagePayload: Number.MAX_SAFE_INTEGER,
        ended: true,
      });
      fc.pre(violation === undefined || !ofPayloads.has(violation.violation));
      const failures = decode(bytes, rules, []).filter((line) => line.includes(' at '));
      expect(failures).toEqual(violation === undefined ? [] : [`${violation.violation} at ${violation.offset}`]);
    }),
    { numRuns: 1500 },
  );
});

test('a sink that throws at any call loses and repeats nothing: go on from decoder.offset', () => {
  fc.assert(
    fc.property(withRules(rules(), byteSoup), cuts(), ([rules, bytes], cuts) => {
      const wanted = decode(bytes, rules, cuts).filter((line) => !line.startsWith('end-'));
      const thrown = new Error('thrown by the sink');
      const recorder = new FrameRecorder(() => {
        throw thrown;
      });
      const decoder = new FrameDecoder(rules, recorder);
      let before = 0;
      for (const chunk of split(bytes, cuts)) {
        for (let throws = 0; decoder.offset < before + chunk.length; throws++) {
          // A call for each byte, at the very most.
          expect(throws, 'it goes round in circles').toBeLessThanOrEqual(bytes.length);
          try {
            decoder.push(chunk, decoder.offset - before);
          } catch (error) {
            if (error !== thrown) throw error;
          }
        }
        before += chunk.length;
      }
      expect(recorder.lines).toEqual(wanted);
    }),
    { numRuns: 1500 },
  );
});

test('hold() at every call changes nothing but when', () => {
  fc.assert(
    fc.property(withRules(rules(), byteSoup), cuts(), ([rules, bytes], cuts) => {
      const wanted = decode(bytes, rules, cuts).filter((line) => !line.startsWith('end-'));
      let holds = 0;
      const recorder = new FrameRecorder(() => {
        decoder.hold();
        holds++;
      });
      const decoder = new FrameDecoder(rules, recorder);
      for (const chunk of split(bytes, cuts)) {
        for (let at = 0; at < chunk.length; ) {
          const taken = decoder.push(chunk, at);
          at += taken;
          expect(holds, 'calls while held').toBeLessThanOrEqual(1);
          expect(taken, 'no byte taken, and not held').toBeGreaterThanOrEqual(1);
          for (; holds > 0; holds--) decoder.release();
        }
      }
      expect(recorder.lines).toEqual(wanted);
    }),
    { numRuns: 1000 },
  );
});

test('a violation that a sink finds in a payload fails the decoder at its offset in the stream', () => {
  fc.assert(
    fc.property(fc.nat({ max: 30 }), fc.nat({ max: 29 }), cuts(), (before, at, cuts) => {
      const bytes = rawFrames([
        { opcode: 2, payload: new Uint8Array(before) },
        { opcode: 2, payload: Uint8Array.from({ length: 30 }, (_, i) => (i === at ? 1 : 0)) },
        { opcode: 9 },
      ]);
      const judge = (chunk: Uint8Array, start: number, end: number) => {
        const found = chunk.subarray(start, end).indexOf(1);
        return found === -1 ? undefined : { violation: 'extension-data-illegal' as const, at: start + found };
      };
      const errors: ProtocolError[] = [];
      const decoder = new FrameDecoder(
        { role: 'client' },
        {
          frame: (_, chunk, start, end) => judge(chunk, start, end),
          begin() {},
          part: judge,
          violation: (error) => void errors.push(error),
        },
      );
      pushAll(decoder, split(bytes, cuts));
      decoder.end();
      expect(errors).toMatchObject([
        { violation: 'extension-data-illegal', closeCode: 1007, offset: 2 + before + 2 + at },
      ]);
    }),
    { numRuns: 500 },
  );
});

test('a frame of 10 GB is parts that come and go', () => {
  const size = 10 * 2 ** 30;
  let received = 0;
  let whole = 0;
  const decoder = new FrameDecoder(
    { role: 'client' },
    {
      frame: () => expect.fail('it does not lie in one chunk'),
      begin: (header) => expect(header.payloadLength).toBe(size),
      part(_, start, end, last) {
        received += end - start;
        if (last) whole++;
      },
      violation: (error) => expect.fail(error.message),
    },
  );
  decoder.push(rawFrame({ opcode: 2, declaredLength: size }));
  const chunk = new Uint8Array(2 ** 20);
  for (let i = 0; i < 10 * 2 ** 10; i++) decoder.push(chunk);
  decoder.end();
  expect({ received, whole, offset: decoder.offset }).toEqual({ received: size, whole: 1, offset: size + 10 });
  expect(decoder.bufferedBytes).toBe(0);
});
