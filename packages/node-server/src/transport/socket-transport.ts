import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Driver, Transport } from '@ws/connection';
import type { Throttle } from '../rate/throttle.ts';
import { type Written, writeDirectly } from './direct-write.ts';
import { keepHalfOpen } from './half-open.ts';
import { isNodeTcp, isNodeTls } from './node-socket.ts';
import { type Bulk, readingTurns } from './reading-turns.ts';
import { leaveSoon, responded, type WaitingResponse } from './response-batch.ts';
import { sharedReceive } from './shared-receive.ts';
import { unwrittenBytes } from './write-progress.ts';

const NOTHING = new Uint8Array(0);

/** After this many bytes in a row a socket may give way to others: less is over soon, and the next socket is read. */
const GIVES_WAY_FROM = 16_384;

/**
 * After this many bytes in a row a socket over TLS may give way. A read of 64 KiB comes in records of up to 16 KiB:
 * what has been decrypted comes anyway, and should not be kept waiting.
 */
const GIVES_WAY_FROM_IN_RECORDS = 49_152;

/** Node's own sockets, whose inside is known; and any other stream. */
interface Kind {
  readonly givesWayFrom: number;
}
const TCP: Kind = { givesWayFrom: GIVES_WAY_FROM };
const TLS: Kind = { givesWayFrom: GIVES_WAY_FROM_IN_RECORDS };
const OTHER: Kind = { givesWayFrom: GIVES_WAY_FROM };

const TRANSPORT: unique symbol = Symbol('the transport of a socket');

/** A socket that carries a connection. */
type Carrier = Duplex & { [TRANSPORT]: SocketTransport };

// The listeners of all sockets: closures for each would cost an idle connection half a kilobyte.

function received(this: Duplex, chunk: Uint8Array): void {
  if (!(this as Carrier)[TRANSPORT].received(chunk)) this.pause();
}

function ended(this: Duplex): void {
  (this as Carrier)[TRANSPORT].ended();
}

function failed(this: Duplex, error: Error): void {
  (this as Carrier)[TRANSPORT].failed(error);
}

function closed(this: Duplex): void {
  (this as Carrier)[TRANSPORT].closed();
}

const receiveShared = sharedReceive(function (this: Socket, chunk) {
  return (this as Duplex as Carrier)[TRANSPORT].received(chunk);
});

/** A socket of Node (TCP, TLS or any other duplex stream) as the transport of a driver. */
export class SocketTransport implements Transport, Bulk, Written, WaitingResponse {
  readonly #socket: Duplex;
  readonly #kind: Kind;
  /** The response waits in the socket, which is corked for it. */
  #corked = false;
  /** Calls of #wrote that are still to come, and whether the driver waits for the last of them. */
  #writes = 0;
  #wrote: ((error?: Error | null) => void) | undefined;
  #awaited = false;
  #driver: Driver | undefined;
  #throttle: Throttle | undefined;
  #error: Error | undefined;
  /** The driver has paused the socket. */
  #paused = false;
  /** The socket has been read enough, and waits for others until {@link goOn}. */
  #givesWay = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#kind = isNodeTcp(socket) ? TCP : isNodeTls(socket) ? TLS : OTHER;
    // Over TLS a socket would go with the client's half, and with it what was read and waits for a listener, a hook or
    // its rate.
    keepHalfOpen(socket);
    if (socket instanceof Socket) {
      socket.setTimeout(0);
      // What one turn has collected is one write already: Nagle's algorithm could only delay it.
      socket.setNoDelay(true);
    }
  }

  get copies(): boolean {
    return this.#kind !== OTHER;
  }

  get givesWayFrom(): number {
    return this.#kind.givesWayFrom;
  }

  /**
   * Starts to read, for the driver.
   *
   * @param throttle counts the bytes
   */
  connect(driver: Driver, throttle?: Throttle): void {
    this.#driver = driver;
    this.#throttle = throttle;
    const socket = this.#socket as Carrier;
    socket[TRANSPORT] = this;
    if (!receiveShared(socket)) socket.on('data', received);
    socket
      .on('end', ended)
      .on('error', failed)
      .on('close', closed)
      // The application may have paused the socket, to wait for an asynchronous authentication.
      .resume();
    if (socket.destroyed) process.nextTick(() => this.closed());
  }

  /** Writes the head of a response, which leaves with what is written next, or after {@link begin}. */
  respond(head: string): void {
    responded();
    this.#corked = true;
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
  }

  /**
   * Lets the response leave: the application has been told of the connection.
   *
   * @param early what was read before {@link connect}, which counts like all else
   */
  begin(early: Uint8Array): void {
    if (early.length > 0 && !this.received(early)) this.#socket.pause();
    leaveSoon(this);
  }

  // From the socket.

  /** Returns false if reading should stop until {@link goOn}. */
  received(chunk: Uint8Array): boolean {
    const { length } = chunk;
    const isMuch = readingTurns.read(this, length);
    this.#driver?.received(chunk);
    this.#throttle?.bytes(length);
    if (isMuch && !this.#givesWay) this.#givesWay = readingTurns.givesWay(this);
    return !this.#givesWay;
  }

  /** Reads on: the turn of the socket has come. */
  goOn(): void {
    this.#givesWay = false;
    if (!this.#paused) this.#socket.resume();
  }

  ended(): void {
    this.#driver?.receivedEnd();
  }

  failed(error: Error): void {
    this.#error ??= error;
    // Over TLS, Node tells what the peer has done wrong (garbage, one renegotiation after the other) and goes on.
    this.#socket.destroy();
  }

  closed(): void {
    readingTurns.leave(this);
    // Of a socket that was paused, Node may have read more.
    const { readableLength } = this.#socket;
    const rest: Uint8Array | null = readableLength > 0 ? this.#socket.read(readableLength) : null;
    if (rest !== null) this.#driver?.received(rest);
    this.#driver?.lost(this.#error);
  }

  // From the driver.

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    // A socket that is gone has taken what it will take: 'close' tells the driver.
    if (!socket.writable) return false;
    if (this.#kind === TCP && !this.#corked) {
      const done = writeDirectly(socket as Socket, chunks, this);
      if (done !== undefined) return done;
    }
    const last = chunks.length - 1;
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i++) socket.write(chunks[i]);
    // A callback costs a tick of its own, and what a plain socket is given has mostly left when `write` returns.
    if (this.#kind === TCP) socket.write(chunks[last]);
    else this.#writeAndTell(chunks[last]!);
    if (last > 0) socket.uncork();
    this.uncork();
    this.#awaited = socket.writableLength > 0;
    if (this.#awaited && this.#kind === TCP) this.#writeAndTell(NOTHING);
    // A write that has failed at once has left nothing to wait for either, and was not done.
    return !this.#awaited && socket.writable;
  }

  /** Lets the response leave. */
  uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  /** Tells the driver that a write is done. */
  written(): void {
    this.#driver?.written();
  }

  #writeAndTell(chunk: Uint8Array): void {
    this.#writes++;
    this.#wrote ??= (error) => this.#written(error);
    this.#socket.write(chunk, this.#wrote);
  }

  #written(error: Error | null | undefined): void {
    this.#writes--;
    // A destroyed socket calls back, with no error, for what it has not written; one whose write has failed, before it
    // is destroyed. 'close' tells the driver.
    if (error || this.#socket.destroyed || !this.#awaited || this.#writes > 0) return;
    this.#awaited = false;
    this.written();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.uncork();
    this.#socket.destroy(error);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#givesWay) this.#socket.resume();
  }

  unwritten(): number {
    return unwrittenBytes(this.#socket);
  }
}
