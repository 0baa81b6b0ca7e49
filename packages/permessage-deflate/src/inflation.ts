import { Pieces } from './pieces.ts';
import { LAST_TAIL, LAST_TAIL_BYTES, MAX_FINAL_BLOCKS, NEXT_TAIL, TAIL_BYTES } from './tail.ts';
import type { Allocate } from './zlib.ts';

/** A message that is being decompressed, and how far it has come. */
export class Inflation {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** What is read after the payload. */
  readonly tail: Uint8Array<ArrayBuffer>;
  readonly takeover: boolean;
  readonly maxLength: number;
  readonly pieces: Pieces;
  /** How much of the payload has been read. */
  at = 0;
  #finalBlocks = 0;

  constructor(payload: Uint8Array<ArrayBuffer>, takeover: boolean, maxLength: number, allocate: Allocate) {
    this.payload = payload;
    this.takeover = takeover;
    this.tail = takeover ? NEXT_TAIL : LAST_TAIL;
    this.maxLength = maxLength;
    this.pieces = new Pieces(allocate);
  }

  /** The stream has ended within the payload, so a new one begins. Returns whether there are too many of them. */
  endStream(): boolean {
    return ++this.#finalBlocks > MAX_FINAL_BLOCKS;
  }

  /**
   * Whether the message was whole, by how many bytes of the tail were read behind it: all that belong to the stream.
   * Where the message's last block is marked as final, the stream ends with that block. Of an empty one, the last bytes
   * are the first 4 of the tail; of another, none is, though the sender should have put an empty one behind it (section
   * 7.2.3.4): many leave it out, and nothing shows better that a message was not cut.
   */
  endsWith(tailRead: number): boolean {
    const whole = this.takeover ? NEXT_TAIL.length : LAST_TAIL_BYTES;
    return tailRead === 0 || tailRead === TAIL_BYTES || tailRead === whole;
  }

  /** Whether the stream has ended with the message: the next begins a new one, with an empty window. */
  startsAnew(tailRead: number): boolean {
    return this.takeover && tailRead < NEXT_TAIL.length;
  }
}
