import {
  anyPlantedViolation,
  byteSoup,
  cuts,
  limitedRules,
  Recorder,
  rawFrames,
  rules,
  split,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameDecoder, MessageDecoder, ProtocolError } from './index.ts';

test('after a violation everything is taken and nothing delivered, whatever comes, and the end is silent', () => {
  fc.assert(
    fc.property(anyPlantedViolation(), byteSoup({ role: 'server' }), cuts(), (planted, more, cuts) => {
      fc.pre(!planted.expected.violation.startsWith('end-'));
      const recorder = new Recorder();
      const decoder = new MessageDecoder(planted.rules, planted.rules, recorder);
      decoder.push(planted.bytes);
      const { length } = recorder.events;
      expect(recorder.violations).toHaveLength(1);
      for (const chunk of split(more, cuts)) expect(decoder.push(chunk)).toBe(chunk.length);
      decoder.end();
      decoder.end();
      expect(recorder.events).toHaveLength(length);
      expect(recorder.violations).toHaveLength(1);
      expect(decoder.bufferedBytes).toBe(0);
      expect(decoder.offset).toBe(planted.bytes.length + more.length);
    }),
    { numRuns: 1500 },
  );
});

test('F15: after a Close everything is taken and discarded, in silence', () => {
  fc.assert(
    fc.property(withRules(rules(), byteSoup), cuts(), ([rules, more], cuts) => {
      const recorder = new Recorder();
      const decoder = new MessageDecoder(rules, {}, recorder);
      const maskingKey = rules.role === 'client' ? undefined : 0x11223344;
      // Inside a message, which stays open: neither that nor half a frame is missed at the end.
      const closing = rawFrames([
        { fin: false, opcode: 2, maskingKey, payload: Uint8Array.of(1) },
        { opcode: 8, maskingKey },
      ]);
      for (const chunk of split(Uint8Array.of(...closing, ...more), cuts)) {
        expect(decoder.push(chunk)).toBe(chunk.length);
      }
      decoder.end();
      expect(recorder.transcript()).toEqual(['close without code ""']);
    }),
    { numRuns: 500 },
  );
});

test('no bytes make a decoder throw, and what it says is a ProtocolError with all its parts', () => {
  fc.assert(
    fc.property(
      withRules(limitedRules(), (rules) => fc.oneof(byteSoup(rules), fc.uint8Array({ maxLength: 200 }))),
      cuts(),
      ([rules, bytes], cuts) => {
        const errors: unknown[] = [];
        const recorder = new Recorder();
        recorder.violation = (error) => void errors.push(error);
        const decoder = new MessageDecoder(rules, rules, recorder);
        const frames = new FrameDecoder(rules, {
          frame() {},
          begin() {},
          part() {},
          violation: (error) => void errors.push(error),
        });
        for (const chunk of split(bytes, cuts)) {
          decoder.push(chunk);
          frames.push(chunk);
        }
        decoder.end();
        frames.end();
        for (const error of errors) {
          expect(error).toBeInstanceOf(ProtocolError);
          const { name, message, violation, closeCode, offset } = error as ProtocolError;
          expect(name).toBe('ProtocolError');
          expect(message).toContain(violation);
          expect([1002, 1006, 1007, 1009]).toContain(closeCode);
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThanOrEqual(bytes.length);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
