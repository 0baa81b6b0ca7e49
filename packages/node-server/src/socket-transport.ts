import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Driver, Transport } from '@ws/connection';
import { isPlain, receiveShared } from './shared-receive.ts';
import type { Throttle } from './throttle.ts';
import { unwrittenBytes } from './write-progress.ts';

/** A socket of Node (TCP, TLS or any other duplex stream) as the transport of a driver. */
export class SocketTransport implements Transport {
  readonly copies: boolean;
  readonly #socket: Duplex;
  /** Calls of #wrote that are still to come, and whether the driver waits for the last of them. */
  #writes = 0;
  #awaited = false;
  #driver: Driver | undefined;
  #error: Error | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.copies = isPlain(socket);
    if (socket instanceof Socket) {
      socket.setTimeout(0);
      // What one turn has collected is one write already: Nagle's algorithm could only delay it.
      socket.setNoDelay(true);
    }
  }

  /**
   * Starts to read, for the driver.
   *
   * @param throttle counts the bytes
   */
  connect(driver: Driver, throttle?: Throttle): void {
    this.#driver = driver;
    const received = (chunk: Uint8Array) => {
      driver.received(chunk);
      throttle?.bytes(chunk.length);
    };
    if (!receiveShared(this.#socket, received)) this.#socket.on('data', received);
    this.#socket
      .on('end', () => driver.receivedEnd())
      .on('error', (error: Error) => {
        this.#error ??= error;
      })
      .on('close', () => driver.lost(this.#error))
      // Whoever had the socket before may have paused it, to wait for an asynchronous authentication.
      .resume();
    if (this.#socket.destroyed) process.nextTick(() => driver.lost(this.#error));
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    // A socket that is gone has taken what it will take: 'close' tells the driver.
    if (!socket.writable) return false;
    const last = chunks.length - 1;
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i++) socket.write(chunks[i]);
    this.#writes++;
    socket.write(chunks[last], this.#wrote);
    if (last > 0) socket.uncork();
    this.#awaited = socket.writableLength > 0;
    return !this.#awaited;
  }

  readonly #wrote = (): void => {
    this.#writes--;
    // A destroyed socket calls back, with no error, for what it has not written; 'close' tells the driver.
    if (this.#socket.destroyed || !this.#awaited || this.#writes > 0) return;
    this.#awaited = false;
    this.#driver?.written();
  };

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  unwritten(): number {
    return unwrittenBytes(this.#socket);
  }
}
