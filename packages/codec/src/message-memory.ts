/** The class of the arrays that are delivered: Uint8Array, or one that extends it, as Node's Buffer does. */
export interface BytesConstructor {
  new (length: number): Uint8Array<ArrayBuffer>;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Up to here an array of its own costs as little as a view, and keeps nothing else alive. */
const OWN_UP_TO = 64;
/** From here on an allocation of its own costs little beside the bytes. */
const SLAB_UP_TO = 4096;
const SLAB_BYTES = 8192;

/**
 * Where messages get their memory from. Small ones share a slab of 8 KiB, since an ArrayBuffer each costs more than
 * the message: whoever keeps a message of n bytes keeps at most max(n, 8 KiB) alive. One memory may serve
 * any number of decoders, so that an idle connection holds none.
 */
export class MessageMemory {
  readonly #Bytes: BytesConstructor;
  readonly #allocateOwn: (length: number) => Uint8Array<ArrayBuffer>;
  #slab: ArrayBuffer = new ArrayBuffer(0);
  #used = 0;

  /**
   * @param Bytes the class of the arrays. Default: Uint8Array
   * @param allocateOwn gives an array over a buffer of its own, zeroed or not: a message is written to its last byte before
   *   anybody sees it, so `Buffer.allocUnsafeSlow` saves the zeroing. Default: `new Bytes(length)`
   */
  constructor(
    Bytes: BytesConstructor = Uint8Array,
    allocateOwn: (length: number) => Uint8Array<ArrayBuffer> = (length) => new Bytes(length),
  ) {
    this.#Bytes = Bytes;
    this.#allocateOwn = allocateOwn;
  }

  /**
   * Fresh memory, owned by the caller. Not always zeroed.
   *
   * @param length in bytes
   * @param alignment the start in memory is alike to this modulo 8, so that it can be masked by words
   */
  allocate(length: number, alignment = 0): Uint8Array<ArrayBuffer> {
    if (length <= OWN_UP_TO) return new this.#Bytes(length);
    if (length > SLAB_UP_TO) return this.#allocateOwn(length);
    let start = this.#used + ((alignment - this.#used) & 7);
    if (start + length > this.#slab.byteLength) {
      this.#slab = this.#allocateOwn(SLAB_BYTES).buffer;
      start = alignment & 7;
    }
    this.#used = start + length;
    return new this.#Bytes(this.#slab, start, length);
  }
}
