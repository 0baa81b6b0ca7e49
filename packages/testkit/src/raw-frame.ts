/** One frame as it shall stand on the wire. Nothing here is checked against RFC 6455: that is the point. */
export interface RawFrame {
  /** Default true: the last (or only) frame of its message. */
  readonly fin?: boolean | undefined;
  readonly rsv1?: boolean | undefined;
  readonly rsv2?: boolean | undefined;
  readonly rsv3?: boolean | undefined;
  /** 0 to 15, reserved ones too. */
  readonly opcode: number;
  /** The masking key as a 32-bit integer, read big-endian (-2^31 to 2^32-1). Without it the frame is not masked. */
  readonly maskingKey?: number | undefined;
  /** The payload before masking; default empty. Never written to. */
  readonly payload?: Uint8Array | undefined;
  /**
   * How many bits carry the length. Default: the shortest form that holds it. A longer one is illegal, and possible.
   */
  readonly lengthForm?: LengthForm | undefined;
  /**
   * The length that the header claims, 0 to 2^64-1; default the truth. In the 7-bit form 126 and 127 are possible too.
   */
  readonly declaredLength?: number | bigint | undefined;
}

/** How many bits carry a payload length: 7, 7+16 or 7+64 (RFC 6455 section 5.2). */
export type LengthForm = 7 | 16 | 64;

const CAPACITY: Record<LengthForm, bigint> = { 7: 127n, 16: 0xffffn, 64: 0xffff_ffff_ffff_ffffn };

/**
 * The bytes of a frame, legal or not (RFC 6455 section 5.2).
 *
 * @throws RangeError when a value has no place in its field: an opcode over 15, a length over its form's capacity.
 */
export function rawFrame(frame: RawFrame): Uint8Array<ArrayBuffer> {
  const payload = frame.payload ?? new Uint8Array(0);
  if (!Number.isInteger(frame.opcode) || frame.opcode < 0 || frame.opcode > 15) {
    throw new RangeError(`An opcode is an integer of 4 bits, 0 to 15, but it was ${frame.opcode}`);
  }
  const length = lengthField(BigInt(frame.declaredLength ?? payload.length), frame.lengthForm);
  const masked = frame.maskingKey !== undefined;
  const key = masked ? keyBytes(frame.maskingKey) : [];

  const first =
    ((frame.fin ?? true) ? 0x80 : 0) |
    (frame.rsv1 ? 0x40 : 0) |
    (frame.rsv2 ? 0x20 : 0) |
    (frame.rsv3 ? 0x10 : 0) |
    frame.opcode;
  const header = [first, (masked ? 0x80 : 0) | length[0]!, ...length.slice(1), ...key];

  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  for (let i = 0; i < payload.length; i++) {
    bytes[header.length + i] = payload[i]! ^ (masked ? key[i % 4]! : 0);
  }
  return bytes;
}

/** Frames one after the other, as a stream carries them. */
export function rawFrames(frames: readonly RawFrame[]): Uint8Array<ArrayBuffer> {
  return concat(frames.map(rawFrame));
}

/** The parts one after the other, in an array of their own. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function lengthField(length: bigint, form: LengthForm | undefined): number[] {
  const bits = form ?? (length <= 125n ? 7 : length <= 0xffffn ? 16 : 64);
  if (length < 0n || length > CAPACITY[bits]) {
    throw new RangeError(`A ${bits}-bit length holds 0 to ${CAPACITY[bits]}, but it was ${length}`);
  }
  if (bits === 7) return [Number(length)];
  const field = [bits === 16 ? 126 : 127];
  for (let shift = BigInt(bits - 8); shift >= 0n; shift -= 8n) field.push(Number((length >> shift) & 0xffn));
  return field;
}

function keyBytes(key: number): [number, number, number, number] {
  return [(key >>> 24) & 0xff, (key >>> 16) & 0xff, (key >>> 8) & 0xff, key & 0xff];
}
