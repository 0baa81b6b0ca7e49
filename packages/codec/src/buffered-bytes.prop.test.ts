import {
  byteSoup,
  type Cuts,
  concat,
  cuts,
  decodeNaively,
  limitedRules,
  type NaiveRules,
  Recorder,
  split,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeFrame,
  FrameDecoder,
  MessageAssembler,
  MessageDecoder,
  MessageMemory,
  type MessageSink,
} from './index.ts';

/** What has come, up to some byte of a stream, of what is not whole yet. */
interface Account {
  /** Bytes of a header. */
  header: number;
  /**
   * Payload of the message in progress, with the headers of its frames as well, and whether it is one frame whose
   * header says all of its length.
   */
  message: { arrived: number; withHeaders: number; declared: number; unfragmented: boolean } | undefined;
  /** Payload of the control frame in progress. */
  control: { arrived: number; declared: number } | undefined;
}

const NOTHING: Account = { header: 0, message: undefined, control: undefined };

/**
 * Reads the first bytes of a stream, which are legal, frame by frame.
 *
 * @param after whether what ends with the last byte is done with; if not, it is still in the account
 */
function account(bytes: Uint8Array, length: number, after: boolean): Account {
  const stream = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  let message: Account['message'];
  for (let at = 0; at < length; ) {
    const [byte0, byte1 = 0] = stream.subarray(at);
    const form = byte1 & 0x7f;
    const end = at + 2 + (form === 126 ? 2 : form === 127 ? 8 : 0) + (byte1 >= 0x80 ? 4 : 0);
    if (at + 2 > length || end > length) return { header: length - at, message, control: undefined };
    const declared =
      form === 126 ? stream.readUInt16BE(at + 2) : form === 127 ? Number(stream.readBigUInt64BE(at + 2)) : form;
    const arrived = Math.min(declared, length - end);
    const last = end + arrived === length;
    const whole = arrived === declared && (after || !last);
    const opcode = byte0! & 0x0f;
    const withHeaders = end + arrived - at + (opcode === 0 ? message!.withHeaders : 0);
    at = end + arrived;
    if (opcode >= 8) {
      if (!whole) return { header: 0, message, control: { arrived, declared } };
      if (opcode === 8) return NOTHING;
      continue;
    }
    const fin = byte0! >= 0x80;
    if (opcode === 0)
      message = {
        arrived: message!.arrived + arrived,
        withHeaders,
        declared: message!.declared + declared,
        unfragmented: false,
      };
    else message = { arrived, withHeaders, declared, unfragmented: fin };
    if (fin && whole) message = undefined;
  }
  return { header: 0, message, control: undefined };
}

/** The most that may be allocated for a message of which so much has come. */
function most({ message }: Account, maxMessagePayload: number): number {
  if (message === undefined) return 0;
  // With fragments, only the limit says how long it can become.
  return Math.min(16 * message.withHeaders, message.unfragmented ? message.declared : maxMessagePayload);
}

/** Tells of each allocation before it is made. */
class WatchedMemory extends MessageMemory {
  readonly #watch: (length: number) => void;

  constructor(watch: (length: number) => void) {
    super();
    this.#watch = watch;
  }

  override allocate(length: number): Uint8Array<ArrayBuffer> {
    this.#watch(length);
    return super.allocate(length);
  }

  override allocateUnfinished(length: number): Uint8Array<ArrayBuffer> {
    this.#watch(length);
    return super.allocateUnfinished(length);
  }
}

function checkAtEveryStep(bytes: Uint8Array, rules: NaiveRules, cuts: Cuts): void {
  const maxMessagePayload = rules.maxMessagePayload ?? 16 * 1024 * 1024;
  const { events, ends, violation } = decodeNaively(bytes, { ...rules, ended: false });
  const closed = events.at(-1)?.type === 'close' ? ends.at(-1)! : Number.POSITIVE_INFINITY;
  const over = (offset: number): boolean => (violation !== undefined && offset > violation.offset) || offset >= closed;

  const check = (where: string): void => {
    const offset = frames.offset;
    const is = over(offset) ? NOTHING : account(bytes, offset, true);
    const kept = assembler.bufferedBytes;
    const { arrived = 0 } = is.message ?? {};
    const { control } = is;
    if (frames.bufferedBytes !== is.header) expect(frames.bufferedBytes, `header, ${where} ${offset}`).toBe(is.header);
    const isBetween = is.header === 0 && is.message === undefined && control === undefined;
    const rests = isBetween && !over(offset);
    if (frames.atRest !== rests) expect(frames.atRest, `atRest, ${where} ${offset}`).toBe(rests);
    expect(kept, `${where} ${offset}`).toBeGreaterThanOrEqual(arrived + (control?.arrived ?? 0));
    expect(kept, `${where} ${offset}`).toBeLessThanOrEqual(most(is, maxMessagePayload) + (control?.declared ?? 0));
  };
  const sink: MessageSink = {
    message: () => check('in message() at'),
    ping: () => check('in ping() at'),
    pong: () => check('in pong() at'),
    close: () => check('in close() at'),
    violation: () => expect([frames.bufferedBytes, assembler.bufferedBytes]).toEqual([0, 0]),
  };
  const memory = new WatchedMemory((length) => {
    const before = account(bytes, frames.offset, false);
    const bound = Math.max(most(before, maxMessagePayload), before.control?.declared ?? 0);
    expect(length, `allocated at ${frames.offset}`).toBeLessThanOrEqual(bound);
  });
  const limits = { maxMessagePayload, maxFramePayload: rules.maxFramePayload ?? maxMessagePayload };
  const assembler = new MessageAssembler(sink, { memory }, maxMessagePayload);
  const frames = new FrameDecoder(rules, assembler, limits);
  const composed = new MessageDecoder(rules, limits, new Recorder());
  for (const chunk of split(bytes, cuts)) {
    frames.push(chunk);
    check('after the push up to');
    composed.push(chunk);
    expect(composed.bufferedBytes).toBe(frames.bufferedBytes + assembler.bufferedBytes);
    expect(composed.atRest).toBe(frames.atRest);
  }
  frames.end();
  composed.end();
  expect([frames.bufferedBytes, assembler.bufferedBytes, composed.bufferedBytes]).toEqual([0, 0, 0]);
}

describe('bufferedBytes, after every push and in every callback: what has come, at most 16 times that, and nothing between messages, where atRest is true', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(withRules(limitedRules(), byteSoup), cuts(), ([rules, bytes], cuts) =>
        checkAtEveryStep(bytes, rules, cuts),
      ),
      { numRuns: 700 },
    );
  });

  test('long messages in small pieces: in frames that say how long they are, in many small ones, in frames that lie', () => {
    const length = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 9000 }));
    const frame = fc.record({
      length: fc.oneof(length, fc.constantFrom(0, 0, 1, 1)),
      opcode: fc.constantFrom(0, 0, 0, 9),
      cut: fc.option(fc.nat({ max: 50 }), { nil: undefined, freq: 3 }),
    });
    const chunks = fc.oneof(
      fc.array(fc.nat({ max: 40_000 }), { maxLength: 12 }),
      fc.nat({ max: 2000 }).chain((start) => fc.constant(Array.from({ length: 40 }, (_, i) => start + i))),
    );
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 20, size: 'max' }),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(undefined, 1, 500, 10_000, 2 ** 40),
        chunks,
        (frames, fin, closes, maxMessagePayload, cuts) => {
          const parts = frames.map(({ length, opcode, cut }, i) => {
            const data = opcode === 0 || i === 0;
            const bytes = encodeFrame({
              opcode: i === 0 ? 2 : opcode,
              fin: !data || (fin && i === frames.length - 1),
              payload: new Uint8Array(data ? length : length % 126),
            });
            // The last frame may end early: it has promised more.
            return i === frames.length - 1 && cut !== undefined ? bytes.subarray(0, -cut || bytes.length) : bytes;
          });
          // A Close, perhaps in the middle of the message, or what looks as one in the middle of a frame.
          if (closes) parts.push(encodeFrame({ opcode: 8, payload: new Uint8Array(0) }));
          checkAtEveryStep(concat(parts), { role: 'client', maxMessagePayload }, cuts);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('all that is allocated for a message is in proportion to it, so that time is', () => {
  // Each growth at least doubles, up to 16 times what has come: together less than twice the last; and the message
  // itself.
  const PROPORTION = 2 * 16 + 1;

  test.each([1, 64, 1000, 4096, 20_000])('%i bytes, byte by byte and fragment by fragment', (length) => {
    const header = encodeFrame({ opcode: 2, payload: new Uint8Array(length) }).subarray(0, -length);
    const byByte = [header, ...Array.from({ length }, () => new Uint8Array(1))];
    const byFragment = Array.from({ length }, (_, i) =>
      encodeFrame({ opcode: i === 0 ? 2 : 0, fin: i === length - 1, payload: new Uint8Array(1) }),
    );
    for (const chunks of [byByte, byFragment]) {
      let allocated = 0;
      const memory = new WatchedMemory((length) => {
        allocated += length;
      });
      const recorder = new Recorder();
      const decoder = new MessageDecoder({ role: 'client' }, {}, recorder, { memory });
      for (const chunk of chunks) decoder.push(chunk);
      expect(recorder.events).toMatchObject([{ payload: { length } }]);
      expect(allocated).toBeLessThanOrEqual(PROPORTION * length);
    }
  });
});

test('a masked message of 1 MiB in chunks of 64 KiB is allocated once, and as a whole', () => {
  const allocated: number[] = [];
  const memory = new WatchedMemory((length) => void allocated.push(length));
  const recorder = new Recorder();
  const decoder = new MessageDecoder({ role: 'server' }, {}, recorder, { memory });
  const frame = encodeFrame({ opcode: 2, payload: new Uint8Array(1_048_576) }, 0x12345678);
  for (let at = 0; at < frame.length; at += 65_536) decoder.push(frame.subarray(at, at + 65_536));
  expect(recorder.events).toMatchObject([{ payload: { length: 1_048_576 } }]);
  expect(allocated).toEqual([1_048_576]);
});
