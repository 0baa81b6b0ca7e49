import { describe, expect, test } from 'vitest';
import { decodeFrames, encodeFrame } from './frame.ts';
import { FrameDecoder, type FrameSink } from './frame-decoder.ts';
import { hex } from './hex.suite.ts';
import { ProtocolError } from './violation.ts';

/** What a sink was told, in words; payloads as indices into their chunk. */
function recorder(): { events: string[]; sink: FrameSink } {
  const events: string[] = [];
  return {
    events,
    sink: {
      frame: ({ opcode, payloadLength }, _chunk, start, end) => {
        events.push(`frame ${opcode} ${payloadLength} [${start},${end})`);
      },
      begin: ({ opcode, payloadLength }) => {
        events.push(`begin ${opcode} ${payloadLength}`);
      },
      part: (_chunk, start, end, last) => {
        events.push(`part [${start},${end})${last ? ' last' : ''}`);
      },
      violation: ({ violation, offset }) => {
        events.push(`${violation} @${offset}`);
      },
    },
  };
}

test('a frame that lies whole in its chunk is one call, also if its header was cut', () => {
  const { events, sink } = recorder();
  const decoder = new FrameDecoder({ role: 'client' }, sink);
  decoder.push(hex('8203 010203 8900 82'));
  decoder.push(hex('02 0405'));
  expect(events).toEqual(['frame 2 3 [2,5)', 'frame 9 0 [7,7)', 'frame 2 2 [1,3)']);
});

test.each([
  ['client', '827f'],
  ['server', '82ff'],
] as const)('a %s does not take the first 16 bits of 64 for the length', (role, start) => {
  const { events, sink } = recorder();
  new FrameDecoder({ role }, sink).push(hex(`${start} 007e 000000000000 ${'00'.repeat(200)}`));
  expect(events).toEqual(['length-unsafe @9']);
});

test('end() a second time tells nothing more', () => {
  for (const [digits, told] of [
    ['8200', ['frame 2 0 [2,2)']],
    ['0200', ['frame 2 0 [2,2)', 'end-inside-message @2']],
    ['82', ['end-inside-frame @1']],
  ] as const) {
    const { events, sink } = recorder();
    const decoder = new FrameDecoder({ role: 'client' }, sink);
    decoder.push(hex(digits));
    decoder.end();
    decoder.end();
    expect(events).toEqual(told);
  }
});

test('any other comes in parts', () => {
  const { events, sink } = recorder();
  const decoder = new FrameDecoder({ role: 'client' }, sink);
  for (const chunk of ['8205', '01 02', '03 04 05 8900']) decoder.push(hex(chunk));
  expect(events).toEqual(['begin 2 5', 'part [0,2)', 'part [0,3) last', 'frame 9 0 [5,5)']);
});

test('a frame of 10 GB takes no memory', () => {
  const length = 10 * 2 ** 30;
  let received = 0;
  const decoder = new FrameDecoder(
    { role: 'client' },
    {
      ...recorder().sink,
      part: (_chunk, start, end) => {
        received += end - start;
      },
    },
  );
  decoder.push(hex(`827f ${length.toString(16).padStart(16, '0')}`));
  const chunk = new Uint8Array(2 ** 20);
  for (let sent = 0; sent < length; sent += chunk.length) decoder.push(chunk);
  expect(received).toBe(length);
  expect(decoder.bufferedBytes).toBe(0);
  expect(decoder.offset).toBe(length + 10);
});

test('a sink that finds a payload illegal ends the stream there', () => {
  const { events, sink } = recorder();
  const decoder = new FrameDecoder(
    { role: 'client' },
    { ...sink, frame: (_header, _chunk, start) => ({ violation: 'text-not-utf8', at: start + 1 }) },
  );
  expect(decoder.push(hex('8103 41ff41 8900'))).toBe(7);
  decoder.push(hex('8900'));
  decoder.end();
  expect(events).toEqual(['text-not-utf8 @3']);
});

test('hold stops after the callback that runs, and release lets go on with the rest', () => {
  const { events, sink } = recorder();
  const decoder: FrameDecoder = new FrameDecoder(
    { role: 'client' },
    {
      ...sink,
      frame: (header, chunk, start, end) => {
        sink.frame(header, chunk, start, end);
        decoder.hold();
      },
    },
  );
  const bytes = hex('8201 01 8201 02');
  expect(decoder.push(bytes)).toBe(3);
  expect(decoder.push(bytes, 3)).toBe(0);
  decoder.release();
  expect(decoder.push(bytes, 3)).toBe(3);
  expect(events).toEqual(['frame 2 1 [2,3)', 'frame 2 1 [5,6)']);
});

test('decodeFrames reads a whole stream, unmasked', () => {
  const bytes = encodeFrame({ opcode: 1, payload: hex('4869') }, 0x01020304);
  expect(decodeFrames(bytes, { role: 'server' })).toEqual([
    {
      fin: true,
      rsv1: false,
      rsv2: false,
      rsv3: false,
      opcode: 1,
      maskingKey: 0x01020304,
      payloadLength: 2,
      payload: hex('4869'),
    },
  ]);
});

test('decodeFrames throws what is wrong, and where', () => {
  const thrown = (digits: string) => {
    try {
      decodeFrames(hex(digits), { role: 'client' });
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(thrown('8100 8101')).toBeInstanceOf(ProtocolError);
  expect(thrown('8100 8101')).toMatchObject({ violation: 'end-inside-frame', offset: 4, closeCode: 1006 });
  expect(thrown('8100 b1')).toMatchObject({ violation: 'reserved-bits', offset: 2, closeCode: 1002 });
  expect(String(thrown('8100 b1'))).toContain('byte 2');
});

describe('a callback that takes the chunk away', () => {
  /** A chunk over a buffer that can become shorter. */
  function resizable(bytes: Uint8Array): { chunk: Uint8Array; buffer: ArrayBuffer } {
    // Not yet in the types of ES2022.
    const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
    const buffer = new Resizable(bytes.length, { maxByteLength: bytes.length });
    const chunk = new Uint8Array(buffer);
    chunk.set(bytes);
    return { chunk, buffer };
  }
  const transfer = (buffer: ArrayBuffer): unknown => structuredClone(buffer, { transfer: [buffer] });
  const shorten = (buffer: ArrayBuffer): void => (buffer as unknown as { resize(length: number): void }).resize(1);

  test.each([
    ['unfragmented messages', '8201 07 8201 07 8201 07 8201 07'],
    ['a message with a ping in its middle', '0201 07 8901 07 8001 07 8201 07'],
    ['a frame that is not whole', '8201 07 8909 07'],
  ])('is told so at once, and hears no more: %s', (_, digits) => {
    for (const take of [transfer, shorten]) {
      const frames = hex(digits);
      const { chunk, buffer } = resizable(frames);
      const events: string[] = [];
      const { sink } = recorder();
      const decoder = new FrameDecoder(
        { role: 'client' },
        {
          ...sink,
          frame: ({ opcode }) => {
            events.push(`frame ${opcode}`);
            if (events.length === (digits.startsWith('02') ? 2 : 1)) take(buffer);
          },
          violation: ({ violation }) => void events.push(violation),
        },
      );
      expect(() => decoder.push(chunk)).toThrow(new TypeError('a callback has taken the chunk away'));
      const told = [...events];
      expect(decoder.offset).toBe(3 * events.length);
      expect(decoder.push(hex('8100'))).toBe(2);
      decoder.end();
      expect(events).toEqual(told);
    }
  });

  test('at its end is nobody’s loss', () => {
    const { chunk, buffer } = resizable(hex('8201 07'));
    const { events, sink } = recorder();
    const decoder = new FrameDecoder({ role: 'client' }, { ...sink, frame: () => void transfer(buffer) });
    expect(decoder.push(chunk)).toBe(3);
    expect(decoder.push(hex('8909'))).toBe(2);
    expect(events).toEqual(['begin 9 9']);
  });
});

test('what a callback returns that names no violation says nothing', () => {
  for (const answer of [5, 'text', true, null, {}, []]) {
    const events: unknown[] = [];
    const note = (...what: unknown[]): never => {
      events.push(...what);
      return answer as never;
    };
    const sink: FrameSink = {
      frame: () => note('frame'),
      begin: () => note('begin'),
      part: () => note('part'),
      violation() {},
    };
    const decoder = new FrameDecoder({ role: 'client' }, sink);
    for (const digits of ['8201 07', '8900', '8202 07', '07', '8201 07']) decoder.push(hex(digits));
    expect(events).toEqual(['frame', 'frame', 'begin', 'part', 'part', 'frame']);
  }
});
