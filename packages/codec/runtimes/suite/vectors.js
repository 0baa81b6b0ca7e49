/**
 * Streams, in hex, and what they are decoded to.
 *
 * @typedef {{
 *   name: string,
 *   stream: string,
 *   events: string[],
 *   role?: 'server' | 'client' | 'observer',
 *   limits?: import('../../dist/index.js').MessageLimits,
 *   allowedRsv?: number,
 *   ends?: boolean,
 * }} Vector `role` is that of the reader, a client if none is given; `ends`: the stream is over after these bytes
 */

/** RFC 6455, section 5.7, and what stands beside it. @type {readonly Vector[]} */
export const LEGAL = [
  { name: '5.7: a single-frame unmasked text message', stream: '8105 48656c6c6f', events: ['text Hello'] },
  {
    name: '5.7: a single-frame masked text message',
    role: 'server',
    stream: '8185 37fa213d 7f9f4d5158',
    events: ['text Hello'],
  },
  { name: '5.7: a fragmented unmasked text message', stream: '0103 48656c 8002 6c6f', events: ['text Hello'] },
  { name: '5.7: an unmasked Ping', stream: '8905 48656c6c6f', events: ['ping Hello'] },
  { name: '5.7: a masked Pong', role: 'server', stream: '8a85 37fa213d 7f9f4d5158', events: ['pong Hello'] },
  { name: '5.7: 256 bytes', stream: `827e 0100 ${'61'.repeat(256)}`, events: [`binary ${'a'.repeat(256)}`] },
  {
    name: '5.7: 64 KiB',
    stream: `827f 0000000000010000 ${'61'.repeat(65_536)}`,
    events: [`binary ${'a'.repeat(65_536)}`],
  },
  {
    name: 'controls between fragments',
    stream: '0101 41 8901 70 8a00 8001 42',
    events: ['ping p', 'pong ', 'text AB'],
  },
  {
    name: 'and in a message of an extension',
    allowedRsv: 0x40,
    stream: '4101 41 8901 70 8001 42',
    events: ['ping p', 'text rsv 64 AB'],
  },
  {
    name: 'text of an extension need not be UTF-8',
    allowedRsv: 0x40,
    stream: 'c101 ff',
    events: ['text rsv 64 \u00ff'],
  },
  { name: 'a leading BOM', stream: '8104 efbbbf 41', events: ['text \u00ef\u00bb\u00bfA'] },
  { name: 'nothing behind a Close', ends: true, stream: '8802 03e8 8101 41 83 ff', events: ['close 1000 '] },
  { name: 'a Close without a code, between fragments', stream: '0101 41 8800', events: ['close undefined '] },
  { name: 'a Close with a reason', ends: true, stream: '8807 1387 e282ac 4120', events: ['close 4999 €A '] },
  {
    name: 'an observer takes both',
    role: 'observer',
    stream: '8101 41 8181 00000000 42',
    events: ['text A', 'text B'],
  },
  { name: 'a character across fragments', stream: '0101 e2 0001 82 8001 ac', events: ['text \u00e2\u0082\u00ac'] },
  { name: 'empty fragments', stream: '0100 0000 0001 41 0000 8000', events: ['text A'] },
];

/**
 * How a stream becomes illegal, at which of its bytes, and the code that answers it. A whole message goes before each:
 * it must not be lost, and the offset counts it.
 *
 * @type {readonly (Omit<Vector, 'name' | 'events'> & { violation: string, closeCode: number, at: number })[]}
 */
export const ILLEGAL = [
  { violation: 'reserved-opcode', closeCode: 1002, stream: '83', at: 0 },
  { violation: 'reserved-opcode', closeCode: 1002, stream: '0f', at: 0 },
  { violation: 'reserved-bits', closeCode: 1002, stream: 'c1', at: 0 },
  { violation: 'reserved-bits', closeCode: 1002, stream: 'c9', at: 0, allowedRsv: 0x40 },
  { violation: 'reserved-bits', closeCode: 1002, stream: '4100 c0', at: 2, allowedRsv: 0x40 },
  { violation: 'fragmented-control', closeCode: 1002, stream: '09', at: 0 },
  { violation: 'orphan-continuation', closeCode: 1002, stream: '80', at: 0 },
  { violation: 'data-inside-message', closeCode: 1002, stream: '0100 81', at: 2 },
  { violation: 'mask-missing', closeCode: 1002, stream: '8100', at: 1, role: 'server' },
  { violation: 'mask-forbidden', closeCode: 1002, stream: '8180', at: 1 },
  { violation: 'control-too-long', closeCode: 1002, stream: '897e', at: 1 },
  { violation: 'close-payload-too-short', closeCode: 1002, stream: '8801', at: 1 },
  { violation: 'length-top-bit', closeCode: 1002, stream: '827f ffffffffffffffff', at: 9 },
  { violation: 'length-not-minimal', closeCode: 1002, stream: '827e 007d', at: 3 },
  { violation: 'length-not-minimal', closeCode: 1002, stream: '827f 000000000000ffff', at: 9 },
  { violation: 'length-not-minimal', closeCode: 1002, stream: '82fe 007d', at: 3, role: 'server' },
  { violation: 'length-unsafe', closeCode: 1009, stream: '827f 0020000000000000', at: 9 },
  { violation: 'frame-too-big', closeCode: 1009, stream: '8204', at: 1, limits: { maxFramePayload: 3 } },
  { violation: 'frame-too-big', closeCode: 1009, stream: '827f 0000000001000001', at: 9 },
  { violation: 'message-too-big', closeCode: 1009, stream: '0202 4141 8003', at: 5, limits: { maxMessagePayload: 4 } },
  { violation: 'close-code-illegal', closeCode: 1002, stream: '8806 03ed', at: 3 },
  { violation: 'close-reason-not-utf8', closeCode: 1007, stream: '8805 03e8 41ff', at: 5 },
  { violation: 'close-reason-not-utf8', closeCode: 1007, stream: '8804 03e8 e282', at: 5 },
  { violation: 'text-not-utf8', closeCode: 1007, stream: '8105 41c0', at: 3 },
  { violation: 'text-not-utf8', closeCode: 1007, stream: '017f 0000000000100000 41 ed a0', at: 12 },
  { violation: 'text-not-utf8', closeCode: 1007, stream: '8103 41 e282', at: 4 },
  { violation: 'text-not-utf8', closeCode: 1007, stream: '0103 41 e282 8000', at: 6 },
  { violation: 'end-inside-frame', closeCode: 1006, stream: '81', at: 1, ends: true },
  { violation: 'end-inside-frame', closeCode: 1006, stream: '8105 41', at: 3, ends: true },
  { violation: 'end-inside-message', closeCode: 1006, stream: '0101 41', at: 3, ends: true },
];

/** Told by connections, which run the extensions: no stream of frames is one for the codec. */
export const NOT_THE_CODECS = 'extension-data-illegal';
