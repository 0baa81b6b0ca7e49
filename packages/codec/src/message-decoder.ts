import { readLimit } from './check.ts';
import { FrameDecoder } from './frame-decoder.ts';
import type { FrameRules } from './frame-header.ts';
import { MessageAssembler, type MessageSink, type Platform } from './message-assembler.ts';

/**
 * 16 MiB: the longest message that conformance suites send, and a sixth of what is usual elsewhere; what an application
 * takes in should be set by the application.
 */
export const DEFAULT_MAX_MESSAGE_PAYLOAD: number = 16 * 1024 * 1024;

/** Limits on what a peer can make a decoder keep. They are judged on the header, before any payload has come. */
export interface MessageLimits {
  /** The longest payload of a message, over all of its frames, in bytes, 0 to 2^53-1. Default: 16 MiB. */
  readonly maxMessagePayload?: number | undefined;
  /** The longest payload of one frame, in bytes, 0 to 2^53-1. Default: that of a message, which bounds it anyway. */
  readonly maxFramePayload?: number | undefined;
}

/**
 * Makes messages of the bytes of a stream: a {@link FrameDecoder} and a {@link MessageAssembler}, composed.
 *
 * The messages depend on the bytes only, never on how they were cut. After a violation, or the peer's Close, all
 * bytes are taken and dropped in silence.
 */
export class MessageDecoder {
  readonly #frames: FrameDecoder;
  readonly #assembler: MessageAssembler;

  /** @throws TypeError or RangeError if rules, limits, sink or platform are of the wrong kind */
  constructor(rules: FrameRules, limits: MessageLimits, sink: MessageSink, platform?: Platform) {
    const maxMessagePayload = readLimit(limits, 'maxMessagePayload', DEFAULT_MAX_MESSAGE_PAYLOAD);
    const maxFramePayload = readLimit(limits, 'maxFramePayload', maxMessagePayload);
    this.#assembler = new MessageAssembler(sink, platform, maxMessagePayload);
    this.#frames = new FrameDecoder(rules, this.#assembler, { maxFramePayload, maxMessagePayload });
  }

  /** How many bytes of the stream have been taken. */
  get offset(): number {
    return this.#frames.offset;
  }

  /** How many bytes are allocated for what is not whole yet: at most 16 times what has come of it, plus 125. */
  get bufferedBytes(): number {
    return this.#frames.bufferedBytes + this.#assembler.bufferedBytes;
  }

  /** Whether the last message, and the last frame, are whole, and nothing of the next has come. */
  get atRest(): boolean {
    return this.#frames.atRest;
  }

  /**
   * Makes `push` return after the callback that runs now, and makes later calls take nothing. Each `hold` needs its own
   * `release`.
   */
  hold(): void {
    this.#frames.hold();
  }

  /**
   * Takes one `hold` back. Delivers nothing by itself: push the bytes that were not taken.
   *
   * @throws TypeError without a `hold` before it
   */
  release(): void {
    this.#frames.release();
  }

  /**
   * Takes the next bytes of the stream and delivers what they complete.
   *
   * @param chunk read during the call only; neither written nor kept
   * @param at where in the chunk to start
   * @returns how many bytes were taken: all, unless `hold` was called
   * @throws TypeError from inside one of its own callbacks or after `end`, or if a callback has taken the chunk's
   *   buffer away before its end, after which all is dropped in silence; and whatever the sink throws
   */
  push(chunk: Uint8Array, at = 0): number {
    try {
      return this.#frames.push(chunk, at);
    } finally {
      this.#assembler.forgetChunk();
    }
  }

  /**
   * The stream has ended. A frame or message that is not whole becomes a violation with close code 1006.
   *
   * @throws TypeError from inside one of its own callbacks; and whatever the sink throws
   */
  end(): void {
    this.#frames.end();
  }
}
