/** The opcodes of RFC 6455, section 5.2. 3-7 and 11-15 are reserved. */
export const Opcode = {
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xa,
} as const;

export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Whether an opcode is that of a control frame (section 5.5): the top of its four bits is set. */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

/** Whether an opcode has no meaning yet (section 5.2), so that a frame which carries it is a violation. */
export function isReserved(opcode: number): boolean {
  return (opcode & 0x7) > 2;
}
