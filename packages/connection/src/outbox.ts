import { applyMask, type FrameHeaderFields, frameHeaderBytes, maskInto, writeFrameHeader } from '@ws/codec';
import type { SendMemory, Slab } from './send-memory.ts';

/** Up to here a payload is copied beside its header: cheaper than one more chunk to write, and the caller may reuse it at once. */
export const COPY_UP_TO = 4096;

/** The frames that wait to be written, as chunks in the order of the wire. */
export class Outbox {
  readonly #memory: SendMemory;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** The frames that lie side by side at the end of the slab, and are not a chunk yet: `#slab[#start, #end)`. */
  #slab: Slab | undefined;
  #start = 0;
  #end = 0;
  /** How many bytes of which slab the chunks have that wait; and of which slabs before that one. */
  #lender: Slab | undefined;
  #borrowed = 0;
  #lenders: { readonly slab: Slab; readonly bytes: number }[] | undefined;
  /** The same of the chunks that were taken last. */
  #takenLender: Slab | undefined;
  #takenBorrowed = 0;
  #takenLenders: { readonly slab: Slab; readonly bytes: number }[] | undefined;

  constructor(memory: SendMemory) {
    this.#memory = memory;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Queues a frame. With a masking key the payload is masked into memory of our own; without one, a payload of
   * over 4 KiB is queued as it is, and must not change until it has been written.
   */
  add(fields: FrameHeaderFields, payload: Uint8Array): void {
    const { maskingKey } = fields;
    const headerBytes = frameHeaderBytes(payload.length, maskingKey !== undefined);
    if (payload.length <= COPY_UP_TO) {
      const at = this.#place(headerBytes + payload.length, fields);
      const slab = this.#memory.slab.bytes;
      if (maskingKey === undefined) copy(slab, at, payload);
      else maskInto(slab, at, payload, maskingKey);
      return;
    }
    this.#place(headerBytes, fields);
    this.#seal();
    let sent = payload;
    if (maskingKey !== undefined) {
      sent = new Uint8Array(payload);
      applyMask(sent, maskingKey);
    }
    this.#chunks.push(sent);
    this.#bytes += payload.length;
  }

  /** Takes what waits, in order, at most so many bytes of it. */
  take(maxBytes: number = Number.MAX_SAFE_INTEGER): Uint8Array[] {
    this.#seal();
    const chunks = this.#chunks;
    const whole = this.#bytes <= maxBytes;
    // What has to be written in parts is not worth the count: its memory goes with it.
    this.#takenLender = whole ? this.#lender : undefined;
    this.#takenBorrowed = this.#borrowed;
    this.#takenLenders = whole ? this.#lenders : undefined;
    this.#lender = undefined;
    this.#lenders = undefined;
    if (whole) {
      this.#chunks = [];
      this.#bytes = 0;
      return chunks;
    }
    this.#bytes -= maxBytes;
    let taken = 0;
    let room = maxBytes;
    while (chunks[taken]!.length <= room) room -= chunks[taken++]!.length;
    const rest = chunks.splice(taken);
    this.#chunks = rest;
    if (room > 0) {
      chunks.push(rest[0]!.subarray(0, room));
      rest[0] = rest[0]!.subarray(room);
    }
    return chunks;
  }

  /** What `take` returned last has been copied: its memory may be used again. */
  giveBack(): void {
    if (this.#takenLender === undefined) return;
    this.#memory.giveBack(this.#takenLender, this.#takenBorrowed);
    this.#takenLender = undefined;
    if (this.#takenLenders === undefined) return;
    for (const { slab, bytes } of this.#takenLenders) this.#memory.giveBack(slab, bytes);
    this.#takenLenders = undefined;
  }

  /** Makes room in the slab and writes the header there. Returns the index behind the header. */
  #place(length: number, fields: FrameHeaderFields): number {
    const memory = this.#memory;
    memory.reserve(length);
    const { slab } = memory;
    if (this.#slab !== slab || this.#end !== slab.used) {
      this.#seal();
      this.#slab = slab;
      this.#start = slab.used;
    }
    const at = writeFrameHeader(slab.bytes, slab.used, fields);
    slab.used += length;
    this.#end = slab.used;
    this.#bytes += length;
    return at;
  }

  #seal(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#chunks.push(slab.bytes.subarray(this.#start, this.#end));
    if (this.#lender !== slab) {
      if (this.#lender !== undefined) (this.#lenders ??= []).push({ slab: this.#lender, bytes: this.#borrowed });
      this.#lender = slab;
      this.#borrowed = 0;
    }
    this.#borrowed += this.#end - this.#start;
    this.#slab = undefined;
  }
}

function copy(target: Uint8Array, at: number, source: Uint8Array): void {
  // A call into the engine costs more than a short loop.
  if (source.length <= 32) for (let i = 0; i < source.length; i++) target[at + i] = source[i]!;
  else target.set(source, at);
}
