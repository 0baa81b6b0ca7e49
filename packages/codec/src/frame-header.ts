import { check, checkBytes, checkInteger } from './check.ts';
import { checkMaskingKey } from './masking-key.ts';
import { isControl, isReserved, Opcode } from './opcode.ts';
import type { ViolationName } from './violation.ts';

/*
 * The header of a frame, RFC 6455 section 5.2:
 *
 *    byte 0               byte 1
 *   +-+-+-+-+-------+    +-+-------------+   +------------------------+   +-------------+
 *   |F|R|R|R| op-   |    |M|  payload    |   | extended payload length|   | masking key |
 *   |I|S|S|S| code  |    |A|  length     |   | 16 bits if length 126, |   | 32 bits     |
 *   |N|V|V|V|       |    |S|             |   | 64 bits if length 127  |   | if MASK is 1|
 *   | |1|2|3|       |    |K|             |   | else none              |   | else none   |
 *   +-+-+-+-+-------+    +-+-------------+   +------------------------+   +-------------+
 */

const FIN = 0x80;
const RSV1 = 0x40;
const RSV2 = 0x20;
const RSV3 = 0x10;
const RSV = RSV1 | RSV2 | RSV3;
const MASK = 0x80;

/** The longest header: two bytes, 64 bits of length, the masking key. */
export const MAX_HEADER_BYTES = 14;

/** A control frame's payload has at most this many bytes (section 5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

/**
 * The endpoint that reads: a `server` demands masked frames, a `client` forbids them (section 5.1), an `observer`
 * (a tap on the wire, a tool) takes both.
 */
export type Role = 'server' | 'client' | 'observer';

/** The rules that a reader has agreed on with its peer. */
export interface FrameRules {
  readonly role: Role;
  /**
   * The reserved bits that negotiated extensions use, as they lie in byte 0: 0x40 is RSV1, 0x20 RSV2, 0x10 RSV3.
   * They are legal on the first frame of a message only. Default: 0, since no extension is the rule.
   */
  readonly allowedRsv?: number | undefined;
}

/** The fields of a frame before its payload. */
export interface FrameHeader {
  /** Whether this is the last frame of its message. */
  fin: boolean;
  rsv1: boolean;
  rsv2: boolean;
  rsv3: boolean;
  /** 0 to 15; see `Opcode`. */
  opcode: number;
  /**
   * 32 bits as the RFC prints them (0x37fa213d), or undefined if the frame is not masked. Decoders give a signed
   * integer.
   */
  maskingKey: number | undefined;
  /** In bytes, 0 to 2^53-1. */
  payloadLength: number;
}

/** The fields that an encoder needs; what is left out is FIN = 1, no reserved bit, no mask. */
export interface FrameHeaderFields {
  readonly fin?: boolean | undefined;
  readonly rsv1?: boolean | undefined;
  readonly rsv2?: boolean | undefined;
  readonly rsv3?: boolean | undefined;
  readonly opcode: number;
  readonly maskingKey?: number | undefined;
  readonly payloadLength: number;
}

/** The result of {@link decodeFrameHeader}, for the bytes that are there. */
export type DecodedFrameHeader =
  | { readonly header: FrameHeader; readonly bytesRead: number }
  /** How many more bytes the header takes, at least. */
  | { readonly needed: number }
  /** The rule that is broken, and the index into the bytes at which it is. */
  | { readonly violation: ViolationName; readonly offset: number };

/**
 * Reads the reserved bits that are allowed, and checks the role.
 *
 * @throws TypeError or RangeError if the rules are of the wrong kind
 */
export function readAllowedRsv(rules: FrameRules): number {
  const { role, allowedRsv = 0 } = rules;
  if (role !== 'server' && role !== 'client' && role !== 'observer') {
    throw new TypeError(`role must be 'server', 'client' or 'observer', got ${String(role)}`);
  }
  checkInteger(allowedRsv, 'allowedRsv', 0, RSV);
  if ((allowedRsv & ~RSV) !== 0)
    throw new RangeError(`allowedRsv may hold the bits 0x40, 0x20 and 0x10, got ${allowedRsv}`);
  return allowedRsv;
}

/** The rules on byte 0 that need no history. */
export function judgeByte0(byte0: number, allowedRsv: number): ViolationName | undefined {
  const opcode = byte0 & 0x0f;
  if (isReserved(opcode)) return 'reserved-opcode';
  const rsv = byte0 & RSV;
  // An extension marks a whole message, on its first frame: neither controls nor continuations (RFC 7692, section 6).
  if (rsv !== 0 && ((rsv & ~allowedRsv) !== 0 || opcode === Opcode.Continuation || isControl(opcode))) {
    return 'reserved-bits';
  }
  if (isControl(opcode) && (byte0 & FIN) === 0) return 'fragmented-control';
  return undefined;
}

/** The rules on byte 1: the mask by the role of the reader, and what a control frame's length may be. */
export function judgeByte1(opcode: number, byte1: number, role: Role): ViolationName | undefined {
  const masked = (byte1 & MASK) !== 0;
  if (masked) {
    if (role === 'client') return 'mask-forbidden';
  } else if (role === 'server') return 'mask-missing';
  if (isControl(opcode)) {
    const length = byte1 & 0x7f;
    if (length > MAX_CONTROL_PAYLOAD) return 'control-too-long';
    if (opcode === Opcode.Close && length === 1) return 'close-payload-too-short';
  }
  return undefined;
}

/** How many bytes follow byte 1 for the extended length: 0, 2 or 8. */
export function extendedLengthBytes(byte1: number): 0 | 2 | 8 {
  const length = byte1 & 0x7f;
  return length < 126 ? 0 : length === 126 ? 2 : 8;
}

/** The payload length of a header whose length bytes are all there; over 2^53-1 it is not exact. */
export function readPayloadLength(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]! & 0x7f;
  if (length < 126) return length;
  if (length === 126) return (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return (readInt32(bytes, at + 2) >>> 0) * 0x1_0000_0000 + (readInt32(bytes, at + 6) >>> 0);
}

/** The rules on the extended length: 63 bits, in the shortest form (section 5.2), and what a number can hold. */
export function judgeLength(bytes: Uint8Array, at: number, payloadLength: number): ViolationName | undefined {
  const extended = extendedLengthBytes(bytes[at + 1]!);
  if (extended === 0) return undefined;
  // Judged on the byte: lengths just under 2^63 are rounded up to it.
  if (extended === 8 && bytes[at + 2]! >= 0x80) return 'length-top-bit';
  if (payloadLength < (extended === 2 ? 126 : 0x1_0000)) return 'length-not-minimal';
  if (payloadLength > Number.MAX_SAFE_INTEGER) return 'length-unsafe';
  return undefined;
}

/** Fills a header from bytes that are all there and have been judged. Returns its length. */
export function fillHeader(header: FrameHeader, bytes: Uint8Array, at: number, payloadLength: number): number {
  const byte0 = bytes[at]!;
  const byte1 = bytes[at + 1]!;
  header.fin = (byte0 & FIN) !== 0;
  header.rsv1 = (byte0 & RSV1) !== 0;
  header.rsv2 = (byte0 & RSV2) !== 0;
  header.rsv3 = (byte0 & RSV3) !== 0;
  header.opcode = byte0 & 0x0f;
  header.payloadLength = payloadLength;
  const length = 2 + extendedLengthBytes(byte1);
  if ((byte1 & MASK) === 0) {
    header.maskingKey = undefined;
    return length;
  }
  header.maskingKey = readInt32(bytes, at + length);
  return length + 4;
}

export function emptyHeader(): FrameHeader {
  return { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 0, maskingKey: undefined, payloadLength: 0 };
}

/**
 * Reads one frame header, section 5.2, and judges all that needs no history of the stream: each field as soon as
 * it is whole, byte 0 before byte 1 has come. Reads no byte beyond the header.
 *
 * @param bytes what has arrived; not kept
 * @param at where the header starts
 * @throws TypeError or RangeError if the arguments are of the wrong kind, never for what the bytes say
 */
export function decodeFrameHeader(bytes: Uint8Array, rules: FrameRules, at = 0): DecodedFrameHeader {
  checkBytes(bytes, 'bytes');
  checkInteger(at, 'at', 0, bytes.length);
  const allowedRsv = readAllowedRsv(rules);
  const available = bytes.length - at;
  if (available < 1) return { needed: 2 };
  const byte0 = bytes[at]!;
  const bad0 = judgeByte0(byte0, allowedRsv);
  if (bad0 !== undefined) return { violation: bad0, offset: at };
  if (available < 2) return { needed: 1 };
  const byte1 = bytes[at + 1]!;
  const bad1 = judgeByte1(byte0 & 0x0f, byte1, rules.role);
  if (bad1 !== undefined) return { violation: bad1, offset: at + 1 };
  const lengthEnd = 2 + extendedLengthBytes(byte1);
  const headerEnd = lengthEnd + ((byte1 & MASK) === 0 ? 0 : 4);
  if (available < lengthEnd) return { needed: headerEnd - available };
  const payloadLength = readPayloadLength(bytes, at);
  const badLength = judgeLength(bytes, at, payloadLength);
  if (badLength !== undefined) return { violation: badLength, offset: at + lengthEnd - 1 };
  if (available < headerEnd) return { needed: headerEnd - available };
  const header = emptyHeader();
  return { bytesRead: fillHeader(header, bytes, at, payloadLength), header };
}

/** How many bytes a frame's header takes in its shortest form. */
export function frameHeaderBytes(payloadLength: number, masked: boolean): number {
  return (payloadLength < 126 ? 2 : payloadLength < 0x1_0000 ? 4 : 10) + (masked ? 4 : 0);
}

/** Throws for fields that no frame can have. Encoders write any combination of bits, so also illegal frames. */
export function checkHeaderFields(opcode: number, payloadLength: number, maskingKey: number | undefined): void {
  checkInteger(opcode, 'opcode', 0, 15);
  checkInteger(payloadLength, 'payloadLength', 0, Number.MAX_SAFE_INTEGER);
  if (maskingKey !== undefined) checkMaskingKey(maskingKey);
}

/**
 * Writes a header to `target` at `at`, where there is room for it: see {@link frameHeaderBytes}. The fields are
 * trusted.
 *
 * @returns the index behind the header
 */
export function writeFrameHeader(target: Uint8Array, at: number, fields: FrameHeaderFields): number {
  return writeHeader(target, at, byte0Of(fields), fields.payloadLength, fields.maskingKey);
}

/** FIN, the reserved bits and the opcode. Throws for a `fin` that others would take for true, or for false. */
export function byte0Of(fields: Omit<FrameHeaderFields, 'payloadLength'>): number {
  const { fin = true } = fields;
  check(typeof fin === 'boolean', fin, 'fin', 'a boolean');
  return (
    (fin ? FIN : 0) | (fields.rsv1 ? RSV1 : 0) | (fields.rsv2 ? RSV2 : 0) | (fields.rsv3 ? RSV3 : 0) | fields.opcode
  );
}

/** Writes a header as {@link writeFrameHeader} does, with byte 0 as it is to be. */
export function writeHeader(
  target: Uint8Array,
  at: number,
  byte0: number,
  payloadLength: number,
  maskingKey: number | undefined,
): number {
  const mask = maskingKey === undefined ? 0 : MASK;
  target[at++] = byte0;
  if (payloadLength < 126) {
    target[at++] = mask | payloadLength;
  } else if (payloadLength < 0x1_0000) {
    target[at++] = mask | 126;
    target[at++] = payloadLength >>> 8;
    target[at++] = payloadLength;
  } else {
    target[at++] = mask | 127;
    at = writeUint32(target, at, Math.floor(payloadLength / 0x1_0000_0000));
    at = writeUint32(target, at, payloadLength);
  }
  return maskingKey === undefined ? at : writeUint32(target, at, maskingKey);
}

/** The 32 bits at `at`, signed: a masking key, or half of a length. The caller has seen to it that they are there. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at++] = value >>> 24;
  target[at++] = value >>> 16;
  target[at++] = value >>> 8;
  target[at++] = value;
  return at;
}

/**
 * Encodes a header, always with the shortest length. Any opcode and any bits can be written: what is legal to
 * send, and when, is for the connection to know.
 *
 * @throws TypeError or RangeError for fields out of range
 */
export function encodeFrameHeader(fields: FrameHeaderFields): Uint8Array<ArrayBuffer> {
  checkHeaderFields(fields.opcode, fields.payloadLength, fields.maskingKey);
  const bytes = new Uint8Array(frameHeaderBytes(fields.payloadLength, fields.maskingKey !== undefined));
  writeFrameHeader(bytes, 0, fields);
  return bytes;
}
