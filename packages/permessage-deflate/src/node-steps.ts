import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';
import type { Steps } from './stepwise.ts';

/**
 * What zlib streams have inside, in Node, Deno and Bun, and no document promises: `writeSync` works at once on a
 * context that lives on, which nothing public does. {@link stepsWork} tries it; without it, all is done by public
 * means.
 */
interface Inside {
  readonly _handle: {
    onerror: (this: unknown, ...args: unknown[]) => void;
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputLength: number,
      output: Uint8Array,
      outputAt: number,
      outputLength: number,
    ): void;
  } | null;
  /** How much room and input the last write has left. */
  readonly _writeState: Uint32Array;
}

/** A zlib stream that is used step by step. It may be used as a stream as well, in turns. */
export class StreamSteps implements Steps {
  readonly stream: DeflateRaw | InflateRaw;
  readonly #inside: Inside;
  #failed = false;
  inputLeft = 0;
  outputLeft = 0;

  /** @param stream whose errors are listened to */
  constructor(stream: DeflateRaw | InflateRaw) {
    this.stream = stream;
    this.#inside = stream as unknown as Inside;
    const { _handle: handle } = this.#inside;
    const { onerror } = handle ?? {};
    if (handle === null || handle === undefined || onerror === undefined) return;
    handle.onerror = (...args) => {
      this.#failed = true;
      onerror.apply(handle, args);
    };
  }

  /** Whether data was not legal, or the stream was destroyed. */
  get failed(): boolean {
    return this.#failed || this.stream.destroyed;
  }

  step(input: Uint8Array, at: number, output: Uint8Array): boolean {
    const { _handle: handle, _writeState: state } = this.#inside;
    if (handle === null || this.failed) return false;
    handle.writeSync(constants.Z_SYNC_FLUSH, input, at, input.length - at, output, 0, output.length);
    this.outputLeft = state[0]!;
    this.inputLeft = state[1]!;
    return !this.failed;
  }

  reset(): void {
    this.stream.reset();
  }
}

/**
 * Whether this runtime's streams have inside what is needed, and it does what is expected: tried on a message, and on
 * an illegal one.
 */
export function stepsWork(): boolean {
  const deflate = createDeflateRaw();
  const inflate = createInflateRaw();
  try {
    const [deflating, inflating] = [new StreamSteps(deflate), new StreamSteps(inflate)];
    const payload = Uint8Array.from({ length: 100 }, (_, i) => i % 7);
    const [deflated, inflated] = [new Uint8Array(200), new Uint8Array(200)];
    for (let round = 0; round < 2; round++) {
      if (!deflating.step(payload, 0, deflated) || deflating.inputLeft !== 0) return false;
      const message = deflated.slice(0, 200 - deflating.outputLeft);
      if (message.length > 60 || !inflating.step(message, 0, inflated) || inflating.inputLeft !== 0) return false;
      if (inflating.outputLeft !== 100 || payload.some((byte, i) => byte !== inflated[i])) return false;
      deflating.reset();
      inflating.reset();
    }
    inflate.on('error', () => {});
    return !inflating.step(Uint8Array.of(0xff), 0, inflated);
  } catch {
    return false;
  } finally {
    deflate.destroy();
    inflate.destroy();
  }
}
