/**
 * An error is for the person who reads it: what was wrong, where, and what to do. Here is each message as it is read.
 */
import { expect, test } from 'vitest';
import {
  applyMask,
  closeCodeOf,
  decodeClose,
  decodeFrameHeader,
  decodeUtf8,
  encodeClose,
  encodeFrame,
  encodeFrameHeader,
  encodeFrameInto,
  encodeUtf8,
  FrameDecoder,
  Maskable,
  MessageAssembler,
  MessageDecoder,
  maskInto,
  ProtocolError,
  Utf8Validator,
  type ViolationName,
  violationNames,
} from './index.ts';
import { decodeUtf8Purely } from './utf8.ts';

const bytes = new Uint8Array(4);
const none = new Uint8Array(0);
const sink = { message() {}, ping() {}, pong() {}, close() {}, violation() {}, frame() {}, begin() {}, part() {} };
const decode = (limits: object = {}) => new MessageDecoder({ role: 'client' }, limits, sink);

/** A decoder that is used inside of its own callback. */
function inside(use: (decoder: FrameDecoder) => void): () => void {
  const decoder: FrameDecoder = new FrameDecoder({ role: 'client' }, { ...sink, frame: () => use(decoder) });
  return () => decoder.push(Uint8Array.of(0x82, 0));
}

const wrongPlatforms: [string, unknown][] = [
  ['memory.allocate must be a function, got undefined', { memory: 5 }],
  ['maskKernel.words must be a function, got undefined', { maskKernel: 7 }],
  ['isUtf8 must be a function, got string', { isUtf8: 'x' }],
  ['isUtf8 must be a function, got null', { isUtf8: null }],
  ['decodeUtf8 must be a function, got object', { decodeUtf8: {} }],
  ['givesChunks must be a boolean or a function, got string', { givesChunks: 'yes' }],
];

test.each<[string, () => unknown]>([
  ['bytes must be a Uint8Array, got string', () => decodeFrameHeader('81' as never, { role: 'client' })],
  ['bytes must be a Uint8Array, got null', () => new Maskable(null as never)],
  ['chunk must be a Uint8Array, got object', () => decode().push([0x81] as never)],
  ['payload must be a Uint8Array, got undefined', () => encodeFrame({ opcode: 1 } as never)],
  ['payload must be a Uint8Array, got string', () => encodeFrameInto(bytes, 0, { opcode: 1, payload: '' as never })],
  ['payload must be a Uint8Array, got number', () => decodeClose(1000 as never)],
  ['target must be a Uint8Array, got object', () => encodeFrameInto([] as never, 0, { opcode: 1, payload: bytes })],
  ['target must be a Uint8Array, got object', () => maskInto([] as never, 0, bytes, 1)],
  ['data must be a Uint8Array, got object', () => maskInto(bytes, 0, [] as never, 1)],
  ['data must be a Uint8Array, got function', () => applyMask((() => {}) as never, 1)],
  ['a close reason must be a string, got object', () => encodeClose(1000, bytes as never)],
  ['a close reason needs a close code before it', () => encodeClose(undefined, 'why')],
  ['a close code must be a number, got string', () => encodeClose('1000' as never)],
  [
    "role must be 'server', 'client' or 'observer', got peer",
    () => decodeFrameHeader(bytes, { role: 'peer' as never }),
  ],
  [
    'push() inside a callback of the same decoder: call it after push() has returned',
    inside((decoder) => decoder.push(bytes)),
  ],
  [
    'end() inside a callback of the same decoder: call it after push() has returned',
    inside((decoder) => decoder.end()),
  ],
  ['push() after end()', ended],
  ['release() without a hold() before it', () => decode().release()],
  ['the bytes are not valid UTF-8', () => decodeUtf8Purely(Uint8Array.of(0xff))],
  ['opcode must be a number, got string', () => encodeFrameHeader({ opcode: '1' as never, payloadLength: 0 })],
  ['opcode must be a number, got undefined', () => encodeFrameInto(bytes, 0, { payload: bytes } as never)],
  ['a masking key must be a number, got null', () => applyMask(bytes, null as never)],
  ['maxMessagePayload must be a number, got string', () => decode({ maxMessagePayload: '1kb' })],
  ['maxMessagePayload must be a number, got string', () => new MessageAssembler(sink, {}, '1kb' as never)],
  ['limits must be an object, got string', () => decode('16MB' as never)],
  ['limits must be an object, got null', () => decode(null as never)],
  ['limits must be an object, got number', () => new FrameDecoder({ role: 'client' }, sink, 5 as never)],
  ['sink.frame must be a function, got undefined', () => new FrameDecoder({ role: 'client' }, undefined as never)],
  [
    'sink.part must be a function, got null',
    () => new FrameDecoder({ role: 'client' }, { ...sink, part: null as never }),
  ],
  [
    'sink.pong must be a function, got undefined',
    () => new MessageDecoder({ role: 'client' }, {}, { ...sink, pong: undefined as never }),
  ],
  ['fin must be a boolean, got number', () => encodeFrameHeader({ opcode: 1, payloadLength: 0, fin: 0 as never })],
  ['fin must be a boolean, got null', () => encodeFrame({ opcode: 1, payload: bytes, fin: null as never })],
  [
    'fin must be a boolean, got string',
    () => encodeFrameInto(bytes, 0, { opcode: 1, payload: none, fin: '' as never }),
  ],
  ...wrongPlatforms.map(([message, platform]): [string, () => unknown] => [
    message,
    () => new MessageDecoder({ role: 'client' }, {}, sink, platform as never),
  ]),
  [
    'sink.text must be a function, got number',
    () => new MessageDecoder({ role: 'client' }, {}, { ...sink, text: 5 as never }),
  ],
  ['isUtf8 must be a function, got string', () => new Utf8Validator('x' as never)],
  ['bytes must be a Uint8Array, got string', () => decodeUtf8('abc' as never)],
  ['bytes must be a Uint8Array, got string', () => new Utf8Validator().push('abc' as never)],
  ['text must be a string, got number', () => encodeUtf8(5 as never)],
  ['constructor is no violation', () => closeCodeOf('constructor' as never)],
  ['toString is no violation', () => new ProtocolError('toString' as never, 3)],
  ['undefined is no violation', () => closeCodeOf(undefined as never)],
])('a wrong type is a TypeError: %s', (message, use) => {
  expect(use).toThrow(expect.objectContaining({ name: 'TypeError', message }));
});

test.each<[string, () => unknown]>([
  ['close code 1005 may not be sent: use 1000-1003, 1007-1014 or 3000-4999', () => encodeClose(1005)],
  ['a close reason has at most 123 bytes of UTF-8, got 124', () => encodeClose(1000, 'é'.repeat(62))],
  [
    'allowedRsv may hold the bits 0x40, 0x20 and 0x10, got 65',
    () => decodeFrameHeader(bytes, { role: 'client', allowedRsv: 0x41 }),
  ],
  [
    'allowedRsv must be an integer from 0 to 112, got 128',
    () => decodeFrameHeader(bytes, { role: 'client', allowedRsv: 128 }),
  ],
  ['at must be an integer from 0 to 4, got 5', () => decodeFrameHeader(bytes, { role: 'client' }, 5)],
  ['at must be an integer from 0 to 4, got -1', () => decode().push(bytes, -1)],
  ['opcode must be an integer from 0 to 15, got 16', () => encodeFrameHeader({ opcode: 16, payloadLength: 0 })],
  [
    'payloadLength must be an integer from 0 to 9007199254740991, got 0.5',
    () => encodeFrameHeader({ opcode: 1, payloadLength: 0.5 }),
  ],
  ['a masking key must be an integer from -2147483648 to 4294967295, got 4294967296', () => applyMask(bytes, 2 ** 32)],
  ['the phase must be an integer from 0 to 9007199254740991, got -1', () => applyMask(bytes, 1, -1)],
  ['the phase must be an integer from 0 to 9007199254740991, got NaN', () => maskInto(bytes, 0, bytes, 1, Number.NaN)],
  [
    'the place of data of 4 bytes in a target of 4 must be an integer from 0 to 0, got 1',
    () => maskInto(bytes, 1, bytes, 1),
  ],
  [
    'opcode must be an integer from 0 to 15, got -1',
    () => encodeFrameInto(bytes, 0, { opcode: -1, payload: bytes.subarray(2) }),
  ],
  [
    'the place of a frame of 4 bytes in a target of 4 must be an integer from 0 to 0, got 1',
    () => encodeFrameInto(bytes, 1, { opcode: 1, payload: bytes.subarray(2) }),
  ],
  ['the start must be an integer from 0 to 4, got 5', () => new Maskable(bytes).mask(5, 5, 1)],
  ['the end must be an integer from 2 to 4, got 1', () => new Maskable(bytes).mask(2, 1, 1)],
  ['the phase must be an integer from 0 to 9007199254740991, got 0.5', () => new Maskable(bytes).mask(0, 4, 1, 0.5)],
  [
    'maxMessagePayload must be an integer from 0 to 9007199254740991, got -1',
    () => new FrameDecoder({ role: 'client' }, sink, { maxMessagePayload: -1 }),
  ],
  [
    'maxFramePayload must be an integer from 0 to 9007199254740991, got -1',
    () => new FrameDecoder({ role: 'client' }, sink, { maxFramePayload: -1 }),
  ],
  [
    'maxMessagePayload must be an integer from 0 to 9007199254740991, got Infinity',
    () => decode({ maxMessagePayload: Number.POSITIVE_INFINITY }),
  ],
  ['maxFramePayload must be an integer from 0 to 9007199254740991, got 1.5', () => decode({ maxFramePayload: 1.5 })],
])('a wrong number is a RangeError: %s', (message, use) => {
  expect(use).toThrow(expect.objectContaining({ name: 'RangeError', message }));
});

const violations: Record<ViolationName, [words: string, closeCode: number]> = {
  'reserved-opcode': ['the opcode is a reserved one (3-7 or 11-15)', 1002],
  'reserved-bits': ['a reserved bit (RSV1-RSV3) is set that no extension has negotiated for this frame', 1002],
  'fragmented-control': ['a control frame is fragmented (FIN is 0)', 1002],
  'orphan-continuation': ['a continuation frame came with no message to continue', 1002],
  'data-inside-message': ['a text or binary frame came before the message in progress had ended', 1002],
  'mask-missing': ['a frame from a client is not masked', 1002],
  'mask-forbidden': ['a frame from a server is masked', 1002],
  'control-too-long': ['a control frame has a payload of more than 125 bytes', 1002],
  'close-payload-too-short': ['a Close frame has a payload of one byte, which holds no close code', 1002],
  'length-top-bit': ['the 64-bit payload length has its top bit set', 1002],
  'length-not-minimal': ['the payload length is not in its shortest form', 1002],
  'length-unsafe': ['the payload length is over 2^53-1', 1009],
  'frame-too-big': ['the payload of a frame is longer than the limit', 1009],
  'message-too-big': ['the payload of a message is longer than the limit', 1009],
  'close-code-illegal': ['the close code is one that must not be sent', 1002],
  'close-reason-not-utf8': ['the reason of a Close frame is not UTF-8', 1007],
  'text-not-utf8': ['a text message is not UTF-8', 1007],
  'extension-data-illegal': ['a message is not what the extension that it is marked for can decode', 1007],
  'end-inside-frame': ['the stream ended inside a frame', 1006],
  'end-inside-message': ['the stream ended inside a fragmented message', 1006],
};

test.each(violationNames)('a violation says what is broken, where, and what is sent for it: %s', (violation) => {
  const [words, closeCode] = violations[violation];
  expect(new ProtocolError(violation, 7)).toMatchObject({
    name: 'ProtocolError',
    message: `${words} (${violation}, byte 7 of the stream, close code ${closeCode})`,
    violation,
    closeCode,
    offset: 7,
  });
});

test('a violation has its name also where somebody has made those of errors read-only', () => {
  const before = Object.getOwnPropertyDescriptor(Error.prototype, 'name')!;
  Object.defineProperty(Error.prototype, 'name', { ...before, writable: false });
  try {
    expect(new ProtocolError('text-not-utf8', 3).name).toBe('ProtocolError');
  } finally {
    Object.defineProperty(Error.prototype, 'name', before);
  }
});

function ended(): void {
  const decoder = decode();
  decoder.end();
  decoder.push(bytes);
}
