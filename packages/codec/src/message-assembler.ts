import { check, checkMethods, checkOptionalFunction, readLimit } from './check.ts';
import { isWireCloseCode, readCloseCode } from './close.ts';
import type { FrameSink, PayloadViolation } from './frame-decoder.ts';
import { type FrameHeader, frameHeaderBytes } from './frame-header.ts';
import { copyRange } from './mask.ts';
import { int32Kernel, isAscii, type MaskKernel, maskBytes, WORDS_FROM } from './mask-kernel.ts';
import { Maskable, XOR_FROM } from './maskable.ts';
import { turn } from './masking-key.ts';
import { MessageMemory, SLAB_UP_TO } from './message-memory.ts';
import { isControl, Opcode } from './opcode.ts';
import { decodeAscii, decodeUtf8, SHORT_TEXT, Utf8Validator } from './utf8.ts';
import type { ProtocolError } from './violation.ts';

/** Where a {@link MessageAssembler} delivers to. Every payload is unmasked and the receiver's own. */
export interface MessageSink {
  /**
   * A whole message.
   *
   * @param opcode of its first frame: 1 is text, whose payload is valid UTF-8 if `rsv` is 0 (`decodeUtf8` makes it a
   *   string); 2 is binary
   * @param rsv the reserved bits of its first frame as they lie in byte 0 (0x40 is RSV1): the payload is then for an
   *   extension to decode, and its UTF-8 to check after that
   */
  message(payload: Uint8Array<ArrayBuffer>, opcode: 1 | 2, rsv: number): void;
  /**
   * If it is there, text messages with `rsv` 0 come as strings, here and not to `message`: for small ones that saves
   * the array.
   */
  text?(text: string): void;
  /** A Ping frame: answer it with a Pong of the same payload (section 5.5.3). */
  ping(payload: Uint8Array<ArrayBuffer>): void;
  /** A Pong frame, asked for or not. */
  pong(payload: Uint8Array<ArrayBuffer>): void;
  /** The peer's Close frame, after which nothing is delivered. */
  close(code: number | undefined, reason: string): void;
  /** The peer broke a rule, or its stream ended too early. Delivered once, last. */
  violation(error: ProtocolError): void;
}

/** The memory and functions that a runtime can lend the codec. All are optional, and none changes a result. */
export interface Platform {
  /** Where messages get their memory from. Default: one of the decoder's own, giving Uint8Array. */
  readonly memory?: MessageMemory | undefined;
  /** Whether bytes are valid UTF-8, for messages that come in one piece: `isUtf8` of `node:buffer`. Default: a loop. */
  readonly isUtf8?: ((bytes: Uint8Array) => boolean) | undefined;
  /** How to mask: `bigUint64Kernel` on V8. Default: one that is fast on every engine. */
  readonly maskKernel?: MaskKernel | undefined;
  /**
   * The string of `bytes[start, end)`, which are valid UTF-8: `utf8Slice` of a Buffer. Default: that of
   * {@link decodeUtf8}.
   */
  readonly decodeUtf8?: ((bytes: Uint8Array, start: number, end: number) => string) | undefined;
  /**
   * Whether the chunks that are pushed are given away: a message of over 64 bytes that lies whole in a chunk is then
   * unmasked where it lies, and is a view of it. Such a message keeps its chunk alive. A function is
   * asked for each such message, with its chunk and its length. Default: false, since a chunk is the caller's.
   */
  readonly givesChunks?: boolean | ((chunk: Uint8Array, length: number) => boolean) | undefined;
}

/** A word view pays off in a chunk of at least MANY_BYTES that could hold SEVERAL such frames. */
const SEVERAL = 4;
const MANY_BYTES = 512;

/** Up to this length, the OR of the words that unmasking yields finds ASCII sooner than the runtime's `isUtf8`. */
const OR_UP_TO = 512;

/**
 * Puts the payloads of frames together to messages, RFC 6455 section 5.4: the one place that copies and unmasks
 * them. A message costs its bytes, however many fragments it comes in, and control frames may stand between them.
 * The frames come from a {@link FrameDecoder}, which has judged their headers and their order.
 */
export class MessageAssembler implements FrameSink {
  readonly #sink: MessageSink;
  readonly #memory: MessageMemory;
  readonly #isUtf8: ((bytes: Uint8Array) => boolean) | undefined;
  readonly #kernel: MaskKernel;
  readonly #decode: (bytes: Uint8Array, start: number, end: number) => string;
  /** Texts up to this length are first tested for ASCII, which needs no UTF-8 check. */
  readonly #orUpTo: number;
  readonly #givesChunk: ((chunk: Uint8Array, length: number) => boolean) | undefined;
  readonly #wantsStrings: boolean;
  readonly #maxMessagePayload: number;

  /** The frame in progress, and how much of its payload has come. */
  #header: Readonly<FrameHeader> | undefined;
  #received = 0;

  /** The message in progress: the kind that its first frame gave it, and its bytes so far, in an array that grows. */
  #opcode: 1 | 2 = Opcode.Binary;
  #rsv = 0;
  #target: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;
  /**
   * The check of the text in progress. Made when it is needed: most connections never see a text in parts, or a Close's
   * reason.
   */
  #text: Utf8Validator | undefined;

  /** The control frame in progress; it may stand between two parts of the message. */
  #control: Uint8Array<ArrayBuffer> | undefined;
  /** The check of the reason of the Close; there is only one Close. */
  #reason: Utf8Validator | undefined;

  /** The chunk that is being read, once its words were needed. */
  #source: Maskable | undefined;

  /**
   * @param maxMessagePayload the limit that the decoder keeps to, in bytes: no memory is taken ahead of need beyond it.
   *   Default: none
   * @throws TypeError or RangeError if sink, platform or limit are of the wrong kind
   */
  constructor(sink: MessageSink, platform: Platform = {}, maxMessagePayload?: number | undefined) {
    checkMethods(sink, 'sink', ['message', 'ping', 'pong', 'close', 'violation']);
    const {
      memory = new MessageMemory(),
      isUtf8,
      decodeUtf8,
      maskKernel = int32Kernel,
      givesChunks = false,
    } = platform;
    checkMethods(memory, 'memory', ['allocate']);
    checkMethods(maskKernel, 'maskKernel', ['words', 'xor']);
    checkOptionalFunction(sink.text, 'sink.text');
    checkOptionalFunction(isUtf8, 'isUtf8');
    checkOptionalFunction(decodeUtf8, 'decodeUtf8');
    const saysWhich = typeof givesChunks === 'boolean' || typeof givesChunks === 'function';
    check(saysWhich, givesChunks, 'givesChunks', 'a boolean or a function');
    this.#sink = sink;
    this.#memory = memory;
    this.#isUtf8 = isUtf8;
    this.#decode = decodeUtf8 ?? decodeRange;
    this.#orUpTo = isUtf8 === undefined ? Number.MAX_SAFE_INTEGER : OR_UP_TO;
    this.#givesChunk = givesChunks === true ? () => true : givesChunks || undefined;
    this.#wantsStrings = sink.text !== undefined;
    this.#maxMessagePayload = readLimit({ maxMessagePayload }, 'maxMessagePayload');
    this.#kernel = maskKernel;
  }

  /** How many bytes are allocated for what is not whole yet: at most 16 times what has come, plus 125. */
  get bufferedBytes(): number {
    return (this.#target?.length ?? 0) + (this.#control?.length ?? 0);
  }

  frame(header: Readonly<FrameHeader>, chunk: Uint8Array, start: number, end: number): PayloadViolation | undefined {
    const { opcode } = header;
    if (header.fin && (opcode === Opcode.Text || opcode === Opcode.Binary)) {
      return this.#whole(header, opcode, chunk, start, end);
    }
    this.begin(header);
    return this.part(chunk, start, end, true);
  }

  begin(header: Readonly<FrameHeader>): void {
    this.#header = header;
    this.#received = 0;
    if (isControl(header.opcode)) return;
    if (header.opcode !== Opcode.Continuation) {
      this.#opcode = header.opcode as 1 | 2;
      this.#rsv = rsvOf(header);
      this.#length = 0;
      if (header.opcode === Opcode.Text) this.#beginText();
    }
  }

  part(chunk: Uint8Array, start: number, end: number, last: boolean): PayloadViolation | undefined {
    const header = this.#header!;
    return isControl(header.opcode)
      ? this.#controlPart(header, chunk, start, end, last)
      : this.#messagePart(header, chunk, start, end, last);
  }

  violation(error: ProtocolError): void {
    this.#target = undefined;
    this.#control = undefined;
    this.#sink.violation(error);
  }

  /** To be called when the chunks of a push are the caller's again. */
  forgetChunk(): void {
    this.#source = undefined;
  }

  /** The fast path of most messages: one frame, in one chunk. */
  #whole(
    header: Readonly<FrameHeader>,
    opcode: 1 | 2,
    chunk: Uint8Array,
    start: number,
    end: number,
  ): PayloadViolation | undefined {
    const length = end - start;
    const { maskingKey } = header;
    const rsv = rsvOf(header);
    const text = opcode === Opcode.Text && rsv === 0;
    if (text && this.#wantsStrings && length <= SLAB_UP_TO) return this.#wholeString(maskingKey, chunk, start, end);
    const wantsOr = text && length <= this.#orUpTo;
    let payload: Uint8Array<ArrayBuffer>;
    /** An OR of the payload, if it is known. */
    let or = -1;
    if (this.#givesChunk !== undefined && length >= WORDS_FROM && this.#givesChunk(chunk, length)) {
      const source = this.#sourceOf(chunk);
      if (maskingKey !== undefined) or = source.xor(start, source, start, end, maskingKey, wantsOr);
      payload = this.#memory.view(source, start, end);
    } else if (length <= SLAB_UP_TO && length > 0) {
      const at = this.#memory.reserve(length, chunk.byteOffset + start);
      or = this.#unmaskIntoSlab(at, chunk, start, end, maskingKey, wantsOr);
      payload = this.#memory.take(at, length);
    } else {
      payload = this.#memory.allocate(length);
      or = this.#unmask(payload, 0, chunk, start, end, maskingKey, 0, wantsOr);
    }
    if (text && !isAscii(or) && this.#isUtf8?.(payload) !== true) {
      const bad = this.#beginText().pushLast(payload);
      if (bad !== -1) return { violation: 'text-not-utf8', at: start + bad };
    }
    this.#deliver(payload, opcode, rsv);
    return undefined;
  }

  /** Delivers a short text as a string: in the slab it needs no array of its own. */
  #wholeString(
    maskingKey: number | undefined,
    chunk: Uint8Array,
    start: number,
    end: number,
  ): PayloadViolation | undefined {
    const length = end - start;
    const at = this.#memory.reserve(length, chunk.byteOffset + start);
    const { bytes } = this.#memory.slab(this.#kernel);
    const or = this.#unmaskIntoSlab(at, chunk, start, end, maskingKey, length <= this.#orUpTo);
    const to = at + length;
    if (isAscii(or)) {
      this.#sink.text!(length <= SHORT_TEXT ? decodeAscii(bytes, at, to) : this.#decode(bytes, at, to));
      return undefined;
    }
    const payload = bytes.subarray(at, to);
    const bad = this.#isUtf8?.(payload) === true ? -1 : this.#beginText().pushLast(payload);
    if (bad !== -1) return { violation: 'text-not-utf8', at: start + bad };
    this.#sink.text!(this.#decode(bytes, at, to));
    return undefined;
  }

  #beginText(): Utf8Validator {
    this.#text ??= new Utf8Validator(this.#isUtf8);
    this.#text.reset();
    return this.#text;
  }

  #deliver(payload: Uint8Array<ArrayBuffer>, opcode: 1 | 2, rsv: number): void {
    if (this.#wantsStrings && opcode === Opcode.Text && rsv === 0)
      this.#sink.text!(this.#decode(payload, 0, payload.length));
    else this.#sink.message(payload, opcode, rsv);
  }

  /**
   * Copies `chunk[start, end)` to the slab of the memory, where there is room at `at`, and unmasks it. Returns an OR of
   * it if that is known, else -1.
   */
  #unmaskIntoSlab(
    at: number,
    chunk: Uint8Array,
    start: number,
    end: number,
    maskingKey: number | undefined,
    wantsOr: boolean,
  ): number {
    const slab = this.#memory.slab(this.#kernel);
    const length = end - start;
    const key = maskingKey ?? 0;
    // In a chunk of several frames, its words serve all of them.
    if (this.#source?.bytes === chunk || chunk.length >= Math.max(SEVERAL * length, MANY_BYTES)) {
      if (!wantsOr) {
        slab.xorWords(at, this.#sourceOf(chunk), start, end, key);
        return -1;
      }
      if (length >= XOR_FROM) return slab.xor(at, this.#sourceOf(chunk), start, end, key, true);
    }
    if (length < WORDS_FROM) return maskBytes(slab.bytes, at, chunk, start, end, key);
    slab.bytes.set(chunk.subarray(start, end), at);
    return maskingKey === undefined ? -1 : slab.xor(at, slab, at, at + length, maskingKey, wantsOr);
  }

  #sourceOf(chunk: Uint8Array): Maskable {
    if (this.#source?.bytes !== chunk) this.#source = new Maskable(chunk, this.#kernel);
    return this.#source;
  }

  #messagePart(
    header: Readonly<FrameHeader>,
    chunk: Uint8Array,
    start: number,
    end: number,
    last: boolean,
  ): PayloadViolation | undefined {
    const from = this.#length;
    const to = from + (end - start);
    const target = this.#room(header, to);
    const text = this.#opcode === Opcode.Text && this.#rsv === 0;
    const wantsOr = text && end - start <= this.#orUpTo;
    const or = this.#unmask(target, from, chunk, start, end, header.maskingKey, this.#received, wantsOr);
    this.#received += end - start;
    this.#length = to;
    const whole = last && header.fin;
    if (text && !(isAscii(or) && this.#text!.complete)) {
      const bad = whole ? this.#text!.pushLast(target, from, to) : this.#text!.push(target, from, to);
      if (bad !== -1) return { violation: 'text-not-utf8', at: start + bad - from };
    }
    if (!whole) return undefined;
    this.#target = undefined;
    this.#length = 0;
    this.#deliver(this.#exact(target, to), this.#opcode, this.#rsv);
    return undefined;
  }

  /** The target with room for `needed` bytes, grown if it must be. */
  #room(header: Readonly<FrameHeader>, needed: number): Uint8Array<ArrayBuffer> {
    const old = this.#target;
    if (old !== undefined && old.length >= needed) return old;
    // Up to 16 times what has come, so that a lying header costs its sender a sixteenth of what it costs us; more than
    // the frames have declared only where fragments go on, and then twice, so that many small ones stay linear.
    const { payloadLength, maskingKey } = header;
    const declared = this.#length - this.#received + payloadLength;
    // With its header: 1 MiB is little more than 16 times what has come of it with the first 64 KiB.
    const arrived = needed + frameHeaderBytes(payloadLength, maskingKey !== undefined);
    // If even that is not enough, the memory thrown away later is small.
    const likely = declared <= arrived * 16 ? declared : needed * 2;
    const capacity = header.fin ? likely : Math.min(Math.max(likely, needed * 2), this.#maxMessagePayload);
    const target = this.#memory.allocateUnfinished(capacity);
    if (old !== undefined) copyRange(target, 0, old, 0, this.#length);
    this.#target = target;
    return target;
  }

  /** A message pins no more than its bytes: what was too large a guess is copied, as is what may not be handed out. */
  #exact(target: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
    if (target.length === length && length > SLAB_UP_TO) return target;
    const payload = this.#memory.allocate(length);
    copyRange(payload, 0, target, 0, length);
    // For fewer bytes that costs more than to let them lie.
    if (length >= WORDS_FROM) this.#memory.giveBackUnfinished(target);
    return payload;
  }

  /** Copies `source[start, end)` to the target and unmasks it. Returns an OR of it if that is known, else -1. */
  #unmask(
    target: Uint8Array,
    at: number,
    source: Uint8Array,
    start: number,
    end: number,
    maskingKey: number | undefined,
    phase: number,
    wantsOr: boolean,
  ): number {
    const length = end - start;
    if (length < WORDS_FROM) return maskBytes(target, at, source, start, end, turn(maskingKey ?? 0, phase));
    target.set(source.subarray(start, end), at);
    if (maskingKey === undefined) return -1;
    const words = new Maskable(target, this.#kernel);
    return words.xor(at, words, at, at + length, turn(maskingKey, phase), wantsOr);
  }

  #controlPart(
    header: Readonly<FrameHeader>,
    chunk: Uint8Array,
    start: number,
    end: number,
    last: boolean,
  ): PayloadViolation | undefined {
    const from = this.#received;
    const to = from + (end - start);
    this.#control ??= this.#memory.allocateUnfinished(header.payloadLength);
    const unfinished = this.#control;
    this.#unmask(unfinished, from, chunk, start, end, header.maskingKey, from, false);
    this.#received = to;
    if (header.opcode === Opcode.Close) {
      const bad = this.#judgeClose(unfinished, from, to, last);
      if (bad !== undefined) return { violation: bad.violation, at: start + bad.at - from };
    }
    if (!last) return undefined;
    this.#control = undefined;
    const payload = this.#exact(unfinished, to);
    if (header.opcode === Opcode.Ping) this.#sink.ping(payload);
    else if (header.opcode === Opcode.Pong) this.#sink.pong(payload);
    else {
      // Nothing follows a Close: a message that it has cut off is dropped.
      this.#target = undefined;
      if (to === 0) this.#sink.close(undefined, '');
      else this.#sink.close(readCloseCode(payload), decodeUtf8(payload.subarray(2)));
    }
    return undefined;
  }

  /**
   * Section 5.5.1, as far as the payload has come: a code that was legal is so again. The length 1 was refused with the
   * header.
   */
  #judgeClose(payload: Uint8Array, from: number, to: number, last: boolean): PayloadViolation | undefined {
    if (to >= 2 && !isWireCloseCode(readCloseCode(payload))) {
      return { violation: 'close-code-illegal', at: 1 };
    }
    this.#reason ??= new Utf8Validator();
    const start = Math.max(from, 2);
    const bad = last ? this.#reason.pushLast(payload, start, to) : this.#reason.push(payload, start, to);
    return bad === -1 ? undefined : { violation: 'close-reason-not-utf8', at: bad };
  }
}

function decodeRange(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes.subarray(start, end));
}

function rsvOf(header: Readonly<FrameHeader>): number {
  return (header.rsv1 ? 0x40 : 0) | (header.rsv2 ? 0x20 : 0) | (header.rsv3 ? 0x10 : 0);
}
