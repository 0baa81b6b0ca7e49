import type { MaskKernel } from './mask-kernel.ts';
import { Maskable } from './maskable.ts';

/** The class of the arrays that are delivered: Uint8Array, or one that extends it, as Node's Buffer does. */
export interface BytesConstructor {
  new (length: number): Uint8Array<ArrayBuffer>;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Above this length, an allocation of its own costs little beside the bytes. */
export const SLAB_UP_TO = 4096;
const SLAB_BYTES = 8192;

/**
 * Where messages get their memory from. Small ones share a slab of 8 KiB, since an ArrayBuffer each costs more than the
 * message, also where the engine puts it on its heap (twice the memory): a message of n bytes keeps at most
 * max(n, 8 KiB) alive. One memory may serve any number of decoders, so that an idle connection holds none.
 */
export class MessageMemory {
  readonly #Bytes: BytesConstructor;
  readonly #allocateOwn: (length: number) => Uint8Array<ArrayBuffer>;
  readonly #allocateSlab: (length: number) => Uint8Array<ArrayBuffer>;
  #slab: Uint8Array<ArrayBuffer> | undefined;
  /** `#slab.buffer`, cached: the getter is slow on some engines. */
  #buffer: ArrayBuffer | undefined;
  /** Where in the slab the next message goes, at the earliest. */
  #used = 0;
  /** The slab as it is masked, and with which kernel. */
  #maskable: Maskable | undefined;
  #kernel: MaskKernel | undefined;
  /** The memory of messages that are not whole yet, in slabs of its own. */
  #unfinished: MessageMemory | undefined;

  /**
   * @param Bytes the class of the arrays. Default: Uint8Array
   * @param allocateOwn gives an array over a buffer of its own, zeroed or not: a message is written to its last byte
   *   before it is delivered, so `Buffer.allocUnsafeSlow` saves the zeroing. Default: `new Bytes(length)`
   * @param allocateSlab gives that for what messages will share: its buffer one may keep from being transferred, as Node
   *   does with its pool. Default: `allocateOwn`
   */
  constructor(
    Bytes: BytesConstructor = Uint8Array,
    allocateOwn: (length: number) => Uint8Array<ArrayBuffer> = (length) => new Bytes(length),
    allocateSlab: (length: number) => Uint8Array<ArrayBuffer> = allocateOwn,
  ) {
    this.#Bytes = Bytes;
    this.#allocateOwn = allocateOwn;
    this.#allocateSlab = allocateSlab;
  }

  /**
   * Fresh memory, owned by the caller. Not always zeroed.
   *
   * @param length in bytes
   */
  allocate(length: number): Uint8Array<ArrayBuffer> {
    if (length === 0) return new this.#Bytes(0);
    if (length > SLAB_UP_TO) return this.#allocateOwn(length);
    return this.take(this.reserve(length, 0), length);
  }

  /**
   * Memory for a message still arriving, in slabs of its own: transferring a delivered message must not empty it. Up to
   * 4 KiB, copy before delivering.
   *
   * @internal
   */
  allocateUnfinished(length: number): Uint8Array<ArrayBuffer> {
    this.#unfinished ??= new MessageMemory(this.#Bytes, this.#allocateOwn, this.#allocateSlab);
    return this.#unfinished.allocate(length);
  }

  /**
   * Frees what was copied out; reused only if it was the slab's last allocation.
   *
   * @internal
   */
  giveBackUnfinished(bytes: Uint8Array): void {
    const memory = this.#unfinished;
    if (memory !== undefined && bytes.buffer === memory.#buffer && bytes.byteOffset + bytes.length === memory.#used) {
      memory.#used = bytes.byteOffset;
    }
  }

  /**
   * Finds room in the slab, which may be written to until the next call of this memory.
   *
   * @param length at most 4 KiB
   * @param alignment the room starts at an index that is alike to this modulo 8
   * @returns where in the slab it is
   * @internal
   */
  reserve(length: number, alignment: number): number {
    // Words are not shared with the message before.
    const at = ((this.#used + 7) & ~7) + (alignment & 7);
    // A transfer of the buffer of a message leaves the slab without bytes: the next message gets a new one.
    if (this.#slab !== undefined && at + length <= this.#slab.length) return at;
    this.#slab = this.#allocateSlab(SLAB_BYTES);
    this.#buffer = this.#slab.buffer;
    this.#used = 0;
    this.#maskable = undefined;
    return alignment & 7;
  }

  /**
   * The slab in which room was reserved, as it is masked with a kernel.
   *
   * @internal
   */
  slab(kernel: MaskKernel): Maskable {
    if (this.#maskable === undefined || this.#kernel !== kernel) {
      this.#maskable = new Maskable(this.#slab!, kernel);
      this.#kernel = kernel;
    }
    return this.#maskable;
  }

  /**
   * Takes what was reserved, for good.
   *
   * @internal
   */
  take(at: number, length: number): Uint8Array<ArrayBuffer> {
    this.#used = at + length;
    return new this.#Bytes(this.#buffer!, at, length);
  }

  /**
   * An array over a chunk that was given away.
   *
   * @internal
   */
  view(chunk: Maskable, start: number, end: number): Uint8Array<ArrayBuffer> {
    return new this.#Bytes(chunk.buffer as ArrayBuffer, chunk.byteOffset + start, end - start);
  }
}
