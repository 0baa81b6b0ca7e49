import { checkBytes, checkRole } from './check.ts';
import { afterByte, BETWEEN_SEQUENCES, textOf } from './naive-utf8.ts';
import type { StreamEvent } from './transcript.ts';
import { type StreamViolation, VIOLATIONS, type Violation } from './violation.ts';

/** The rules by which a stream is judged. */
export interface NaiveRules {
  /** The endpoint that reads: a server demands masks, a client forbids them, an observer takes both. */
  readonly role: 'server' | 'client' | 'observer';
  /** RSV bits, as in byte 0 (0x40, 0x20, 0x10), that extensions negotiated. Default 0. */
  readonly allowedRsv?: number | undefined;
  /** Default 16 MiB, in bytes. */
  readonly maxMessagePayload?: number | undefined;
  /** Default maxMessagePayload. */
  readonly maxFramePayload?: number | undefined;
  /** The stream ends after these bytes. Default false: more may come. */
  readonly ended?: boolean | undefined;
}

/** The events of a stream, and how it ended. */
export interface NaiveResult {
  readonly events: StreamEvent[];
  /** The index of the byte after each event's last one. */
  readonly ends: number[];
  readonly violation: StreamViolation | undefined;
  /** How many bytes were read: less than all after a Close or a violation. */
  readonly consumed: number;
  /** How many frames were begun. */
  readonly frames: number;
  /** The index of the first byte of the last one of them. */
  readonly frameStart: number;
  /** The index of the first byte of the message that is still open. */
  readonly messageStart: number | undefined;
}

interface OpenMessage {
  readonly start: number;
  readonly opcode: number;
  readonly rsv: number;
  declared: bigint;
  readonly payload: number[];
  utf8: typeof BETWEEN_SEQUENCES;
}

const MAX_SAFE = (1n << 53n) - 1n;

/** Not errors, and so without a stack: the enumerations throw millions of them. */
const INPUT_ENDS = Symbol('the input ends');
class Illegal {
  readonly violation: Violation;
  constructor(violation: Violation) {
    this.violation = violation;
  }
}

/**
 * A second implementation of the receiving side, to compare a fast one with: the whole input at once, one byte after
 * the other, each rule where RFC 6455 section 5 lets the reader know it. A violation's offset needs no book-keeping:
 * it is the byte that was read last.
 *
 * @throws TypeError for no Uint8Array, or no role
 */
export function decodeNaively(bytes: Uint8Array, rules: NaiveRules): NaiveResult {
  checkBytes(bytes);
  checkRole(rules.role);
  const events: StreamEvent[] = [];
  const ends: number[] = [];
  const maxMessage = BigInt(rules.maxMessagePayload ?? 16 * 1024 * 1024);
  const maxFrame = rules.maxFramePayload === undefined ? maxMessage : BigInt(rules.maxFramePayload);
  let position = 0;
  let frames = 0;
  let frameStart = 0;
  let insideFrame = false;
  let message: OpenMessage | undefined;

  function take(): number {
    if (position === bytes.length) throw INPUT_ENDS;
    return bytes[position++]!;
  }

  function demand(condition: boolean, otherwise: Violation): void {
    if (!condition) throw new Illegal(otherwise);
  }

  function deliver(event: StreamEvent): void {
    events.push(event);
    ends.push(position);
  }

  function readFrame(): void {
    frameStart = position;
    // 5.2: FIN, RSV1-3 and the opcode
    const byte0 = take();
    insideFrame = true;
    frames++;
    const fin = byte0 >= 0x80;
    const rsv = byte0 & 0b0111_0000;
    const opcode = byte0 & 0b0000_1111;
    const control = opcode >= 8;
    demand([0, 1, 2, 8, 9, 10].includes(opcode), 'reserved-opcode');
    const startsMessage = opcode === 1 || opcode === 2;
    for (const bit of [0x40, 0x20, 0x10]) {
      const negotiated = ((rules.allowedRsv ?? 0) & bit) !== 0;
      demand((rsv & bit) === 0 || (negotiated && startsMessage), 'reserved-bits');
    }
    // 5.5: control frames are not fragmented; 5.4: the order of a message's frames
    demand(!control || fin, 'fragmented-control');
    demand(opcode !== 0 || message !== undefined, 'orphan-continuation');
    demand(!startsMessage || message === undefined, 'data-inside-message');

    // 5.2: MASK and the payload length
    const byte1 = take();
    const masked = byte1 >= 0x80;
    const length7 = byte1 & 0b0111_1111;
    demand(rules.role !== 'server' || masked, 'mask-missing');
    demand(rules.role !== 'client' || !masked, 'mask-forbidden');
    demand(!control || length7 <= 125, 'control-too-long');
    demand(opcode !== 8 || length7 !== 1, 'close-payload-too-short');
    let length = BigInt(length7);
    if (length7 >= 126) {
      const size = length7 === 126 ? 2 : 8;
      length = 0n;
      for (let i = 0; i < size; i++) length = length * 256n + BigInt(take());
      demand(length < 1n << 63n, 'length-top-bit');
      demand(length7 === 126 ? length > 125n : length > 0xffffn, 'length-not-minimal');
    }
    if (startsMessage) message = { start: frameStart, opcode, rsv, declared: 0n, payload: [], utf8: BETWEEN_SEQUENCES };
    if (!control) {
      demand(length <= MAX_SAFE, 'length-unsafe');
      demand(length <= maxFrame, 'frame-too-big');
      message!.declared += length;
      demand(message!.declared <= maxMessage, 'message-too-big');
    }

    // 5.3: the masking key
    const key = masked ? [take(), take(), take(), take()] : [0, 0, 0, 0];

    if (control) readControl(opcode, Number(length), key);
    else readData(fin, Number(length), key);
    insideFrame = false;
  }

  function readData(fin: boolean, length: number, key: number[]): void {
    const { opcode, rsv, payload } = message!;
    // An extension that claimed an RSV bit changes the payload first: only what it makes of it must be UTF-8.
    const isText = opcode === 1 && rsv === 0;
    for (let i = 0; i < length; i++) {
      const byte = take() ^ key[i % 4]!;
      payload.push(byte);
      if (!isText) continue;
      const utf8 = afterByte(message!.utf8, byte);
      if (utf8 === undefined) throw new Illegal('text-not-utf8');
      message!.utf8 = utf8;
    }
    if (!fin) return;
    demand(message!.utf8.length === 0, 'text-not-utf8');
    message = undefined;
    deliver({ type: 'message', payload: Uint8Array.from(payload), opcode, rsv });
  }

  function readControl(opcode: number, length: number, key: number[]): void {
    const payload: number[] = [];
    let utf8 = BETWEEN_SEQUENCES;
    for (let i = 0; i < length; i++) {
      const byte = take() ^ key[i % 4]!;
      payload.push(byte);
      if (opcode !== 8) continue;
      // 5.5.1: two bytes of code, then the reason
      if (i === 1) demand(isLegalCloseCode(payload[0]! * 256 + byte), 'close-code-illegal');
      if (i < 2) continue;
      const next = afterByte(utf8, byte);
      if (next === undefined) throw new Illegal('close-reason-not-utf8');
      utf8 = next;
    }
    demand(utf8.length === 0, 'close-reason-not-utf8');
    if (opcode === 9) deliver({ type: 'ping', payload: Uint8Array.from(payload) });
    if (opcode === 10) deliver({ type: 'pong', payload: Uint8Array.from(payload) });
    if (opcode === 8) {
      const code = length === 0 ? undefined : payload[0]! * 256 + payload[1]!;
      deliver({ type: 'close', code, reason: textOf(payload.slice(2)) });
    }
  }

  const where = () => ({ consumed: position, frames, frameStart, messageStart: message?.start });
  const verdict = (violation: Violation, offset: number): NaiveResult => ({
    events,
    ends,
    violation: { violation, closeCode: VIOLATIONS[violation], offset },
    ...where(),
  });

  try {
    // 5.5.1: nothing after a Close has a meaning
    while (position < bytes.length && events.at(-1)?.type !== 'close') readFrame();
  } catch (stop) {
    if (stop instanceof Illegal) return verdict(stop.violation, position - 1);
    if (stop !== INPUT_ENDS) throw stop;
  }
  if (rules.ended && events.at(-1)?.type !== 'close') {
    if (insideFrame) return verdict('end-inside-frame', bytes.length);
    if (message !== undefined) return verdict('end-inside-message', bytes.length);
  }
  return { events, ends, violation: undefined, ...where() };
}

/** RFC 6455 section 7.4 with IANA's registry of 1012 to 1014; 1004 to 1006 and 1015 never travel. */
export function isLegalCloseCode(code: number): boolean {
  const ranges = [
    [1000, 1003],
    [1007, 1014],
    [3000, 4999],
  ];
  return ranges.some(([from, to]) => from! <= code && code <= to!);
}
