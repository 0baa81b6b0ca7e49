import {
  byteSoup,
  type Cuts,
  cuts,
  decodeNaively,
  legalStream,
  type NaiveRules,
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
import { MessageDecoder } from './index.ts';

/** A recorder that calls back after each event, with its number. */
class Recording extends Recorder {
  private readonly after: (event: number) => void;
  private count = 0;

  constructor(after: (event: number) => void) {
    super();
    this.after = after;
  }

  private note(call: () => void): void {
    call();
    this.after(this.count++);
  }

  override message(payload: Uint8Array, opcode: number, rsv: number): void {
    this.note(() => super.message(payload, opcode, rsv));
  }

  override ping(payload: Uint8Array): void {
    this.note(() => super.ping(payload));
  }

  override pong(payload: Uint8Array): void {
    this.note(() => super.pong(payload));
  }

  override close(code: number | undefined, reason: string): void {
    this.note(() => super.close(code, reason));
  }

  override violation(error: { violation: string; closeCode: number; offset: number }): void {
    this.note(() => super.violation(error));
  }
}

const soup = () => withRules(rules(), byteSoup);

function naively(bytes: Uint8Array, rules: NaiveRules): { lines: string[]; ends: number[] } {
  const { events, ends, violation } = decodeNaively(bytes, rules);
  return { lines: transcript(events, violation), ends };
}

/** Pushes all of it, after each hold going on where the decoder stopped; `holds(i)` says how often event i holds. */
function decodeHolding(bytes: Uint8Array, rules: NaiveRules, cuts: Cuts, holds: (event: number) => number): string[] {
  const { ends } = naively(bytes, rules);
  let held = 0;
  let lastEvent = -1;
  const recorder = new Recording((event) => {
    expect(held, 'an event while held').toBe(0);
    lastEvent = event;
    held = holds(event);
    for (let i = 0; i < held; i++) decoder.hold();
  });
  const decoder = new MessageDecoder(rules, {}, recorder);
  let before = 0;
  for (const chunk of split(bytes, cuts)) {
    for (let at = 0; at < chunk.length; ) {
      const taken = decoder.push(chunk, at);
      at += taken;
      expect(decoder.offset).toBe(before + at);
      if (held === 0) {
        expect(at).toBe(chunk.length);
      } else {
        // Stopped right behind the event; a violation takes the rest of its chunk with it.
        if (lastEvent < ends.length) expect(decoder.offset).toBe(ends[lastEvent]);
        for (; held > 0; held--) {
          expect(decoder.push(chunk, at)).toBe(0);
          decoder.release();
        }
      }
    }
    before += chunk.length;
  }
  return recorder.transcript();
}

describe('hold()', () => {
  test('in any one of the callbacks, and in all of them, changes nothing but when', () => {
    fc.assert(
      fc.property(soup(), cuts(), fc.integer({ min: 1, max: 3 }), ([rules, bytes], cuts, times) => {
        const { lines } = naively(bytes, rules);
        for (let held = 0; held < lines.length; held++) {
          expect(decodeHolding(bytes, rules, cuts, (event) => (event === held ? times : 0))).toEqual(lines);
        }
        expect(decodeHolding(bytes, rules, cuts, () => times)).toEqual(lines);
      }),
      { numRuns: 1500 },
    );
  });

  test.each([0, 1, 6, 16, 125, 200])(
    'lets no message of %i bytes come behind the one that it was called in',
    (size) => {
      const recorder = new Recording(() => decoder.hold());
      const decoder = new MessageDecoder({ role: 'client' }, {}, recorder);
      const frame = rawFrames([{ opcode: 2, payload: new Uint8Array(size) }]);
      const chunk = new Uint8Array([...frame, ...frame, ...frame]);
      for (let count = 1; count <= 3; count++) {
        expect(decoder.push(chunk, frame.length * (count - 1))).toBe(frame.length);
        expect(recorder.events.length).toBe(count);
        decoder.release();
      }
    },
  );

  test('before a push takes nothing; release() without hold() is a TypeError', () => {
    const recorder = new Recorder();
    const decoder = new MessageDecoder({ role: 'client' }, {}, recorder);
    expect(() => decoder.release()).toThrow(TypeError);
    decoder.hold();
    const ping = rawFrames([{ opcode: 9 }]);
    expect(decoder.push(ping)).toBe(0);
    decoder.release();
    expect(() => decoder.release()).toThrow(TypeError);
    expect(recorder.events).toEqual([]);
    expect(decoder.push(ping)).toBe(2);
    expect(recorder.transcript()).toEqual(['ping 0:']);
  });
});

describe('a sink that throws', () => {
  test('at any one of its callbacks, and at all of them, loses and repeats nothing: go on from decoder.offset', () => {
    fc.assert(
      fc.property(soup(), cuts(), ([rules, bytes], cuts) => {
        const { lines } = naively(bytes, rules);
        for (let thrower = 0; thrower <= lines.length; thrower++) {
          const thrown = new Error('thrown by the sink');
          const recorder = new Recording((event) => {
            if (thrower === lines.length || event === thrower) throw thrown;
          });
          const decoder = new MessageDecoder(rules, {}, recorder);
          let before = 0;
          for (const chunk of split(bytes, cuts)) {
            for (let throws = 0; decoder.offset < before + chunk.length; throws++) {
              expect(throws, 'it goes round in circles').toBeLessThanOrEqual(lines.length);
              try {
                decoder.push(chunk, decoder.offset - before);
              } catch (error) {
                if (error !== thrown) throw error;
              }
            }
            before += chunk.length;
          }
          expect(recorder.transcript()).toEqual(lines);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('at the violation of an end, too: the next end() is silent', () => {
    const recorder = new Recording(() => {
      throw new Error('thrown by the sink');
    });
    const decoder = new MessageDecoder({ role: 'client' }, {}, recorder);
    decoder.push(Uint8Array.of(0x01, 0));
    expect(() => decoder.end()).toThrow('thrown by the sink');
    decoder.end();
    expect(recorder.transcript()).toEqual(['violation end-inside-message 1006 at 2']);
  });
});

test('push() and end() inside a callback are TypeErrors, and change nothing', () => {
  fc.assert(
    fc.property(soup(), cuts(), ([rules, bytes], cuts) => {
      const recorder = new Recording(() => {
        const { offset, bufferedBytes } = decoder;
        expect(() => decoder.push(bytes)).toThrow(TypeError);
        expect(() => decoder.push(Uint8Array.of(0xff))).toThrow(TypeError);
        expect(() => decoder.end()).toThrow(TypeError);
        expect({ offset: decoder.offset, bufferedBytes: decoder.bufferedBytes }).toEqual({ offset, bufferedBytes });
      });
      const decoder = new MessageDecoder(rules, {}, recorder);
      for (const chunk of split(bytes, cuts)) decoder.push(chunk);
      expect(recorder.transcript()).toEqual(naively(bytes, rules).lines);
    }),
    { numRuns: 1000 },
  );
});

test('wrong use between two pushes throws and changes nothing', () => {
  const wrong = [
    undefined,
    null,
    'text',
    [1],
    new ArrayBuffer(4),
    new DataView(new ArrayBuffer(4)),
    new Uint16Array(3),
  ];
  fc.assert(
    fc.property(legalStream({ role: 'server' }, { maxPayload: 100 }), cuts(), (frames, cuts) => {
      const bytes = rawFrames(frames);
      const recorder = new Recorder();
      const decoder = new MessageDecoder({ role: 'server' }, {}, recorder);
      for (const chunk of split(bytes, cuts)) {
        for (const value of wrong) expect(() => decoder.push(value as unknown as Uint8Array)).toThrow(TypeError);
        for (const at of [-1, 0.5, Number.NaN, chunk.length + 1]) {
          expect(() => decoder.push(chunk, at)).toThrow(RangeError);
        }
        decoder.push(chunk);
      }
      expect(recorder.transcript()).toEqual(naively(bytes, { role: 'server' }).lines);
      decoder.end();
      expect(() => decoder.push(bytes)).toThrow(TypeError);
    }),
    { numRuns: 100 },
  );
});

test('an event that is delivered is never the last word before it was whole', () => {
  fc.assert(
    fc.property(soup(), ([rules, bytes]) => {
      const { events, ends } = decodeNaively(bytes, rules);
      const seen: [StreamEvent, number][] = [];
      const recorder = new Recording((event) => {
        if (event < ends.length) seen.push([recorder.events[event]!, pushed]);
      });
      const decoder = new MessageDecoder(rules, {}, recorder);
      let pushed = 0;
      for (const byte of bytes) {
        pushed++;
        decoder.push(Uint8Array.of(byte));
      }
      expect(seen.map(([, at]) => at)).toEqual(ends);
      expect(seen).toHaveLength(events.length);
    }),
    { numRuns: 500 },
  );
});
