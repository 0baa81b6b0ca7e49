import { applyMask, type FrameHeaderFields, frameHeaderBytes, maskInto, writeFrameHeader } from '@ws/codec';
import { Loans } from './loans.ts';
import { COPY_UP_TO, copy, SendMemory, type Slab } from './send-memory.ts';

/** Up to this many bytes of ours that lie apart are copied into one chunk: cheaper than a write of many pieces. */
const GATHER_UP_TO = 16_384;

/**
 * Beyond this backlog, payloads are queued by reference where possible: a slow peer's queue would otherwise be copies
 * in half-full slabs.
 */
const COPY_MORE_BELOW = 65_536;

/**
 * A chunk costs this much beside its bytes: an array, which is a view. Frames for one peer in a row are one chunk;
 * frames for several peers in turn are one each.
 */
export const CHUNK_OVERHEAD = 128;

/**
 * With fewer chunks than this waiting, a frame for many peers is shared: no copy for each. A peer that has fallen behind
 * would keep them one by one, each an array with memory of its own, and write them one by one.
 */
const SHARE_UP_TO = 64;

/** The array of all idle connections, so that they need none of their own. Nothing is put into it. */
const NONE: Uint8Array[] = [];

/** The frames that wait to be written, as chunks in the order of the wire. */
export class Outbox {
  readonly #memory: SendMemory;
  /** Where frames go while others wait for a peer that has fallen behind: see {@link Outbox.unshare}. */
  #own: SendMemory | undefined;
  #chunks: Uint8Array[] = NONE;
  #bytes = 0;
  /** Whether one of the chunks is a payload by itself, which is not to be copied. */
  #hasPayload = false;
  /** How many of the bytes are the rest of a frame whose start has been taken. */
  #begun = 0;
  /** The frames that lie side by side at the end of the slab, and are not a chunk yet: `#slab[#start, #end)`. */
  #slab: Slab | undefined;
  #start = 0;
  #end = 0;
  /** The memory of the chunks that wait, and of those that were taken last. `take` swaps the two. */
  #lent: Loans | undefined;
  #taken: Loans | undefined;

  constructor(memory: SendMemory) {
    this.#memory = memory;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** About how many bytes of memory the chunks cost beside their own. */
  get overhead(): number {
    return this.#chunks.length * CHUNK_OVERHEAD;
  }

  /**
   * Queues a frame. With a masking key the payload is masked into memory of our own; without one, a payload of
   * over 4 KiB, or the memory's `copyUpTo`, is queued as it is, and must not change until it has been written.
   */
  add(fields: FrameHeaderFields, payload: Uint8Array): void {
    const { maskingKey } = fields;
    const headerBytes = frameHeaderBytes(payload.length, maskingKey !== undefined);
    if (payload.length <= COPY_UP_TO || (payload.length <= this.#memory.copyUpTo && this.#bytes < COPY_MORE_BELOW)) {
      const at = this.#place(headerBytes + payload.length, fields);
      const slab = this.#slab!.bytes;
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
    this.#push(sent);
    this.#hasPayload = true;
    this.#bytes += payload.length;
  }

  /** Whether a frame is better shared with others than copied. */
  get mayShare(): boolean {
    return this.#chunks.length < SHARE_UP_TO;
  }

  /** Queues a whole frame, of at most 4 KiB of payload, that others may send as well: it must never change. */
  addFrame(frame: Uint8Array): void {
    this.#seal();
    this.#push(frame);
    this.#bytes += frame.length;
  }

  /** Takes what waits, in order, at most `maxBytes` of it. */
  take(maxBytes: number = Number.MAX_SAFE_INTEGER): Uint8Array[] {
    this.#seal();
    const most = Math.min(Math.max(GATHER_UP_TO, this.#memory.copyUpTo), maxBytes);
    if (this.#chunks.length > 1 && !this.#hasPayload && this.#bytes <= most) this.#gather();
    const chunks = this.#chunks;
    const whole = this.#bytes <= maxBytes;
    const lent = this.#lent;
    this.#lent = this.#taken;
    this.#lent?.forget();
    this.#taken = lent;
    // Parts are not worth counting: their memory is not used again.
    if (!whole) lent?.forget();
    if (whole) {
      this.#chunks = NONE;
      this.#hasPayload = false;
      this.#bytes = 0;
      this.#begun = 0;
      this.#own = undefined;
      return chunks === NONE ? [] : chunks;
    }
    this.#begun = this.#frameEnd(maxBytes) - maxBytes;
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

  /** The chunks that `take` returned last have been copied: their memory may be used again. */
  giveBack(): void {
    this.#taken?.giveBack(this.#memory);
  }

  /** Makes one chunk of all that wait. */
  #gather(): void {
    const memory = this.#own ?? this.#memory;
    const copied = memory.copyOf(this.#chunks, this.#bytes);
    this.#lent?.giveBack(this.#memory);
    this.#chunks = [copied];
    this.#lend(memory.slab, this.#bytes);
  }

  /**
   * Moves what waits into memory of its own, and has what follows go there, once others have filled a slab meanwhile.
   * To be called after `add` while a write is under way: of a peer that has fallen behind, each slab in which a frame
   * of its waits would stay as a whole, and in the end all that is sent to the others.
   */
  unshare(): void {
    const lent = this.#lent;
    if (this.#own !== undefined || lent === undefined || lent.areOf(this.#memory.slab)) return;
    this.#seal();
    const own = SendMemory.ofOne();
    this.#chunks = this.#chunks.map((chunk) => (lent.has(chunk) ? own.copyOf([chunk], chunk.length) : chunk));
    lent.giveBack(this.#memory);
    this.#own = own;
  }

  #lend(slab: Slab, bytes: number): void {
    if (this.#own !== undefined) return;
    this.#lent ??= new Loans();
    this.#lent.add(slab, bytes);
  }

  /** Drops the frames of which nothing has been taken. */
  recall(): void {
    this.#seal();
    const kept: Uint8Array[] = [];
    let room = this.#begun;
    for (let i = 0; room > 0; i++) {
      const chunk = this.#chunks[i]!.subarray(0, room);
      kept.push(chunk);
      room -= chunk.length;
    }
    this.#chunks = kept;
    this.#bytes = this.#begun;
    if (this.#begun > 0) this.#lent?.forget();
    else {
      this.#lent?.giveBack(this.#memory);
      this.#own = undefined;
    }
  }

  /** Drops all that waits, also the rest of a frame whose start has been taken. */
  clear(): void {
    this.#begun = 0;
    this.recall();
  }

  /** The end of the frame that holds the last of the first `before` bytes that wait. */
  #frameEnd(before: number): number {
    let end = this.#begun;
    let start = 0;
    for (const chunk of this.#chunks) {
      // Each frame has its header in one chunk.
      while (end < before && end - start < chunk.length) end += frameBytes(chunk, end - start);
      if (end >= before) break;
      start += chunk.length;
    }
    return end;
  }

  /** Makes room in the slab and writes the header there. Returns the index behind the header. */
  #place(length: number, fields: FrameHeaderFields): number {
    const memory = this.#own ?? this.#memory;
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

  #push(chunk: Uint8Array): void {
    if (this.#chunks === NONE) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  #seal(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#push(slab.bytes.subarray(this.#start, this.#end));
    this.#lend(slab, this.#end - this.#start);
    this.#slab = undefined;
  }
}

/** How long the frame is whose header stands at an index: one of ours, so in its shortest form. */
function frameBytes(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1]!;
  let length = second & 0x7f;
  if (length >= 126) {
    const end = at + (length === 126 ? 4 : 10);
    length = 0;
    for (let i = at + 2; i < end; i++) length = length * 256 + bytes[i]!;
  }
  return frameHeaderBytes(length, second >= 0x80) + length;
}
