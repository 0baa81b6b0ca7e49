import { fromHex, toHex } from './hex.ts';
import type { NaiveRules } from './naive-codec.ts';
import { concat } from './raw-frame.ts';
import type { Violation } from './violation.ts';

/** Bytes in a file of vectors: the pieces one after the other, each in hex or one byte so many times. */
export type VectorBytes = readonly (string | { readonly byte: number; readonly count: number })[];

/** A stream, its rules, and what must come of it, however it is cut into chunks. */
export interface StreamVector {
  readonly name: string;
  readonly rules: {
    /** The endpoint that reads: a server demands masks, a client forbids them, an observer takes both. */
    readonly role: NaiveRules['role'];
    /** RSV bits, as in byte 0 (0x40, 0x20, 0x10), that extensions negotiated. */
    readonly allowedRsv: number;
    /** In bytes. */
    readonly maxMessagePayload: number;
    readonly maxFramePayload: number;
    /** The stream ends after these bytes. */
    readonly ended: boolean;
  };
  readonly bytes: VectorBytes;
  readonly events: readonly VectorEvent[];
  readonly violation: { readonly name: Violation; readonly closeCode: number; readonly offset: number } | null;
}

/** An event that a reader must deliver. */
export type VectorEvent =
  | { readonly type: 'message'; readonly opcode: number; readonly rsv: number; readonly payload: VectorBytes }
  | { readonly type: 'ping'; readonly payload: VectorBytes }
  | { readonly type: 'pong'; readonly payload: VectorBytes }
  | { readonly type: 'close'; readonly code: number | null; readonly reason: VectorBytes };

/** Bytes, and whether they are UTF-8. */
export interface Utf8Vector {
  readonly name: string;
  readonly bytes: VectorBytes;
  readonly valid: boolean;
  /** The index of the first byte with which no well-formed text goes on, null if there is none. */
  readonly firstBad: number | null;
  /** No bad byte, but the last sequence is cut off. */
  readonly truncated: boolean;
}

/** The codes from `from` to `to`, both of them included. The ranges of the file cover 0 to 65535. */
export interface CloseCodeRange {
  readonly from: number;
  readonly to: number;
  /** Whether a Close frame may carry them. */
  readonly legal: boolean;
}

/** Runs of fewer bytes are as short in hex. */
const SHORTEST_RUN = 20;

/** Bytes as a file of vectors has them. */
export function packBytes(bytes: Uint8Array): VectorBytes {
  const pieces: (string | { byte: number; count: number })[] = [];
  let hexFrom = 0;
  for (let from = 0, to = 0; from < bytes.length; from = to) {
    const byte = bytes[from]!;
    while (bytes[to] === byte) to++;
    if (to - from < SHORTEST_RUN) continue;
    if (hexFrom < from) pieces.push(toHex(bytes.subarray(hexFrom, from)));
    pieces.push({ byte, count: to - from });
    hexFrom = to;
  }
  if (hexFrom < bytes.length) pieces.push(toHex(bytes.subarray(hexFrom)));
  return pieces;
}

/** The bytes that a file of vectors stands for. */
export function unpackBytes(pieces: VectorBytes): Uint8Array<ArrayBuffer> {
  return concat(
    pieces.map((piece) => (typeof piece === 'string' ? fromHex(piece) : new Uint8Array(piece.count).fill(piece.byte))),
  );
}
