import { describe, expect, test } from 'vitest';
import type { Role } from './frame-header.ts';
import { hex } from './hex.suite.ts';
import { MessageDecoder, type MessageLimits } from './message-decoder.ts';
import { decodeUtf8 } from './utf8.ts';
import { closeCodeOf, type ViolationName, violationNames } from './violation.ts';

/** What a stream is decoded to, in words. */
function decode(
  digits: string,
  role: Role = 'client',
  limits: MessageLimits = {},
  allowedRsv = 0,
  end = false,
): string[] {
  const events: string[] = [];
  const decoder = new MessageDecoder({ role, allowedRsv }, limits, {
    message: (payload, opcode, rsv) => {
      const words = opcode === 1 && rsv === 0 ? decodeUtf8(payload) : Buffer.from(payload).toString('hex');
      events.push(`${opcode === 1 ? 'text' : 'binary'}${rsv ? ` rsv ${rsv}` : ''} ${words}`);
    },
    ping: (payload) => events.push(`ping ${decodeUtf8(payload)}`),
    pong: (payload) => events.push(`pong ${decodeUtf8(payload)}`),
    close: (code, reason) => events.push(`close ${code} ${reason}`),
    violation: ({ violation, closeCode, offset }) => events.push(`${violation} ${closeCode} @${offset}`),
  });
  decoder.push(hex(digits));
  if (end) decoder.end();
  return events;
}

describe('RFC 6455 section 5.7', () => {
  test.each<[string, string, Role, string[]]>([
    ['a single-frame unmasked text message', '8105 48656c6c6f', 'client', ['text Hello']],
    ['a single-frame masked text message', '8185 37fa213d 7f9f4d5158', 'server', ['text Hello']],
    ['a fragmented unmasked text message', '0103 48656c 8002 6c6f', 'client', ['text Hello']],
    ['unmasked Ping', '8905 48656c6c6f', 'client', ['ping Hello']],
    ['masked Pong', '8a85 37fa213d 7f9f4d5158', 'server', ['pong Hello']],
    ['256 bytes', `827e 0100 ${'ab'.repeat(256)}`, 'client', [`binary ${'ab'.repeat(256)}`]],
    ['64 KiB', `827f 0000000000010000 ${'ab'.repeat(65_536)}`, 'client', [`binary ${'ab'.repeat(65_536)}`]],
  ])('%s', (_, digits, role, events) => {
    expect(decode(digits, role)).toEqual(events);
  });
});

test('F8: control frames stand anywhere between fragments, also of compressed messages', () => {
  expect(decode('0101 41 8901 70 8a00 8001 42')).toEqual(['ping p', 'pong ', 'text AB']);
  expect(decode('4101 41 8901 70 8001 42', 'client', {}, 0x40)).toEqual(['ping p', 'text rsv 64 4142']);
});

test('F13: a leading BOM is a part of the message', () => {
  expect(decode('8104 efbbbf 41')).toEqual(['text \ufeffA']);
});

test('F15: what follows a Close is dropped in silence', () => {
  expect(decode('8802 03e8 8101 41 83 ff', 'client', {}, 0, true)).toEqual(['close 1000 ']);
});

test('a Close without a code, and one between fragments', () => {
  expect(decode('0101 41 8800')).toEqual(['close undefined ']);
});

/** One stream for each violation, with a message before it that must not be lost. */
const broken: Record<ViolationName, [digits: string, offset: number, limits?: MessageLimits, role?: Role]> = {
  'reserved-opcode': ['83', 0],
  'reserved-bits': ['c1', 0],
  'fragmented-control': ['09', 0],
  'orphan-continuation': ['80', 0],
  'data-inside-message': ['0100 81', 2],
  'mask-missing': ['8100', 1, {}, 'server'],
  'mask-forbidden': ['8180', 1],
  'control-too-long': ['897e', 1],
  'close-payload-too-short': ['8801', 1],
  'length-top-bit': ['827f ffffffffffffffff', 9],
  'length-not-minimal': ['827e 0001', 3],
  'length-unsafe': ['827f 0020000000000000', 9],
  'frame-too-big': ['8204', 1, { maxFramePayload: 3 }],
  'message-too-big': ['0202 4141 8003', 5, { maxMessagePayload: 4 }],
  'close-code-illegal': ['8806 03ed', 3],
  'close-reason-not-utf8': ['8805 03e8 41ff', 5],
  'text-not-utf8': ['8105 41c0', 3],
  'extension-data-illegal': ['', 0],
  'end-inside-frame': ['8105 41', 3],
  'end-inside-message': ['0101 41', 3],
};

/** Told by connections, which run the extensions: no stream of frames is one for the codec. */
const notTheCodecs: readonly ViolationName[] = ['extension-data-illegal'];

test.each(violationNames.filter((name) => !notTheCodecs.includes(name)))('%s has its code and its offset', (name) => {
  const [digits, offset, limits, role] = broken[name];
  const before = role === 'server' ? '8181 00000000 41' : '8101 41';
  const at = hex(before).length + offset;
  const end = name.startsWith('end-');
  expect(decode(before + digits, role, limits, 0, end)).toEqual(['text A', `${name} ${closeCodeOf(name)} @${at}`]);
});

test('F2: a huge legal length is refused on the header, and nothing is allocated', () => {
  expect(decode('827f 001fffffffffffff')).toEqual(['frame-too-big 1009 @9']);
});

test('a frame that is whole in its chunk keeps to the limits, and to the shortest form of its length', () => {
  const payload = '41'.repeat(7);
  expect(decode(`8207 ${payload}`, 'client', { maxFramePayload: 6 })).toEqual(['frame-too-big 1009 @1']);
  expect(decode(`8207 ${payload}`, 'client', { maxFramePayload: 7, maxMessagePayload: 6 })).toEqual([
    'message-too-big 1009 @1',
  ]);
  expect(decode(`827e 0007 ${payload}`)).toEqual(['length-not-minimal 1002 @3']);
});

test('of the limit of a message, the one before it has used nothing', () => {
  const message = '0202 4141 8001 42';
  expect(decode(message + message, 'client', { maxMessagePayload: 4 })).toEqual(['binary 414142', 'binary 414142']);
});

test('F11: bad text fails at its first bad byte, long before its end', () => {
  expect(decode('017f 0000000000100000 41 ed a0')).toEqual(['text-not-utf8 1007 @12']);
});

test('F12: text that ends inside a character fails at the last byte of the message', () => {
  expect(decode('8103 41 e282')).toEqual(['text-not-utf8 1007 @4']);
  expect(decode('0103 41 e282 8000')).toEqual(['text-not-utf8 1007 @6']);
});

test('M8: limits are numbers; 0 means 0, and 2^32 is a limit', () => {
  const make = (limits: object) => () => decode('', 'client', limits);
  expect(make({ maxMessagePayload: '1kb' })).toThrow(TypeError);
  expect(make({ maxMessagePayload: null })).toThrow(TypeError);
  for (const limit of [Number.POSITIVE_INFINITY, Number.NaN, -1, 0.5, 2 ** 53]) {
    expect(make({ maxMessagePayload: limit }), String(limit)).toThrow(RangeError);
    expect(make({ maxFramePayload: limit }), String(limit)).toThrow(RangeError);
  }
  expect(decode('8100 8101', 'client', { maxMessagePayload: 0 })).toEqual(['text ', 'frame-too-big 1009 @3']);
  expect(decode('827f 0000000100000001', 'client', { maxMessagePayload: 2 ** 32 })).toEqual(['frame-too-big 1009 @9']);
  expect(decode('827f 0000000100000000', 'client', { maxMessagePayload: 2 ** 32 })).toEqual([]);
});

describe('wrong use throws and changes nothing', () => {
  const sink = { message() {}, ping() {}, pong() {}, close() {}, violation() {} };

  test('push and end inside a callback', () => {
    let thrown: unknown[] = [];
    const decoder: MessageDecoder = new MessageDecoder(
      { role: 'client' },
      {},
      {
        ...sink,
        ping: () => {
          for (const use of [() => decoder.push(hex('8900')), () => decoder.end()]) {
            try {
              use();
            } catch (error) {
              thrown = [...thrown, error];
            }
          }
        },
      },
    );
    expect(decoder.push(hex('8900'))).toBe(2);
    expect(thrown).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  test('push after end', () => {
    const decoder = new MessageDecoder({ role: 'client' }, {}, sink);
    decoder.end();
    expect(() => decoder.push(hex('8900'))).toThrow(TypeError);
  });

  test('release without hold, and what is no chunk', () => {
    const decoder = new MessageDecoder({ role: 'client' }, {}, sink);
    expect(() => decoder.release()).toThrow(TypeError);
    expect(() => decoder.push('8900' as never)).toThrow(TypeError);
    expect(() => decoder.push(hex('8900'), 3)).toThrow(RangeError);
    expect(decoder.offset).toBe(0);
  });
});
