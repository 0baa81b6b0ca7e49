import { checkTypes, readBoolean, readInteger } from '@ws/connection';
import type { GiveWay } from './in-turns.ts';
import { Gate } from './node-gate.ts';
import { stepsWork } from './node-steps.ts';
import { Turn } from './node-turn.ts';
import type { Allocate } from './zlib.ts';

/** How `nodeZlib` is set up. */
export interface NodeZlibOptions {
  /** Where results get their memory from. Default: Buffers of their own. */
  readonly allocate?: Allocate | undefined;
  /**
   * How many messages may be in the thread pool at a time, 1 or more; half of them at most are decompressed. Default:
   * 4.
   */
  readonly concurrency?: number | undefined;
  /**
   * For a runtime whose `node:zlib` has no threads, as Deno's: is awaited between the parts of 64 KiB of what would be
   * done there, and lets all else have its turn. Default: none, since Node and Bun have threads.
   */
  readonly giveWay?: (() => Promise<void>) | undefined;
  /** Whether to use the synchronous inside of zlib streams, which no document promises. Default: if it works here. */
  readonly inside?: boolean | undefined;
}

/** The thread pool of Node has four threads. With more at a time, files and names would wait behind messages. */
const CONCURRENCY = 4;

const SCRATCH_BYTES = 32_768;

let insideWorks: boolean | undefined;

/** What the transforms of all connections share. */
export class Shared {
  readonly allocate: Allocate;
  readonly #places: Gate;
  readonly #inflating: Gate;
  readonly inside: boolean;
  /** Decompression that is done at once. */
  readonly turn: Turn = new Turn();
  /** What is not done at once is done in turns by it, and not in the thread pool. */
  readonly giveWay: GiveWay | undefined;
  /** Memory for a step: none is in the middle of one when another begins. */
  readonly scratch: Uint8Array<ArrayBuffer> = new Uint8Array(SCRATCH_BYTES);

  constructor(options: NodeZlibOptions) {
    const { allocate, giveWay } = options;
    checkTypes('function', { allocate, giveWay });
    const concurrency = readInteger(options.concurrency, 'concurrency', { default: CONCURRENCY, min: 1 });
    this.allocate = allocate ?? ((length) => Buffer.allocUnsafeSlow(length));
    this.#places = new Gate(concurrency);
    this.#inflating = new Gate(Math.max(1, concurrency >> 1));
    insideWorks ??= stepsWork();
    this.inside = readBoolean(options.inside, 'inside', insideWorks);
    this.giveWay = this.inside ? giveWay : undefined;
  }

  /** Whether a decompression would have a place now: nobody waits for one. */
  get hasPlace(): boolean {
    return this.#inflating.isOpen && this.#places.isOpen;
  }

  /** Runs a compression once there is a place, in the thread pool or in turns. */
  deflating<T>(work: () => Promise<T>): Promise<T> {
    return this.#places.run(work);
  }

  /**
   * Runs a decompression once there is a place, in the thread pool or in turns; in at most half of the places, since a
   * few bytes of a client's can be the work of milliseconds.
   *
   * @param isLong whether it may take long, as 50 milliseconds for 16 MiB: it waits apart, and lets others go first
   */
  inflating<T>(work: () => Promise<T>, isLong: boolean): Promise<T> {
    return this.#inflating.run(() => this.#places.run(work), isLong);
  }
}
