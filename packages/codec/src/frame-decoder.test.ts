import { expect, test } from 'vitest';
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
