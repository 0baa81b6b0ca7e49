import type { Driver, Transport } from '@ws/connection';
import { type Conn, closeQuietly, writeAll } from './deno.ts';
import { type Bulk, readingTurns } from './reading-turns.ts';

/** A connection at rest waits with this many bytes of memory to read into. */
const SMALL_BYTES = 2048;

/** A connection that fills its memory gets this many bytes instead. */
const LARGE_BYTES = 65_536;

/** A connection from which this many bytes were read, in this many milliseconds or more, lets all others go first. */
const MUCH_BYTES = 65_536;
const MUCH_TIME = 1;

/** After this many reads in a row that would have fit into the small memory, it gets that again. */
const SMALL_READS = 32;

/** The memory that a connection reads into: little while it is at rest, more while it fills what it has. */
class ReadMemory {
  bytes = new Uint8Array(SMALL_BYTES);
  /** How many reads in a row would have fit into the small memory. */
  #small = 0;

  /** A read has given so many bytes, which have been taken. */
  wasGiven(length: number): void {
    this.#small = length <= SMALL_BYTES / 2 ? this.#small + 1 : 0;
    const { length: now } = this.bytes;
    if (length === now && now < LARGE_BYTES) this.bytes = new Uint8Array(LARGE_BYTES);
    else if (this.#small >= SMALL_READS && now > SMALL_BYTES) this.bytes = new Uint8Array(SMALL_BYTES);
  }
}

/** A connection of Deno as the transport of a driver. */
export class DenoTransport implements Transport, Bulk {
  /** A write is done once the system has it. */
  readonly copies = true;
  readonly #conn: Conn;
  readonly #begun: Promise<Uint8Array<ArrayBuffer> | null> | undefined;
  #driver!: Driver;
  /** Whether the driver has paused, and whether the connection gives way to others. */
  #paused = false;
  #givesWay = false;
  /** Makes the loop that reads look again whether it may. */
  #wake: (() => void) | undefined;
  /** How much was read, and since when, without giving way. */
  #unbroken = 0;
  #since = performance.now();
  #peerEnded = false;
  #ended = false;
  #gone = false;

  /** @param begun a read that is under way since before the handshake was answered */
  constructor(conn: Conn, begun?: Promise<Uint8Array<ArrayBuffer> | null> | undefined) {
    this.#conn = conn;
    this.#begun = begun;
    // One turn makes one write already: Nagle's algorithm could only delay it.
    conn.setNoDelay?.(true);
  }

  /** Starts to read, for the driver. */
  connect(driver: Driver): void {
    this.#driver = driver;
    void this.#read();
  }

  async #read(): Promise<void> {
    const driver = this.#driver;
    const memory = new ReadMemory();
    try {
      let chunk = await this.#begun;
      for (;;) {
        if (chunk === undefined) {
          if (this.#paused || this.#hasReadMuch()) await this.#wait();
          const length = await this.#conn.read(memory.bytes);
          chunk = length === null ? null : memory.bytes.subarray(0, length);
        }
        if (chunk === null) break;
        if (this.#gone) return;
        this.#unbroken += chunk.length;
        driver.received(chunk);
        memory.wasGiven(chunk.length);
        chunk = undefined;
      }
    } catch (error) {
      this.#lose(error as Error);
      return;
    }
    this.#peerEnded = true;
    if (!this.#gone) driver.receivedEnd();
    this.#closeIfBothEnded();
  }

  #hasReadMuch(): boolean {
    return this.#unbroken >= MUCH_BYTES && performance.now() - this.#since >= MUCH_TIME;
  }

  /** Waits while the driver has paused, and lets others go first where much was read. */
  async #wait(): Promise<void> {
    while (this.#paused) await this.#change();
    if (!this.#hasReadMuch()) return;
    this.#givesWay = true;
    readingTurns.wait(this);
    while (this.#givesWay || this.#paused) await this.#change();
    this.#unbroken = 0;
    this.#since = performance.now();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The turn of this connection has come: reads on. */
  goOn(): void {
    this.#givesWay = false;
    this.#wake?.();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (chunks.length === 1) this.#write(chunks[0]!);
    else void this.#writeEach(chunks);
    return false;
  }

  /** Writes with the promise of the runtime, and none of ours beside it. */
  #write(bytes: Uint8Array): void {
    let writing: Promise<number>;
    try {
      writing = this.#conn.write(bytes);
    } catch (error) {
      // The connection is the application's, and may throw.
      this.destroy(error as Error);
      return;
    }
    writing.then((written) => {
      if (written < bytes.length) this.#write(bytes.subarray(written));
      else this.#driver.written();
    }, this.#fail);
  }

  async #writeEach(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const bytes of chunks) await writeAll(this.#conn, bytes);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#driver.written();
  }

  readonly #fail = (error: Error): void => this.#lose(error);

  end(): void {
    void this.#end();
  }

  async #end(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      // The peer's end of stream may have ended both halves already.
      if (!this.#peerEnded) this.#lose(error as Error);
    }
    this.#ended = true;
    this.#closeIfBothEnded();
  }

  destroy(error?: Error): void {
    queueMicrotask(() => this.#lose(error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  #closeIfBothEnded(): void {
    if (this.#ended && this.#peerEnded) this.#lose();
  }

  #lose(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    closeQuietly(this.#conn);
    readingTurns.leave(this);
    // The loop that reads ends.
    this.#paused = false;
    this.goOn();
    this.#driver.lost(error);
  }
}
