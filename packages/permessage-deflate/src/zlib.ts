import type { Decoded } from '@ws/connection';

/** How messages in one direction are compressed. */
export interface DeflateSettings {
  /** Whether a message may refer to those before it (RFC 7692, section 7.1.1). */
  readonly takeover: boolean;
  /** No reference goes back further than 2^windowBits bytes. 8 to 15. */
  readonly windowBits: number;
  /** 0, none, to 9, the smallest result. */
  readonly level: number;
  /** 1 to 9: a context has 2^(memLevel + 9) bytes besides its windows. */
  readonly memLevel: number;
}

/** How messages in one direction were compressed; see {@link DeflateSettings}. */
export interface InflateSettings {
  readonly takeover: boolean;
  readonly windowBits: number;
}

/**
 * DEFLATE as a runtime has it. The transforms answer at once or later, by a promise; whoever uses one waits for its
 * answer before the next message.
 */
export interface Zlib {
  /** The smallest window that a deflater can keep to, in bits: 15 if it has only one size. */
  readonly minWindowBits: number;
  /** @throws Error if a context cannot be made */
  deflater(settings: DeflateSettings): Deflater;
  /**
   * Makes what decompresses the messages of one connection.
   *
   * @throws Error if a context cannot be made
   */
  inflater(settings: InflateSettings): Inflater;
}

/** Compresses messages, one after another. */
export interface Deflater {
  /**
   * Compresses a message as section 7.2.1 says: with a flush to a byte's end, and without the tail 00 00 FF FF.
   *
   * @param payload not empty. Of up to 4 KiB, it may change once this has returned
   * @returns bytes of the caller's own. A promise may be rejected, and the deflater is to be closed then
   */
  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Gives back what it holds. Nothing follows. */
  close(): void;
}

/** Decompresses messages, one after another. */
export interface Inflater {
  /**
   * Decompresses a message, whose tail was taken away.
   *
   * @param payload not empty
   * @param maxLength of the result, in bytes; judged while it grows, so that no more than a chunk over it is ever there
   * @returns bytes of the caller's own. After `close`, whatever it may be
   */
  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded>;
  /** Gives back what it holds, and drops a message that waits. Nothing follows. */
  close(): void;
}

/** Memory for results: an array of just that many bytes over a buffer that is not shared with anything that changes. */
export type Allocate = (length: number) => Uint8Array<ArrayBuffer>;
