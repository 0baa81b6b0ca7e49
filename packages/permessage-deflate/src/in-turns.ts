import type { Decoded } from '@ws/connection';
import type { Inflation } from './inflation.ts';
import { Pieces } from './pieces.ts';
import { deflateInSteps, inflateInSteps, type Steps } from './stepwise.ts';
import { TAIL, TAIL_BYTES } from './tail.ts';
import type { Allocate } from './zlib.ts';

/**
 * This many bytes are read, or come out, between two turns: a millisecond or two, and four of the worst that we know
 * of.
 */
const BYTES_A_TURN = 65_536;

/** Lets all else have its turn. */
export type GiveWay = () => Promise<void>;

/** Compresses a message, where no thread does it: a part of it in each turn. Rejected if zlib fails. */
export async function deflateInTurns(
  steps: Steps,
  payload: Uint8Array,
  scratch: Uint8Array<ArrayBuffer>,
  allocate: Allocate,
  giveWay: GiveWay,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = new Pieces(allocate);
  for (let at = 0; at < payload.length; at += BYTES_A_TURN) {
    if (at > 0) await giveWay();
    pieces.add(deflateInSteps(steps, payload.subarray(at, at + BYTES_A_TURN), scratch, allocate));
    // Each part has been flushed, which the receiver needs only at the end.
    pieces.add(TAIL);
  }
  return pieces.join(TAIL_BYTES);
}

/** Decompresses a message, where no thread does it: a part of it in each turn. */
export async function inflateInTurns(
  steps: Steps,
  inflation: Inflation,
  scratch: Uint8Array<ArrayBuffer>,
  giveWay: GiveWay,
): Promise<Decoded> {
  for (;;) {
    const done = inflateInSteps(steps, inflation, scratch, inflation.pieces.length + BYTES_A_TURN, BYTES_A_TURN);
    if (done !== undefined) return done;
    await giveWay();
  }
}
