import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  concat,
  cuts,
  eventLine,
  legalStream,
  pushAll,
  Recorder,
  rawFrame,
  rawFrames,
  rules,
  split,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageDecoder } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Writes down each event twice: as it is, and as it reads when it is delivered. */
class Witness extends Recorder {
  readonly lines: string[] = [];

  private note(): void {
    this.lines.push(eventLine(this.events.at(-1)!));
  }

  override message(payload: Uint8Array, opcode: number, rsv: number): void {
    super.message(payload, opcode, rsv);
    this.note();
  }

  override ping(payload: Uint8Array): void {
    super.ping(payload);
    this.note();
  }

  override pong(payload: Uint8Array): void {
    super.pong(payload);
    this.note();
  }

  override close(code: number | undefined, reason: string): void {
    super.close(code, reason);
    this.note();
  }
}

describe('a message owns its bytes, and a chunk stays its caller’s', () => {
  test('no chunk is written, and what was delivered stays as it was when the chunks are overwritten', () => {
    fc.assert(
      fc.property(
        withRules(rules(), (rules) => legalStream(rules)),
        cuts(),
        ([rules, frames], cuts) => {
          const bytes = rawFrames(frames);
          const before = hex(bytes);
          const witness = new Witness();
          pushAll(new MessageDecoder(rules, {}, witness), split(bytes, cuts));
          expect(witness.transcript()).toEqual(witness.lines);
          expect(hex(bytes)).toBe(before);
        },
      ),
      { numRuns: 700 },
    );
  });

  test('writing to a message changes no other one, delivered before or after', () => {
    fc.assert(
      fc.property(legalStream({ role: 'server' }, { maxPayload: 300 }), cuts(), (frames, cuts) => {
        const bytes = rawFrames(frames);
        const wanted = new Recorder();
        new MessageDecoder({ role: 'server' }, {}, wanted).push(bytes);

        const lines: string[] = [];
        const given: Uint8Array[] = [];
        const take = (line: string, payload: Uint8Array): void => {
          lines.push(line);
          given.push(payload.fill(lines.length));
        };
        const sink = {
          message: (payload: Uint8Array, opcode: number, rsv: number) =>
            take(eventLine({ type: 'message', payload, opcode, rsv }), payload),
          ping: (payload: Uint8Array) => take(eventLine({ type: 'ping', payload }), payload),
          pong: (payload: Uint8Array) => take(eventLine({ type: 'pong', payload }), payload),
          close: (code: number | undefined, reason: string) => lines.push(eventLine({ type: 'close', code, reason })),
          violation: () => lines.push('violation'),
        };
        const decoder = new MessageDecoder({ role: 'server' }, {}, sink);
        for (const chunk of split(bytes, cuts)) decoder.push(chunk);
        expect(lines).toEqual(wanted.transcript());
        given.forEach((payload, i) => {
          expect(payload.every((byte) => byte === i + 1)).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe('memory', () => {
  setFlagsFromString('--expose_gc');
  const gc: () => void = runInNewContext('gc');

  /** Bytes of ArrayBuffers that are alive. */
  function alive(): number {
    gc();
    gc();
    return process.memoryUsage().arrayBuffers;
  }

  test.each([1, 64, 65, 100, 1000, 4096, 4097, 5000])(
    'one kept of every 2,000 messages of %i bytes pins at most max(its size, 8 KiB)',
    (size) => {
      const kept: Uint8Array[] = [];
      const wanted = 60;
      let count = 0;
      const sink = new Recorder();
      sink.message = (payload) => {
        if (count++ % 2000 === 0) kept.push(payload);
      };
      const decoder = new MessageDecoder({ role: 'server' }, {}, sink);
      const frame = rawFrame({ opcode: 2, maskingKey: 0x01020304, payload: new Uint8Array(size).fill(7) });
      const chunk = concat(Array(Math.ceil(65536 / frame.length)).fill(frame));

      const before = alive();
      // Every chunk is a new one, as from a socket: a message that were a view would keep it alive.
      while (count < 2000 * wanted) decoder.push(chunk.slice());
      const pinned = alive() - before;

      expect(kept.length).toBeGreaterThanOrEqual(wanted);
      const promised = kept.length * Math.max(size, 8192);
      expect(pinned).toBeLessThan(promised + 256 * 1024);
      expect(kept.every((payload) => payload.length === size && payload[0] === 7)).toBe(true);
    },
  );

  test('between two pushes no chunk is kept alive', () => {
    const decoder = new MessageDecoder(
      { role: 'server' },
      {},
      { message() {}, ping() {}, pong() {}, close() {}, violation() {} },
    );
    const frame = rawFrame({ opcode: 2, maskingKey: 5, payload: new Uint8Array(100) });
    const chunk = concat(Array(10_000).fill(frame));
    const before = alive();
    decoder.push(chunk.slice());
    expect(alive() - before).toBeLessThan(chunk.length / 2);
    expect(decoder.offset).toBe(chunk.length);
  });

  test('a message that grew out of many fragments pins no more than its bytes', () => {
    const recorder = new Recorder();
    const decoder = new MessageDecoder({ role: 'server' }, {}, recorder);
    const fragment = (fin: boolean, opcode: number) =>
      rawFrame({ fin, opcode, maskingKey: 5, payload: new Uint8Array(1000).fill(7) });
    const before = alive();
    for (let message = 0; message < 20; message++) {
      decoder.push(fragment(false, 2));
      for (let i = 0; i < 298; i++) decoder.push(fragment(false, 0));
      decoder.push(fragment(true, 0));
    }
    expect(recorder.events).toHaveLength(20);
    expect(alive() - before).toBeLessThan(20 * 300_000 + 256 * 1024);
  });

  test('a header that claims much costs a small multiple of what has come', () => {
    const recorder = new Recorder();
    const decoder = new MessageDecoder({ role: 'client' }, { maxMessagePayload: 2 ** 40 }, recorder);
    decoder.push(rawFrame({ opcode: 2, declaredLength: 2 ** 40 }));
    expect(decoder.bufferedBytes).toBeLessThanOrEqual(16);
    let arrived = 0;
    for (const size of [1, 10, 100, 1000, 100_000, 1_000_000]) {
      decoder.push(new Uint8Array(size));
      arrived += size;
      expect(decoder.bufferedBytes).toBeGreaterThanOrEqual(arrived);
      expect(decoder.bufferedBytes).toBeLessThanOrEqual(16 * arrived);
    }
  });

  test('200,000 fragments of one byte cost less than 1 MiB while they come', () => {
    const recorder = new Recorder();
    const decoder = new MessageDecoder({ role: 'server' }, {}, recorder);
    const fragment = rawFrame({ fin: false, opcode: 0, maskingKey: 5, payload: Uint8Array.of(65) });
    decoder.push(rawFrame({ fin: false, opcode: 1, maskingKey: 5 }));
    for (let i = 0; i < 200_000; i++) decoder.push(fragment);
    expect(decoder.bufferedBytes).toBeLessThan(1024 * 1024);
    decoder.push(rawFrame({ opcode: 0, maskingKey: 5 }));
    expect(recorder.events[0]).toMatchObject({ payload: { length: 200_000 } });
  });
});
