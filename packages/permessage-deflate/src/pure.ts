import { checkTypes } from '@ws/connection';
import {
  Z_BUF_ERROR,
  Z_DEFAULT_STRATEGY,
  Z_OK,
  Z_STREAM_END,
  Z_SYNC_FLUSH,
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako';
import { Inflation } from './inflation.ts';
import { MAX_WINDOW_BITS } from './parameters.ts';
import { deflateInSteps, inflateInSteps, type Steps } from './stepwise.ts';
import type { Allocate, Deflater, DeflateSettings, Inflater, InflateSettings, Zlib } from './zlib.ts';

const Z_DEFLATED = 8;

/** Memory for a step, for all streams: none of them is in the middle of a step when another begins. */
const SCRATCH_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** How {@link pureZlib} is set up. */
export interface PureZlibOptions {
  /** Where results get their memory from. Default: Uint8Array. */
  readonly allocate?: Allocate | undefined;
}

/**
 * zlib in ECMAScript, for runtimes that have none: pako, which has to be installed beside this package. Every message
 * is done when the call returns, so a long one stops all else for as long as it takes.
 *
 * @throws TypeError if an option is of the wrong kind
 */
export function pureZlib({ allocate = (length) => new Uint8Array(length) }: PureZlibOptions = {}): Zlib {
  checkTypes('function', { allocate });
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const alone = new Map<string, DeflateSteps>();
  let inflating: InflateSteps | undefined;

  const deflater = (settings: DeflateSettings): Deflater => {
    const { takeover, windowBits, level, memLevel } = settings;
    const key = `${windowBits} ${level} ${memLevel}`;
    const steps = (!takeover && alone.get(key)) || new DeflateSteps(settings);
    if (!takeover) alone.set(key, steps);
    return {
      deflate: (payload) => {
        if (!takeover) steps.reset();
        return deflateInSteps(steps, payload, scratch, allocate);
      },
      close: () => {},
    };
  };

  const inflater = ({ takeover, windowBits }: InflateSettings): Inflater => {
    // A larger window than the peer's is as good.
    const steps = takeover ? new InflateSteps(windowBits) : (inflating ??= new InflateSteps(MAX_WINDOW_BITS));
    return {
      inflate: (payload, maxLength) => {
        if (!takeover) steps.reset();
        const inflation = new Inflation(payload, takeover, maxLength, allocate);
        return inflateInSteps(steps, inflation, scratch, Number.POSITIVE_INFINITY)!;
      },
      close: () => {},
    };
  };

  return { minWindowBits: 8, deflater, inflater };
}

abstract class PakoSteps implements Steps {
  protected readonly stream: ZStream = new ZStream();

  get inputLeft(): number {
    return this.stream.avail_in;
  }

  get outputLeft(): number {
    return this.stream.avail_out;
  }

  step(input: Uint8Array, at: number, output: Uint8Array<ArrayBuffer>): boolean {
    const { stream } = this;
    stream.input = input;
    stream.next_in = at;
    stream.avail_in = input.length - at;
    stream.output = output;
    stream.next_out = 0;
    stream.avail_out = output.length;
    const status = this.run();
    // What is the caller's is not kept.
    stream.input = stream.output = NOTHING;
    return status === Z_OK || status === Z_STREAM_END || status === Z_BUF_ERROR;
  }

  protected abstract run(): number;
  abstract reset(): void;
}

class DeflateSteps extends PakoSteps {
  constructor({ windowBits, level, memLevel }: DeflateSettings) {
    super();
    // zlib has no windows of 2^8 bytes. Of one of 2^9 bytes it uses 250.
    const bits = Math.max(windowBits, 9);
    const status = zlibDeflateInit2(this.stream, level, Z_DEFLATED, -bits, memLevel, Z_DEFAULT_STRATEGY);
    if (status !== Z_OK) throw new Error(`pako: deflateInit2 has failed with ${status}`);
  }

  protected run(): number {
    return zlibDeflate(this.stream, Z_SYNC_FLUSH);
  }

  reset(): void {
    zlibDeflateReset(this.stream);
  }
}

class InflateSteps extends PakoSteps {
  constructor(windowBits: number) {
    super();
    const status = zlibInflateInit2(this.stream, -windowBits);
    if (status !== Z_OK) throw new Error(`pako: inflateInit2 has failed with ${status}`);
  }

  protected run(): number {
    return zlibInflate(this.stream, Z_SYNC_FLUSH);
  }

  reset(): void {
    zlibInflateReset(this.stream);
  }
}
