import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { dated, type Refusal, serializeHead, withoutContent } from '@ws/handshake';
import { clock } from '../runtime/clock.ts';
import { startReading, stopReading } from '../transport/tls-reading.ts';
import { openResponse } from './open-response.ts';

/** What a client may send before it has its answer: nothing, by the RFC; more than this is left unread. */
const MAX_EARLY_BYTES = 65_536;

/** Marks a socket that was taken: a second handshake would write its frames between those of the first. */
const TAKEN: unique symbol = Symbol('taken by a WebSocketServer');

/**
 * A socket between its upgrade request and the answer. It is taken at once, with a listener for its errors, so that a
 * client that goes away while a hook decides harms nothing (row H1).
 */
export class PendingSocket {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly #closeTimeout: number;
  /** Made when asked for: a server without a hook does not ask. */
  #abort: AbortController | undefined;
  /** What the client has sent already is in the first `#earlyBytes` of this. */
  #early: Uint8Array;
  #earlyBytes: number;
  #stopWatching: (() => void) | undefined;

  /**
   * @param closeTimeout how long a client that was refused is waited for, in milliseconds
   * @throws TypeError if the socket was taken before
   */
  constructor(request: IncomingMessage, socket: Duplex, head: Uint8Array, closeTimeout: number) {
    if (TAKEN in socket) {
      throw new TypeError(
        "handleUpgrade was called before with this socket: is there a server with the option server, and an 'upgrade' listener " +
          'that calls handleUpgrade as well? Use noServer there',
      );
    }
    (socket as Duplex & { [TAKEN]?: true })[TAKEN] = true;
    this.request = request;
    this.socket = socket;
    this.#closeTimeout = closeTimeout;
    this.#early = head;
    this.#earlyBytes = head.length;
    socket.on('error', end);
  }

  /** Aborted when the answer is not waited for any more. */
  get signal(): AbortSignal {
    return this.#controller().signal;
  }

  /** Gives up waiting for the answer. */
  abort(reason: Error): void {
    this.#controller().abort(reason);
  }

  #controller(): AbortController {
    this.#abort ??= new AbortController();
    return this.#abort;
  }

  /**
   * Waits for a hook's decision, as long as the client and the time allow.
   *
   * @param timeout in milliseconds
   * @returns the decision; undefined once it is not waited for any more, and then `signal.reason` says why
   * @throws what the hook rejects with
   */
  async waitFor<Decision>(decision: Promise<Decision>, timeout: number): Promise<Decision | undefined> {
    const { signal } = this;
    const stopTimer = clock.after(timeout, () =>
      this.abort(new Error(`verifyClient has not decided for ${timeout} ms`)),
    );
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    // The hook may still reject after the wait is over: that is ignored.
    decision.catch(() => {});
    this.#watch();
    try {
      return await Promise.race([decision, aborted]);
    } finally {
      stopTimer();
    }
  }

  /** Reads, so that the client's end is seen while a hook decides; what it sends is kept. */
  #watch(): void {
    const { socket } = this;
    const gone = () => this.abort(new Error('the client has gone before it was answered'));
    let stopped = false;
    const keep = (chunk: Uint8Array) => {
      this.#keep(chunk);
      if (this.#earlyBytes < MAX_EARLY_BYTES) return;
      // A socket that is paused keeps more, in as many pieces as it came in.
      stopped = stopReading(socket);
      if (!stopped) socket.pause();
    };
    socket.on('data', keep).on('end', gone).on('close', gone);
    this.#stopWatching = () => {
      socket.off('data', keep).off('end', gone).off('close', gone);
      socket.pause();
      if (stopped) startReading(socket);
    };
    if (socket.destroyed) gone();
  }

  /** Copies: a chunk of one byte is an object of half a kilobyte, and it is the client that chooses their size. */
  #keep(chunk: Uint8Array): void {
    const length = this.#earlyBytes + chunk.length;
    if (length > this.#early.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#early.length));
      larger.set(this.#early);
      this.#early = larger;
    }
    this.#early.set(chunk, this.#earlyBytes);
    this.#earlyBytes = length;
  }

  /** Hands the socket over: nothing of this listens any more. Returns a copy of what the client has sent already. */
  release(): Uint8Array {
    this.#stopWatching?.();
    const { socket } = this;
    socket.off('error', end);
    // Who calls `handleUpgrade` later than in its event has had the socket read meanwhile.
    const { readableLength } = socket;
    if (readableLength > 0) this.#keep(socket.read(readableLength) as Uint8Array);
    return new Uint8Array(this.#early.subarray(0, this.#earlyBytes));
  }

  /**
   * Answers with a refusal and ends the socket: our half at once, and all of it when the client has ended its own or
   * `closeTimeout` milliseconds have passed. Until then it is read, so that no reset overtakes the answer.
   */
  refuse(refusal: Refusal): void {
    const { socket } = this;
    this.#stopWatching?.();
    if (socket.destroyed) return;
    const { response } = refusal;
    const answer = dated(
      this.request.method === 'HEAD' ? withoutContent(response) : response,
      new Date().toUTCString(),
    );
    socket.end(Buffer.concat([serializeHead(answer), answer.body]));
    this.#linger();
  }

  /** Leaves the answer to a listener, which ends the socket: from then on it is as with {@link refuse}. */
  leaveToListener(): void {
    const { socket } = this;
    this.#stopWatching?.();
    if (socket.writableEnded) this.#linger();
    else socket.once('finish', () => this.#linger());
  }

  /** Ends the socket, as with {@link refuse}, after the responses to earlier requests, or when the client does. */
  endAfterResponses(): void {
    const { socket } = this;
    const end = (): void => {
      if (socket.writableEnded) return;
      // What is still to be written may be much.
      socket.once('finish', () => this.#linger());
      socket.end();
    };
    const wait = (): void => {
      const response = openResponse(this.request, socket);
      if (response === undefined) end();
      else response.once('close', wait);
    };
    wait();
    // An http server of Node ends the socket then, too.
    socket.once('end', end).resume();
  }

  #linger(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    const stopTimer = clock.after(this.#closeTimeout, () => socket.destroy());
    socket.on('close', stopTimer).resume();
  }
}

/** Ends a socket that has an error: over TLS, Node leaves it open. */
function end(this: Duplex): void {
  this.destroy();
}
