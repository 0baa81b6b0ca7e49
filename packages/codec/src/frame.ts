import { checkBytes, checkPlace } from './check.ts';
import { FrameDecoder } from './frame-decoder.ts';
import {
  byte0Of,
  checkHeaderFields,
  type FrameHeader,
  type FrameHeaderFields,
  type FrameRules,
  frameHeaderBytes,
  writeHeader,
} from './frame-header.ts';
import { copyRange, maskRange } from './mask.ts';
import { WORDS_FROM } from './mask-kernel.ts';
import { Maskable } from './maskable.ts';
import type { ProtocolError } from './violation.ts';

/** A frame as a value: its header, and its payload unmasked, in memory of its own. */
export interface Frame extends FrameHeader {
  payload: Uint8Array<ArrayBuffer>;
}

/** The fields of a frame that an encoder needs; what is left out is FIN = 1 and no reserved bit. */
export interface FrameFields extends Omit<FrameHeaderFields, 'maskingKey' | 'payloadLength'> {
  /** The payload in the clear. It is read, never changed or kept. */
  readonly payload: Uint8Array;
}

/**
 * Encodes a whole frame, RFC 6455 section 5.2, into bytes of its own.
 *
 * @param maskingKey 32 bits from a strong source of entropy (section 5.3) in a frame from a client; none from a server
 * @throws TypeError or RangeError for fields out of range
 */
export function encodeFrame(frame: FrameFields, maskingKey?: number | undefined): Uint8Array<ArrayBuffer> {
  const { payload } = frame;
  checkBytes(payload, 'payload');
  const bytes = new Uint8Array(frameHeaderBytes(payload.length, maskingKey !== undefined) + payload.length);
  encodeFrameInto(bytes, 0, frame, maskingKey);
  return bytes;
}

/**
 * Encodes a whole frame into memory of the caller's, at `at`.
 *
 * @param target an array, or a `Maskable` over it: with that, many masked frames into one array are faster
 * @param frame whose payload lies outside of where the frame goes, or in its final place already, behind the header: any
 *   other overlap may give wrong bytes
 * @returns the index behind the frame
 * @throws RangeError if there is no room for the frame; TypeError or RangeError for fields out of range
 */
export function encodeFrameInto(
  target: Uint8Array | Maskable,
  at: number,
  frame: FrameFields,
  maskingKey?: number | undefined,
): number {
  const bytes = target instanceof Maskable ? target.bytes : target;
  const { payload } = frame;
  checkBytes(bytes, 'target');
  checkBytes(payload, 'payload');
  const { length } = payload;
  checkHeaderFields(frame.opcode, length, maskingKey);
  const frameBytes = frameHeaderBytes(length, maskingKey !== undefined) + length;
  checkPlace(at, 'a frame', frameBytes, bytes);
  const start = writeHeader(bytes, at, byte0Of(frame), length, maskingKey);
  const end = start + length;
  if (maskingKey === undefined) copyRange(bytes, start, payload, 0, length);
  else if (length >= WORDS_FROM && target instanceof Maskable) {
    bytes.set(payload, start);
    target.xor(start, target, start, end, maskingKey, false);
  } else maskRange(bytes, start, payload, 0, length, maskingKey);
  return end;
}

/**
 * All frames of a stream that is there as a whole: the one-liner for tools and tests. What follows a Close frame is
 * left out, as an endpoint would. For what comes from a network, use `FrameDecoder`: it loses no frame that came before
 * a violation.
 *
 * @throws ProtocolError if the stream breaks a rule or ends inside a frame or a message
 */
export function decodeFrames(bytes: Uint8Array, rules: FrameRules): Frame[] {
  const frames: Frame[] = [];
  let error: ProtocolError | undefined;
  const decoder = new FrameDecoder(rules, {
    frame(header, chunk, start, end) {
      const payload = new Uint8Array(end - start);
      maskRange(payload, 0, chunk, start, end, header.maskingKey ?? 0);
      frames.push({ ...header, payload });
    },
    // The whole stream is one chunk: a frame that does not lie whole in it is cut off.
    begin() {},
    part() {},
    violation(violation) {
      error = violation;
    },
  });
  decoder.push(bytes);
  decoder.end();
  if (error !== undefined) throw error;
  return frames;
}
