import { FrameDecoder, MAX_HEADER_BYTES, MessageAssembler } from '@ws/codec';
import { headerLength } from './fields.js';

/** @import { FrameHeader, ProtocolError, Role } from '@ws/codec' */

/** How many bytes of a payload are shown. */
export const SAMPLE_BYTES = 32;

/** How many bytes of a frame are kept for that. */
const KEEP = MAX_HEADER_BYTES + SAMPLE_BYTES;

/**
 * A frame as it crossed the wire.
 *
 * @typedef {object} WireFrame
 * @property {number} offset where it starts in the stream
 * @property {Uint8Array<ArrayBuffer>} bytes its first bytes, as they were; of an illegal frame, what had come of them
 * @property {Readonly<FrameHeader> | undefined} header undefined if the header itself is illegal, or not whole
 * @property {ProtocolError | undefined} error why it is illegal
 */

/**
 * Reads one direction of a connection, in chunks, and hands out its frames. @ws/codec does the work: its FrameDecoder
 * cuts the stream and judges the headers, its MessageAssembler the payloads (UTF-8, close codes). All that is added
 * here is a memory of how each frame began, since neither keeps what it has read.
 */
export class FrameReader {
  /** The offset at which the frame in progress starts, and its first bytes, as far as they came in earlier chunks. */
  #start = 0;
  #begun = new Uint8Array(0);
  /** The chunk that is being read, and the offset of its first byte. */
  #chunk = new Uint8Array(0);
  #base = 0;
  /** @type {Readonly<FrameHeader> | undefined} */
  #header;

  /**
   * @param {Role} role of the endpoint that reads
   * @param {(frame: WireFrame) => void} onFrame
   */
  constructor(role, onFrame) {
    const nobody = () => {};
    const assembler = new MessageAssembler({
      message: nobody,
      ping: nobody,
      pong: nobody,
      close: nobody,
      violation: nobody,
    });

    /** @param {ProtocolError} [error] */
    const deliver = (error) => {
      const header = this.#header;
      const seen = this.#firstBytes();
      // What follows a whole frame in its chunk is not of it.
      const bytes = header === undefined ? seen : seen.slice(0, headerLength(seen) + header.payloadLength);
      onFrame({ offset: this.#start, bytes, header, error });
      this.#start = this.decoder.offset;
      this.#header = undefined;
    };

    this.decoder = new FrameDecoder(
      { role },
      {
        frame: (header, chunk, start, end) => {
          this.#header = { ...header };
          const bad = assembler.frame(header, chunk, start, end);
          // If it is bad, the decoder comes back with a violation.
          if (bad === undefined) deliver();
          return bad;
        },
        begin: (header) => {
          this.#header = { ...header };
          assembler.begin(header);
        },
        part: (chunk, start, end, last) => {
          const bad = assembler.part(chunk, start, end, last);
          if (bad === undefined && last) deliver();
          return bad;
        },
        violation: (error) => deliver(error),
      },
      { maxMessagePayload: 16 * 1024 * 1024 },
    );
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  push(chunk) {
    this.#chunk = chunk;
    this.#base = this.decoder.offset;
    this.decoder.push(chunk);
    this.#begun = this.#firstBytes();
    this.#base = this.decoder.offset;
    this.#chunk = new Uint8Array(0);
  }

  /** The stream has ended: what is not whole is a violation as well. */
  end() {
    this.decoder.end();
  }

  #firstBytes() {
    const from = this.#start - this.#base;
    if (from >= 0) return this.#chunk.slice(from, from + KEEP);
    const rest = this.#chunk.subarray(0, KEEP - this.#begun.length);
    const bytes = new Uint8Array(this.#begun.length + rest.length);
    bytes.set(this.#begun);
    bytes.set(rest, this.#begun.length);
    return bytes;
  }
}
