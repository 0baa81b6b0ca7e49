import { decodeNaively, type NaiveResult, type NaiveRules, Recorder, transcript } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { withoutStacks } from './differential.suite.ts';
import {
  decodeFrameHeader,
  FrameDecoder,
  type FrameHeader,
  MessageDecoder,
  MessageMemory,
  type ProtocolError,
} from './index.ts';

const ROLES = ['server', 'client', 'observer'] as const;
const RSV_SETS = [0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70];

/** The first frame of a message that goes on, legal for the role. */
const OPENING = { server: [0x02, 0x80, 0, 0, 0, 0], client: [0x02, 0x00], observer: [0x02, 0x00] };

withoutStacks();

/** Calls back for all pairs of bytes behind `before`, with what the naive codec makes of them. */
function enumerate(
  before: number[],
  rules: NaiveRules,
  each: (bytes: Uint8Array, naive: NaiveResult, byte0: number, byte1: number) => void,
): void {
  const bytes = Uint8Array.of(...before, 0, 0);
  for (let byte0 = 0; byte0 < 256; byte0++) {
    bytes[before.length] = byte0;
    let naive: NaiveResult | undefined;
    for (let byte1 = 0; byte1 < 256; byte1++) {
      bytes[before.length + 1] = byte1;
      // What is judged on byte 0 is the same for every byte 1.
      if (naive === undefined || naive.consumed > before.length + 1) naive = decodeNaively(bytes, rules);
      each(bytes, naive, byte0, byte1);
    }
  }
}

describe.each(ROLES)('all pairs of first two bytes, read by a %s', (role) => {
  test.each([
    ['between messages', []],
    ['inside a message', OPENING[role]],
  ])('MessageDecoder, %s, with each of the 8 sets of RSV bits', (_, before) => {
    const memory = new MessageMemory();
    let judged = 0;
    for (const allowedRsv of RSV_SETS) {
      const rules = { role, allowedRsv };
      enumerate(before, rules, (bytes, naive) => {
        const recorder = new Recorder();
        const decoder = new MessageDecoder(rules, {}, recorder, { memory });
        decoder.push(bytes);
        const found = recorder.violations[0];
        const wanted = naive.violation;
        judged++;
        if (
          found?.violation !== wanted?.violation ||
          found?.offset !== wanted?.offset ||
          recorder.events.length !== naive.events.length
        ) {
          expect(recorder.transcript(), `bytes ${bytes}`).toEqual(transcript(naive.events, wanted));
        }
      });
    }
    expect(judged).toBe(8 * 65536);
  });

  test('decodeFrameHeader, with each of the 8 sets of RSV bits', () => {
    for (const allowedRsv of RSV_SETS) {
      const rules = { role, allowedRsv };
      // A continuation is legal only inside of a message, other data only outside: the function knows no history.
      for (const before of [[], OPENING[role]]) {
        enumerate(before, rules, (bytes, naive, byte0, byte1) => {
          const opcode = byte0 & 0x0f;
          if ((opcode === 0) !== before.length > 0) return;
          const read = decodeFrameHeader(bytes, rules, before.length);
          const length7 = byte1 & 0x7f;
          const headerLength = 2 + (length7 === 126 ? 2 : length7 === 127 ? 8 : 0) + (byte1 >= 0x80 ? 4 : 0);
          const wanted =
            naive.violation !== undefined
              ? `${naive.violation.violation} ${naive.violation.offset}`
              : headerLength > 2
                ? `needed ${headerLength - 2}`
                : `header ${byte0 >= 0x80} ${byte0 & 0x70} ${opcode} ${length7}`;
          const found =
            'violation' in read
              ? `${read.violation} ${read.offset}`
              : 'needed' in read
                ? `needed ${read.needed}`
                : `header ${read.header.fin} ${rsv(read.header)} ${read.header.opcode} ${read.header.payloadLength}`;
          if (found !== wanted) expect(found, `bytes ${byte0} ${byte1}, RSV ${allowedRsv}`).toBe(wanted);
        });
      }
    }
  });
});

/**
 * A short way through the decoder is taken by whole frames only: in pieces they go the long one, which the tests above
 * know.
 */
test.each(ROLES)('a %s finds the same in a chunk with every first two bytes, cut into bytes or not', (role) => {
  const lines: string[] = [];
  let received = 0;
  const sink = {
    frame(header: FrameHeader, _: Uint8Array, start: number, end: number) {
      lines.push(JSON.stringify(header), `${end - start} bytes`);
    },
    begin(header: FrameHeader) {
      lines.push(JSON.stringify(header));
      received = 0;
    },
    part(_: Uint8Array, start: number, end: number, last: boolean) {
      received += end - start;
      if (last) lines.push(`${received} bytes`);
    },
    violation({ violation, offset }: ProtocolError) {
      lines.push(`${violation} ${offset}`);
    },
  };
  function read(chunks: Uint8Array[], maxFramePayload: number): string {
    lines.length = 0;
    const decoder = new FrameDecoder({ role, allowedRsv: 0x40 }, sink, { maxFramePayload });
    for (const chunk of chunks) decoder.push(chunk);
    return `${lines.join()} ${decoder.offset}`;
  }
  let seen = 0;
  for (const [before, limit] of [
    [[], 200],
    [[], 40],
    [OPENING[role], 200],
  ] as const) {
    for (let byte0 = 0; byte0 < 256; byte0++) {
      for (let byte1 = 0; byte1 < 256; byte1++) {
        // The 16 bits of a length are 125 to 128, the lowest of which is not in its shortest form.
        const bytes = new Uint8Array(before.length + 160).fill(0x77);
        bytes.set([...before, byte0, byte1, 0, 125 + (byte0 & 3)]);
        const whole = read([bytes], limit);
        // The header in bytes, the rest at once.
        const cut = before.length + 14;
        const header = Array.from(bytes.subarray(0, cut), (byte) => Uint8Array.of(byte));
        const pieces = read([...header, bytes.subarray(cut)], limit);
        seen++;
        if (whole !== pieces) expect(whole, `bytes ${byte0} ${byte1}`).toBe(pieces);
      }
    }
  }
  expect(seen).toBe(3 * 65536);
});

function rsv(header: { rsv1: boolean; rsv2: boolean; rsv3: boolean }): number {
  return (header.rsv1 ? 0x40 : 0) | (header.rsv2 ? 0x20 : 0) | (header.rsv3 ? 0x10 : 0);
}
