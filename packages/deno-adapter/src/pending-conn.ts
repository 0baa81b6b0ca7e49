import {
  HandshakeError,
  type HeadLimits,
  HeadParser,
  type RequestHead,
  type ResponseHead,
  serializeHead,
} from '@ws/handshake';
import { afterTurn, clock } from './clock.ts';
import { type Conn, closeQuietly, writeAll } from './deno.ts';

/**
 * How many bytes a read takes before the answer, enough for a browser's request; and how many are kept of what comes
 * behind it.
 */
const READ_BYTES = 4096;

/** The bytes and the read that a connection hands over when its handshake is done. */
export interface Released {
  /** The bytes that the client has sent behind its request, as far as they were read. */
  readonly early: Uint8Array<ArrayBuffer>;
  /** A read that is under way. */
  readonly begun: Promise<Uint8Array<ArrayBuffer> | null> | undefined;
}

/** A connection between its first byte and the answer: its time is limited, and a client may leave. */
export class PendingConn {
  readonly conn: Conn;
  readonly #abort = new AbortController();
  readonly #stopTimer: () => void;
  /** Runs once the client has ended its half. */
  #stopLeaving: (() => void) | undefined;
  readonly #aborted: Promise<undefined>;
  readonly #stopped: AbortSignal | undefined;
  #early: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #begun: Promise<Uint8Array<ArrayBuffer> | null> | undefined;
  #settled = false;
  /** Whether a read has failed: the client is gone, while one that has ended its half may still read. */
  #lost = false;
  /** Whether the request has come. */
  #asked = false;

  /**
   * @param timeout for all of the handshake, in milliseconds
   * @param stopped ends it as well
   */
  constructor(conn: Conn, timeout: number, stopped: AbortSignal | undefined) {
    this.conn = conn;
    this.#stopped = stopped;
    const { signal } = this;
    this.#aborted = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    this.#stopTimer = clock.after(timeout, () => {
      const why = `the handshake has not ended within ${timeout} ms`;
      // Once the request is there, it is not the client that takes so long.
      this.#abort.abort(new HandshakeError('refused', why, { status: this.#asked ? 503 : 408 }));
    });
    if (stopped?.aborted) this.#stop();
    else stopped?.addEventListener('abort', this.#stop);
  }

  readonly #stop = (): void => {
    this.#abort.abort(new HandshakeError('refused', 'the server is closing', { status: 503 }));
  };

  /**
   * Aborted when no hook is waited for any more; `reason` says why. A `HandshakeError` is the answer then: without one,
   * the client is gone.
   */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Reads a request; undefined once the signal is aborted. */
  async readHead(limits: HeadLimits): Promise<RequestHead | HandshakeError | undefined> {
    const parser = new HeadParser('request', limits);
    for (;;) {
      const chunk = await this.waitFor(this.#read(new Uint8Array(READ_BYTES)));
      if (!chunk) {
        // Without a request there is nothing to answer.
        if (chunk === null) this.#abort.abort(new Error('the client has gone before its request was whole'));
        return undefined;
      }
      const parsed = parser.push(chunk);
      if (parsed === undefined) continue;
      this.#asked = true;
      if ('error' in parsed) return parsed.error;
      this.#early = chunk.subarray(chunk.length - parsed.rest.length);
      return parsed.head;
    }
  }

  /**
   * Waits for something, as long as the client and the time allow.
   *
   * @returns undefined once the signal is aborted
   * @throws what it rejects with
   */
  async waitFor<T>(something: Promise<T>): Promise<T | undefined> {
    // It may still reject after that, unheard.
    something.catch(() => {});
    return this.signal.aborted ? undefined : await Promise.race([something, this.#aborted]);
  }

  /**
   * Reads ahead, so that the client's end is seen while a hook decides, also behind a little that it has sent before.
   *
   * @param patience how long, in milliseconds, a client is answered that has ended its half. That says only that it sends
   *   no more (RFC 9293, section 3.6), but one that is gone for good looks alike
   */
  watch(patience: number): void {
    void this.#readAhead(patience);
  }

  async #readAhead(patience: number): Promise<void> {
    const memory = new Uint8Array(READ_BYTES);
    memory.set(this.#early);
    let { length } = this.#early;
    while (length < memory.length) {
      this.#begun = this.#read(memory.subarray(length));
      const chunk = await this.#begun;
      // The chunk belongs to the new owner of the connection.
      if (this.#settled) return;
      if (chunk === null) return this.#ended(patience);
      this.#begun = undefined;
      length += chunk.length;
      this.#early = memory.subarray(0, length);
    }
  }

  /** The client has ended its half, or is gone. */
  #ended(patience: number): void {
    const why = 'the client has gone before it was answered';
    if (this.#lost) this.#abort.abort(new Error(why));
    else {
      const error = new HandshakeError('refused', why, { status: 503 });
      this.#stopLeaving = clock.after(patience, () => this.#abort.abort(error));
    }
  }

  /** From here the answer is fixed: stopping the server no longer makes it a 503. */
  commit(): void {
    this.#stopped?.removeEventListener('abort', this.#stop);
  }

  /** Hands the connection over, and watches it no more. */
  release(): Released {
    this.#settle();
    return { early: this.#early, begun: this.#begun };
  }

  /**
   * Answers, and ends the connection: our half at once, and all of it when the client has ended its own or
   * `closeTimeout` milliseconds have passed. Until then it is read, so that no reset overtakes the answer.
   */
  async answer(response: ResponseHead & { readonly body: Uint8Array }, closeTimeout: number): Promise<void> {
    this.#settle();
    const { conn } = this;
    const head = serializeHead(response);
    const bytes = new Uint8Array(head.length + response.body.length);
    bytes.set(head);
    bytes.set(response.body, head.length);
    const stopTimer = clock.after(closeTimeout, () => closeQuietly(conn));
    try {
      await writeAll(conn, bytes);
      await conn.closeWrite();
      const memory = new Uint8Array(READ_BYTES);
      let more = this.#begun === undefined || (await this.#begun) !== null;
      while (more) {
        more = (await conn.read(memory)) !== null;
        // Once a turn: there may be no end of what can be read, and all others wait for it.
        await new Promise<void>(afterTurn);
      }
    } catch {
      // The client is gone, or the time is up.
    }
    stopTimer();
    closeQuietly(conn);
  }

  /** Ends the connection without an answer. */
  drop(): void {
    this.#settle();
    closeQuietly(this.conn);
  }

  #settle(): void {
    this.#settled = true;
    this.#stopTimer();
    this.#stopLeaving?.();
    this.commit();
  }

  /** Reads once. An error of the system ends the stream as well. */
  #read(memory: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.conn.read(memory).then(
      (length) => (length === null ? null : memory.subarray(0, length)),
      () => {
        this.#lost = true;
        return null;
      },
    );
  }
}
