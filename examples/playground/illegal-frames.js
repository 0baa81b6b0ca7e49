/**
 * Frames that no server may send (RFC 6455), as the bytes that lie on the wire: a browser that takes one of them has a
 * bug. The names are those that @ws/codec gives to the violations.
 *
 * The server imports this, and the page too.
 *
 * @typedef {{ readonly name: string, readonly title: string, readonly bytes: readonly number[] }} IllegalFrame
 * @type {readonly IllegalFrame[]}
 */
export const illegalFrames = [
  { name: 'reserved-opcode', title: 'Opcode 3, which is reserved', bytes: [0x83, 0x00] },
  { name: 'reserved-bits', title: 'RSV1 set, without an extension', bytes: [0xc1, 0x02, 0x48, 0x69] },
  {
    name: 'mask-forbidden',
    title: 'A masked frame',
    bytes: [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
  },
  { name: 'fragmented-control', title: 'A ping with FIN = 0', bytes: [0x09, 0x00] },
  {
    name: 'control-too-long',
    title: 'A ping of 126 bytes',
    bytes: [0x89, 0x7e, 0x00, 0x7e, ...Array(126).fill(0x70)],
  },
  {
    name: 'length-not-minimal',
    title: 'A length of 5 in 16 bits',
    bytes: [0x82, 0x7e, 0x00, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f],
  },
  {
    name: 'length-top-bit',
    title: 'A 64-bit length with its top bit set',
    bytes: [0x82, 0x7f, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  },
  { name: 'orphan-continuation', title: 'A continuation of nothing', bytes: [0x80, 0x02, 0x48, 0x69] },
  {
    name: 'data-inside-message',
    title: 'A new message inside a message',
    bytes: [0x01, 0x02, 0x48, 0x65, 0x81, 0x02, 0x48, 0x69],
  },
  { name: 'close-payload-too-short', title: 'A Close of one byte', bytes: [0x88, 0x01, 0x03] },
  { name: 'close-code-illegal', title: 'A Close with code 1005', bytes: [0x88, 0x02, 0x03, 0xed] },
  { name: 'text-not-utf8', title: 'Text that is not UTF-8', bytes: [0x81, 0x02, 0xc3, 0x28] },
  {
    name: 'close-reason-not-utf8',
    title: 'A Close reason that is not UTF-8',
    bytes: [0x88, 0x04, 0x03, 0xe8, 0xc3, 0x28],
  },
];
