import type { Driver } from '../driver/driver.ts';
import type { Transport } from '../driver/transport.ts';
import { toChunk } from '../machine/data.ts';
import { Socket, type SocketOptions } from './socket.ts';

/** The methods of a reader of a WHATWG stream that are used here. */
export interface ByteReader {
  /** The next chunk, or that there is none. */
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Ends the stream from here: nothing more will be read. */
  cancel(reason?: unknown): Promise<unknown>;
  /** Unlocks the stream. */
  releaseLock?(): void;
}

/** The methods of a writer of a WHATWG stream that are used here. */
export interface ByteWriter {
  /** Fulfilled when the bytes are written. */
  write(chunk: Uint8Array): Promise<unknown>;
  /** Ends the stream after what was written; fulfilled then. */
  close(): Promise<unknown>;
  /** Ends the stream at once. */
  abort(reason?: unknown): Promise<unknown>;
  /** Unlocks the stream. */
  releaseLock?(): void;
}

/** The method of a WHATWG `ReadableStream` of bytes that is used here. */
export interface ByteReadable {
  /** Locks the stream. */
  getReader(): ByteReader;
}

/** The method of a WHATWG `WritableStream` of bytes that is used here. */
export interface ByteWritable {
  /** Locks the stream. */
  getWriter(): ByteWriter;
}

/**
 * The two halves of a connection as WHATWG streams of bytes: a socket of Cloudflare's `connect()`, what Direct Sockets
 * open, a `Deno.Conn`, two `TransformStream`s. Both are locked for as long as the connection lasts.
 */
export interface ByteStreams {
  /**
   * The bytes of the peer. Its chunks are given away when they are read. An ArrayBuffer or another view of bytes will
   * do for one.
   */
  readonly readable: ByteReadable;
  /**
   * The bytes for the peer. It takes chunks that are views of memory which is still in use around them: it must not
   * transfer their buffers, which a readable end of `type: 'bytes'` does with what it is given; nor clone them as they
   * are: see {@link Transport.write}.
   */
  readonly writable: ByteWritable;
  /**
   * Ends both streams at once, in addition to the abort and the cancel: with many runtimes, an abort waits for the
   * write under way.
   */
  close?(): unknown;
}

/**
 * A pair of streams as the transport of a driver: one read at a time and none while paused, and a write is done when
 * its promise is.
 */
export class StreamsTransport implements Transport {
  readonly #streams: ByteStreams;
  readonly #reader: ByteReader;
  readonly #writer: ByteWriter;
  #driver: Driver | undefined;
  #paused = false;
  #reading = false;
  #readEnded = false;
  #writeEnded = false;
  #gone = false;

  /** @throws TypeError if a stream is locked; the other one is not, then */
  constructor(streams: ByteStreams) {
    this.#streams = streams;
    this.#reader = streams.readable.getReader();
    try {
      this.#writer = streams.writable.getWriter();
    } catch (error) {
      this.#reader.releaseLock?.();
      throw error;
    }
  }

  /** Unlocks both streams, for a connection that does not come about. Nothing follows. */
  release(): void {
    this.#reader.releaseLock?.();
    this.#writer.releaseLock?.();
  }

  /** Starts to read, for the driver. */
  connect(driver: Driver): void {
    this.#driver = driver;
    this.#read();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const last = chunks.length - 1;
    for (let i = 0; i < last; i++) promised(() => this.#writer.write(chunks[i]!)).catch(this.#fail);
    promised(() => this.#writer.write(chunks[last]!)).then(() => {
      if (!this.#gone) this.#driver?.written();
    }, this.#fail);
    return false;
  }

  end(): void {
    promised(() => this.#writer.close()).then(() => {
      this.#writeEnded = true;
      this.#loseIfBothEnded();
    }, this.#fail);
  }

  destroy(error?: Error | undefined): void {
    // Not before this method has returned, and not when the streams are done with it: a write under way may never be.
    Promise.resolve().then(() => this.#lose(error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#read();
  }

  #read(): void {
    if (this.#reading || this.#paused || this.#readEnded || this.#gone || this.#driver === undefined) return;
    this.#reading = true;
    const take = ({ done, value }: Awaited<ReturnType<ByteReader['read']>>): void => {
      this.#reading = false;
      if (this.#gone) return;
      if (!done) {
        this.#driver?.received(toChunk(value, 'what a readable stream gives'));
        this.#read();
        return;
      }
      this.#readEnded = true;
      this.#driver?.receivedEnd();
      this.#loseIfBothEnded();
    };
    // What is not a chunk ends the connection as well, which would else wait for ever.
    promised(() => this.#reader.read())
      .then(take)
      .catch(this.#fail);
  }

  readonly #fail = (reason: unknown): void => {
    this.#lose(reason instanceof Error ? reason : new Error(`a stream has failed: ${String(reason)}`));
  };

  #loseIfBothEnded(): void {
    if (!this.#readEnded || !this.#writeEnded || this.#gone) return;
    this.#gone = true;
    this.#driver?.lost();
  }

  /** Ends what has not ended, and says so. */
  #lose(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    const ignore = (): void => {};
    promised(() => this.#writer.abort(error)).catch(ignore);
    promised(() => this.#reader.cancel(error)).catch(ignore);
    // Throws where the streams have closed it already.
    promised(() => this.#streams.close?.()).catch(ignore);
    this.#driver?.lost(error);
  }
}

/**
 * What a stream's method answers: streams that are made by hand may throw at once or give no promise, and the
 * connection has to end all the same.
 */
function promised<T>(method: () => T | PromiseLike<T>): Promise<T> {
  try {
    return Promise.resolve(method());
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * A WebSocket over two streams of bytes whose opening handshake is done.
 *
 * @example
 * const socket = openStreams(streams, { role: 'client', runtime: globalThis, early: rest });
 * await socket.send('hello');
 * for await (const { data } of socket) console.log(data);
 *
 * @throws TypeError if a stream is locked; TypeError or RangeError for options of the wrong kind. It has locked none,
 *   then
 */
export function openStreams(streams: ByteStreams, options: SocketOptions): Socket {
  const transport = new StreamsTransport(streams);
  try {
    return new Socket(transport, options);
  } catch (error) {
    transport.release();
    throw error;
  }
}
