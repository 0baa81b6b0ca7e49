import type { Decoded } from '@ws/connection';
import type { Inflation } from './inflation.ts';
import { Pieces } from './pieces.ts';
import { TAIL_BYTES } from './tail.ts';
import type { Allocate } from './zlib.ts';

/** A stream of zlib that does its work when it is called, step by step. */
export interface Steps {
  /**
   * What the last step has left of its input, and of the room for its output. With room left, it has read all it will
   * read.
   */
  readonly inputLeft: number;
  readonly outputLeft: number;
  /**
   * Reads from `input[at]` on and writes to `output[0, ...)`. Of a compressing stream, all that it was given is
   * flushed.
   *
   * @returns false if the data is not legal; the stream is of no use then
   */
  step(input: Uint8Array, at: number, output: Uint8Array<ArrayBuffer>): boolean;
  /** Forgets all. */
  reset(): void;
}

/**
 * Compresses a message.
 *
 * @param scratch memory for a step, at least 16 bytes
 */
export function deflateInSteps(
  steps: Steps,
  payload: Uint8Array,
  scratch: Uint8Array<ArrayBuffer>,
  allocate: Allocate,
): Uint8Array<ArrayBuffer> {
  let pieces: Pieces | undefined;
  let at = 0;
  for (;;) {
    if (!steps.step(payload, at, scratch)) throw new Error('zlib has failed');
    const length = scratch.length - steps.outputLeft;
    if (steps.outputLeft > 0 && pieces === undefined) {
      const whole = allocate(length - TAIL_BYTES);
      whole.set(scratch.subarray(0, length - TAIL_BYTES));
      return whole;
    }
    pieces ??= new Pieces(allocate);
    pieces.addCopy(scratch.subarray(0, length));
    if (steps.outputLeft > 0) return pieces.join(TAIL_BYTES);
    at = payload.length - steps.inputLeft;
  }
}

/**
 * Decompresses a message from where it is.
 *
 * @param scratch memory for a step
 * @param budget up to how many bytes of the result are for here; one more is asked for, which comes only of a result
 *   that is longer
 * @param mostInput up to how many bytes of the payload are read
 * @returns undefined if it, or the payload, is longer: `inflation` knows how far it has come
 */
export function inflateInSteps(
  steps: Steps,
  inflation: Inflation,
  scratch: Uint8Array<ArrayBuffer>,
  budget: number,
  mostInput: number = Number.POSITIVE_INFINITY,
): Decoded | undefined {
  const { payload, pieces } = inflation;
  const input = payload.length - inflation.at > mostInput ? payload.subarray(0, inflation.at + mostInput) : payload;
  // No step goes further than what is judged: whether a message is too long, or not legal behind that, must not depend
  // on their size.
  const most = Math.min(budget, inflation.maxLength);
  for (;;) {
    const room = most + 1 - pieces.length;
    const output = room < scratch.length ? scratch.subarray(0, room) : scratch;
    if (!steps.step(input, inflation.at, output)) return 'extension-data-illegal';
    inflation.at = input.length - steps.inputLeft;
    pieces.addCopy(output.subarray(0, output.length - steps.outputLeft));
    if (pieces.length > inflation.maxLength) return 'message-too-big';
    if (steps.outputLeft > 0) {
      if (inflation.at === payload.length) break;
      if (steps.inputLeft === 0) return undefined;
      if (inflation.endStream()) return 'extension-data-illegal';
      steps.reset();
    } else if (pieces.length > budget) return undefined;
  }
  return endInSteps(steps, inflation, scratch);
}

/** The payload has been read: reads the tail. */
export function endInSteps(steps: Steps, inflation: Inflation, scratch: Uint8Array<ArrayBuffer>): Decoded {
  const { tail, pieces } = inflation;
  const legal = steps.step(tail, 0, scratch) && steps.outputLeft === scratch.length;
  const read = tail.length - steps.inputLeft;
  if (!legal || !inflation.endsWith(read)) return 'extension-data-illegal';
  if (inflation.startsAnew(read)) steps.reset();
  return pieces.join();
}
