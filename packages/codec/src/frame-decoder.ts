import { checkBytes, checkInteger, checkMethods, readLimit } from './check.ts';
import {
  emptyHeader,
  extendedLengthBytes,
  type FrameHeader,
  type FrameRules,
  fillHeader,
  judgeByte0,
  judgeByte1,
  judgeLength,
  MAX_HEADER_BYTES,
  type Role,
  readAllowedRsv,
  readInt32,
  readPayloadLength,
} from './frame-header.ts';
import { isControl, Opcode } from './opcode.ts';
import { ProtocolError, type ViolationName } from './violation.ts';

/** A rule that a sink found broken in a payload. */
export interface PayloadViolation {
  readonly violation: ViolationName;
  /**
   * The index into the chunk of the byte at which the stream became illegal; -1 is the byte before the chunk, and so
   * on.
   */
  readonly at: number;
}

/** The answer of a sink to a payload: how it is illegal, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a sink that judges no payload should need no return statement
export type Judgement = PayloadViolation | void;

/**
 * Where a {@link FrameDecoder} delivers to. Payloads are as they came: masked, if the header has a key, and in the
 * caller's chunk, which is the sink's to read during the call only. A callback that finds the payload itself illegal
 * returns how; the decoder then fails. Whatever else it returns is ignored, such as what `push` of an array returns.
 * The header is one record, overwritten by the next frame.
 */
export interface FrameSink {
  /** A frame whose payload lies whole in the chunk, at `[start, end)`. */
  frame(header: Readonly<FrameHeader>, chunk: Uint8Array, start: number, end: number): Judgement;
  /** The start of a frame whose payload comes in parts, if at all: the stream may end before. */
  begin(header: Readonly<FrameHeader>): void;
  /** A part of such a payload, of at least one byte: `chunk[start, end)`. The frame is whole with its `last` part. */
  part(chunk: Uint8Array, start: number, end: number, last: boolean): Judgement;
  /** The peer broke a rule, or its stream ended too early. Delivered once, last. */
  violation(error: ProtocolError): void;
}

/** Limits on data frames, judged on the header, before any payload has come. */
export interface FrameLimits {
  /** The longest payload of one frame, in bytes, 0 to 2^53-1. */
  readonly maxFramePayload?: number | undefined;
  /**
   * The longest payload of a message, over all of its frames and as it came (still compressed), in bytes, 0 to 2^53-1.
   */
  readonly maxMessagePayload?: number | undefined;
}

/** The states: between two frames, inside the payload of one, or over: failed, closed, at the end. */
const BETWEEN = 0;
const PAYLOAD = 1;
const OVER = 2;

/**
 * Cuts a stream of bytes into frames and judges their headers and their order (RFC 6455, sections 5.2 to 5.5). It
 * keeps no more than the 13 bytes of a header that a chunk's end has cut, and never touches a payload: a frame of
 * 10 GB is parts that come and go.
 *
 * The frames depend on the bytes only, never on how they were cut. After a violation, or a whole Close frame (section
 * 5.5.1: nothing follows it), all bytes are taken and dropped in silence.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #role: Role;
  readonly #allowedRsv: number;
  readonly #maxFramePayload: number;
  readonly #maxMessagePayload: number;
  readonly #header: FrameHeader = emptyHeader();
  /** The MASK bit that #runUnfragmented takes (-1: none, so it takes no frame), and the longest payload. */
  readonly #mask: number;
  readonly #maxUnfragmented: number;

  #state: typeof BETWEEN | typeof PAYLOAD | typeof OVER = BETWEEN;
  #ended = false;
  #offset = 0;
  #holds = 0;
  #pushing = false;

  /** The bytes of a header that is not whole yet. */
  #spill: Uint8Array | undefined;
  #spilled = 0;
  /** Bytes of the current frame's payload still to come. */
  #remaining = 0;

  /**
   * Whether a message has begun whose last frame has not (section 5.4), and the payload that its frames have declared.
   */
  #inMessage = false;
  #messageLength = 0;

  /** The violation that #readHeader found, and at which byte of the header. */
  #violation: ViolationName | undefined;
  #violationAt = 0;

  /**
   * @param limits default: none, since nothing is kept here
   * @throws TypeError or RangeError if rules, sink or limits are of the wrong kind
   */
  constructor(rules: FrameRules, sink: FrameSink, limits: FrameLimits = {}) {
    checkMethods(sink, 'sink', ['frame', 'begin', 'part', 'violation']);
    this.#allowedRsv = readAllowedRsv(rules);
    this.#role = rules.role;
    this.#sink = sink;
    this.#maxFramePayload = readLimit(limits, 'maxFramePayload');
    this.#maxMessagePayload = readLimit(limits, 'maxMessagePayload');
    this.#mask = rules.role === 'server' ? 1 : rules.role === 'client' ? 0 : -1;
    this.#maxUnfragmented = Math.min(this.#maxFramePayload, this.#maxMessagePayload, 0xffff);
  }

  /** How many bytes of the stream have been taken. Right at any time, also when a sink has thrown: go on from there. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are kept: those of a header that has not come whole, at most 13. */
  get bufferedBytes(): number {
    return this.#spilled;
  }

  /** Whether the last message, and the last frame, are whole, and nothing of the next has come. */
  get atRest(): boolean {
    return this.#state === BETWEEN && !this.#inMessage && this.#spilled === 0;
  }

  /**
   * Makes `push` return after the callback that runs now, and makes later calls take nothing. Each `hold` needs its own
   * `release`.
   */
  hold(): void {
    this.#holds++;
  }

  /**
   * Takes one `hold` back. Delivers nothing by itself: push the bytes that were not taken.
   *
   * @throws TypeError without a `hold` before it
   */
  release(): void {
    if (this.#holds === 0) throw new TypeError('release() without a hold() before it');
    this.#holds--;
  }

  /**
   * Takes the next bytes of the stream and delivers what they complete.
   *
   * @param chunk read during the call only; neither written nor kept
   * @param at where in the chunk to start
   * @returns how many bytes were taken: all, unless `hold` was called
   * @throws TypeError from inside one of its own callbacks or after `end`, or if a callback has taken the chunk's
   *   buffer away before its end, after which all is dropped in silence; and whatever a sink throws
   */
  push(chunk: Uint8Array, at = 0): number {
    checkBytes(chunk, 'chunk');
    checkInteger(at, 'at', 0, chunk.length);
    this.#checkReturned('push');
    if (this.#ended) throw new TypeError('push() after end()');
    const before = this.#offset;
    this.#pushing = true;
    try {
      this.#run(chunk, at);
    } finally {
      this.#pushing = false;
    }
    return this.#offset - before;
  }

  /**
   * The stream has ended. A frame or message that is not whole becomes a violation with close code 1006, which tells
   * the application and is never sent.
   *
   * @throws TypeError from inside one of its own callbacks; and whatever the sink throws
   */
  end(): void {
    this.#checkReturned('end');
    this.#ended = true;
    if (this.#state === OVER) return;
    if (this.#state === PAYLOAD || this.#spilled > 0) this.#fail('end-inside-frame', this.#offset);
    else if (this.#inMessage) this.#fail('end-inside-message', this.#offset);
  }

  #checkReturned(call: string): void {
    if (this.#pushing)
      throw new TypeError(`${call}() inside a callback of the same decoder: call it after push() has returned`);
  }

  #run(chunk: Uint8Array, at: number): void {
    const length = chunk.length;
    /** The offset in the stream of chunk[0]. */
    const base = this.#offset - at;
    while (at < length && this.#holds === 0) {
      // A buffer that was transferred, or made shorter: no byte that is still to come is there.
      if (chunk.length < length) {
        this.#state = OVER;
        throw new TypeError('a callback has taken the chunk away');
      }
      if (this.#state === PAYLOAD) at = this.#part(chunk, at, base);
      else if (this.#state === OVER) this.#offset = base + (at = length);
      else if (this.#spilled > 0) at = this.#unspill(chunk, at, base);
      else {
        const end = this.#runUnfragmented(chunk, at, base);
        at = end === at ? this.#next(chunk, at, base) : end;
      }
    }
  }

  /**
   * The fast path of most frames: unfragmented messages that lie whole in the chunk and plainly break none of the rules
   * of #readHeader. Returns the index of the first frame that is anything else.
   */
  #runUnfragmented(chunk: Uint8Array, at: number, base: number): number {
    if (this.#inMessage) return at;
    const header = this.#header;
    while (chunk.length - at >= 8 && this.#holds === 0) {
      const byte0 = chunk[at]!;
      const byte1 = chunk[at + 1]!;
      if ((byte0 !== 0x82 && byte0 !== 0x81) || byte1 >>> 7 !== this.#mask) return at;
      let start = at + 2;
      let payloadLength = byte1 & 0x7f;
      if (payloadLength >= 126) {
        payloadLength = (chunk[start]! << 8) | chunk[start + 1]!;
        if (byte1 === 0xff || byte1 === 0x7f || payloadLength < 126) return at;
        start += 2;
      }
      if (byte1 < 0x80) header.maskingKey = undefined;
      else {
        header.maskingKey = readInt32(chunk, start);
        start += 4;
      }
      const end = start + payloadLength;
      if (end > chunk.length || payloadLength > this.#maxUnfragmented) return at;
      header.fin = true;
      header.rsv1 = header.rsv2 = header.rsv3 = false;
      header.opcode = byte0 & 0x0f;
      header.payloadLength = payloadLength;
      this.#offset = base + end;
      const bad = this.#sink.frame(header, chunk, start, end) as PayloadViolation | undefined;
      if (bad?.violation) return this.#failIn(chunk, bad.violation, bad.at, base);
      at = end;
    }
    return at;
  }

  /** Reads the header at `at`, and delivers its frame if that is whole. Returns the index that was reached. */
  #next(chunk: Uint8Array, at: number, base: number): number {
    const headerLength = this.#readHeader(chunk, at, chunk.length - at);
    if (headerLength > 0) return this.#deliver(chunk, at + headerLength, base);
    if (headerLength < 0) return this.#failIn(chunk, this.#violation!, at + this.#violationAt, base);
    this.#spill ??= new Uint8Array(MAX_HEADER_BYTES);
    return this.#unspill(chunk, at, base);
  }

  /** Completes the header that the end of an earlier chunk has cut, byte by byte. */
  #unspill(chunk: Uint8Array, at: number, base: number): number {
    const spill = this.#spill!;
    const start = at - this.#spilled;
    while (at < chunk.length) {
      spill[this.#spilled++] = chunk[at++]!;
      const headerLength = this.#readHeader(spill, 0, this.#spilled);
      if (headerLength === 0) continue;
      this.#spilled = 0;
      return headerLength > 0
        ? this.#deliver(chunk, at, base)
        : this.#failIn(chunk, this.#violation!, start + this.#violationAt, base);
    }
    this.#offset = base + at;
    return at;
  }

  /**
   * Judges the fields of a header as far as they are there, in wire order.
   *
   * @returns the length of the header if it is whole; 0 if it is not; -1 if it breaks a rule
   */
  #readHeader(bytes: Uint8Array, at: number, available: number): number {
    const byte0 = bytes[at]!;
    const bad0 = judgeByte0(byte0, this.#allowedRsv) ?? this.#judgeOrder(byte0 & 0x0f);
    if (bad0 !== undefined) return this.#reject(bad0, 0);
    if (available < 2) return 0;
    const byte1 = bytes[at + 1]!;
    const bad1 = judgeByte1(byte0 & 0x0f, byte1, this.#role);
    if (bad1 !== undefined) return this.#reject(bad1, 1);
    const lengthEnd = 2 + extendedLengthBytes(byte1);
    if (available < lengthEnd) return 0;
    const payloadLength = readPayloadLength(bytes, at);
    const badLength = judgeLength(bytes, at, payloadLength) ?? this.#judgeLimits(byte0 & 0x0f, payloadLength);
    if (badLength !== undefined) return this.#reject(badLength, lengthEnd - 1);
    if (byte1 >= 0x80 && available < lengthEnd + 4) return 0;
    return fillHeader(this.#header, bytes, at, payloadLength);
  }

  #reject(violation: ViolationName, at: number): -1 {
    this.#violation = violation;
    this.#violationAt = at;
    return -1;
  }

  /** Section 5.4: a message is a text or binary frame and its continuations; controls may stand anywhere between. */
  #judgeOrder(opcode: number): ViolationName | undefined {
    if (isControl(opcode)) return undefined;
    if (opcode === Opcode.Continuation) return this.#inMessage ? undefined : 'orphan-continuation';
    return this.#inMessage ? 'data-inside-message' : undefined;
  }

  #judgeLimits(opcode: number, payloadLength: number): ViolationName | undefined {
    if (isControl(opcode)) return undefined;
    if (payloadLength > this.#maxFramePayload) return 'frame-too-big';
    const before = opcode === Opcode.Continuation ? this.#messageLength : 0;
    // Subtracted, since a sum could be over 2^53-1 and no longer exact.
    if (payloadLength > this.#maxMessagePayload - before) return 'message-too-big';
    return undefined;
  }

  /** The header is whole and legal, and the payload starts at `at`. */
  #deliver(chunk: Uint8Array, at: number, base: number): number {
    const header = this.#header;
    const { opcode, payloadLength } = header;
    if (!isControl(opcode)) {
      this.#messageLength = opcode === Opcode.Continuation ? this.#messageLength + payloadLength : payloadLength;
      this.#inMessage = !header.fin;
    }
    const end = at + payloadLength;
    if (end > chunk.length) {
      this.#state = PAYLOAD;
      this.#remaining = payloadLength;
      this.#offset = base + at;
      this.#sink.begin(header);
      return at;
    }
    if (opcode === Opcode.Close) this.#state = OVER;
    this.#offset = base + end;
    const bad = this.#sink.frame(header, chunk, at, end) as PayloadViolation | undefined;
    return bad?.violation ? this.#failIn(chunk, bad.violation, bad.at, base) : end;
  }

  #part(chunk: Uint8Array, at: number, base: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#offset = base + end;
    const last = this.#remaining === 0;
    if (last) this.#state = this.#header.opcode === Opcode.Close ? OVER : BETWEEN;
    const bad = this.#sink.part(chunk, at, end, last) as PayloadViolation | undefined;
    return bad?.violation ? this.#failIn(chunk, bad.violation, bad.at, base) : end;
  }

  #failIn(chunk: Uint8Array, violation: ViolationName, at: number, base: number): number {
    this.#offset = base + chunk.length;
    this.#fail(violation, base + at);
    return chunk.length;
  }

  #fail(violation: ViolationName, offset: number): void {
    this.#state = OVER;
    this.#spilled = 0;
    this.#sink.violation(new ProtocolError(violation, offset));
  }
}
