import { CloseCode } from '@ws/codec';
import { readMilliseconds } from '../options/integer.ts';
import type { Clock } from './transport.ts';

/** How a {@link Heartbeat} finds out that a peer is gone. Each time is at least 1. */
export interface HeartbeatOptions {
  /**
   * With nothing received for this long, in milliseconds, the peer is sent a ping. Default: 30,000: proxies cut a
   * silent connection after a minute, as nginx does by default.
   */
  readonly interval?: number | undefined;
  /**
   * With nothing received for this much longer, the connection is given up. Default: 20,000, which a phone may take to
   * find its network.
   */
  readonly timeout?: number | undefined;
  /** With no message sent or received for this long, the connection closes with 1001. Default: never; pings keep it. */
  readonly idleTimeout?: number | undefined;
}

/** A connection as a heartbeat sees it: a driver. */
export interface HeartbeatHost {
  readonly state: 'open' | 'closing' | 'closed';
  /** Whether a silence of the peer's can be judged: not while this end has stopped reading for a reason of its own. */
  readonly judgeable: boolean;
  /** True while it has stopped because the peer has sent more than its rate. */
  readonly throttled: boolean;
  /** Whether a message of the peer's has begun to come, and is not whole. */
  readonly receivingMessage: boolean;
  /** Whether a write is under way. */
  readonly writing: boolean;
  /** How many bytes of the write under way have not left this process; 0 if that is unknown. */
  readonly unwritten: number;
  /** Sends this payload, the heartbeat’s own, as a ping. */
  beat(payload: Uint8Array): void;
  /** Ends the connection at once. */
  terminate(cause: Error): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
}

/** What a {@link Heartbeat} remembers of one connection. */
export class Pulse {
  readonly host: HeartbeatHost;
  readonly slot: Set<Pulse>;
  /** Bytes were received, or written, since the last visit. */
  heard = true;
  /** A message was sent or received, or goes on being, since the last visit. */
  moved = true;
  /** Whether a ping of the heartbeat's own is to be answered. */
  pinged = false;
  /** How many visits there were since `heard`, and since `moved`. */
  quiet = 0;
  still = 0;
  unwritten = 0;
  /** Whether a write was under way at the last visit. */
  writing = false;

  constructor(host: HeartbeatHost, slot: Set<Pulse>) {
    this.host = host;
    this.slot = slot;
  }

  /** A write is done; `more` of what was sent is on its way. */
  written(more: boolean): void {
    // Where each write takes a while, as a promise does, that alone is no sign: one that had to wait for the peer is.
    if (this.writing) this.heard = true;
    this.writing = false;
    if (more) this.moved = true;
  }

  /** Whether a pong answers the heartbeat: then the application is not told. */
  answeredBy(pong: Uint8Array): boolean {
    if (!this.pinged || !isHeartbeat(pong)) return false;
    this.pinged = false;
    return true;
  }
}

/** The word `heartbeat`. */
const PAYLOAD: Uint8Array = Uint8Array.of(104, 101, 97, 114, 116, 98, 101, 97, 116);

/**
 * Whether the payload of a ping or pong is a heartbeat's: the word itself, which is easy to tell in a trace of the
 * wire.
 */
function isHeartbeat(payload: Uint8Array): boolean {
  return payload.length === PAYLOAD.length && PAYLOAD.every((byte, i) => payload[i] === byte);
}

/**
 * The connections are visited in this many groups, so that not all of them are pinged in one turn of the event loop.
 */
const SLOTS = 10;

/**
 * Finds the peers that are gone without a word, for any number of connections with one timer. Each connection is
 * visited four times in the shortest of the times, so that a ping or an end is late by less than half of it.
 *
 * Visits are counted, and not the time: while the event loop is blocked there are none, and before the next one all
 * that the system has received meanwhile is read.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #slots: readonly Set<Pulse>[] = Array.from({ length: SLOTS }, () => new Set());
  /** The time from the visit of one group to that of the next, in milliseconds. */
  readonly #step: number;
  /** After how many visits without a sign of life, or without a message, something is done. */
  readonly #pingAt: number;
  readonly #goneAt: number;
  readonly #idleAt: number;
  readonly #goneAfter: number;
  readonly #idleAfter: number;
  #count = 0;
  #nextToJoin = 0;
  #nextToVisit = 0;
  #running = false;
  #stop: (() => void) | undefined;

  /**
   * @param options the times; `ping: false` sends none, and leaves only `idleTimeout`
   * @throws TypeError or RangeError for a time that is none, or is 0
   */
  constructor(options: HeartbeatOptions & { readonly ping?: boolean | undefined }, clock: Clock) {
    const interval = readMilliseconds(options.interval, 'heartbeat.interval', { default: 30_000, min: 1 });
    const timeout = readMilliseconds(options.timeout, 'heartbeat.timeout', { default: 20_000, min: 1 });
    const idle = readMilliseconds(options.idleTimeout, 'idleTimeout', {
      default: 0,
      min: 1,
      none: 'leave it out to have none',
    });
    const { ping = true } = options;
    this.#clock = clock;
    const shortest = Math.min(...(ping ? [interval, timeout] : []), ...(idle > 0 ? [idle] : []), 60_000);
    this.#step = Math.max(1, Math.floor(shortest / 4 / SLOTS));
    const visits = (time: number): number => Math.ceil(time / (this.#step * SLOTS));
    this.#pingAt = ping ? visits(interval) : Number.POSITIVE_INFINITY;
    this.#goneAt = this.#pingAt + visits(timeout);
    this.#idleAt = idle > 0 ? visits(idle) : Number.POSITIVE_INFINITY;
    this.#goneAfter = timeout;
    this.#idleAfter = idle;
  }

  /** How many connections are visited. */
  get size(): number {
    return this.#count;
  }

  /**
   * Visits a connection from now on.
   *
   * @internal
   */
  join(host: HeartbeatHost): Pulse {
    const slot = this.#slots[this.#nextToJoin]!;
    this.#nextToJoin = (this.#nextToJoin + 1) % SLOTS;
    const pulse = new Pulse(host, slot);
    slot.add(pulse);
    if (this.#count++ === 0 && !this.#running) this.#arm();
    return pulse;
  }

  /**
   * Visits a connection no more. Does nothing if it has left before.
   *
   * @internal
   */
  leave(pulse: Pulse): void {
    if (!pulse.slot.delete(pulse) || --this.#count > 0) return;
    this.#stop?.();
  }

  #arm(): void {
    this.#running = true;
    const stop = this.#clock.after(this.#step, () => {
      this.#stop = undefined;
      // Deferred, so that what the system has received is read first.
      this.#clock.defer(() => {
        const slot = this.#slots[this.#nextToVisit]!;
        this.#nextToVisit = (this.#nextToVisit + 1) % SLOTS;
        try {
          for (const pulse of slot) this.#visit(pulse);
        } finally {
          this.#running = false;
          if (this.#count > 0) this.#arm();
        }
      });
    });
    this.#stop = () => {
      stop();
      this.#stop = undefined;
      this.#running = false;
    };
  }

  #visit(pulse: Pulse): void {
    const { host } = pulse;
    // A closing connection has time limits of its own.
    if (host.state !== 'open') return;
    const moved = pulse.moved || (pulse.heard && host.receivingMessage) || host.throttled;
    pulse.still = moved ? 0 : pulse.still + 1;
    pulse.moved = false;
    if (pulse.still >= this.#idleAt) {
      host.close(CloseCode.GoingAway, `no message for ${this.#idleAfter} ms`);
      return;
    }
    if (this.#heard(pulse)) {
      pulse.quiet = 0;
      return;
    }
    pulse.quiet++;
    if (pulse.quiet === this.#pingAt) {
      pulse.pinged = true;
      host.beat(PAYLOAD);
      // The answer may be in what we do not read: only the time to the next ping is counted.
      if (!host.judgeable) pulse.quiet = 0;
    } else if (!host.judgeable) pulse.quiet = Math.min(pulse.quiet, this.#pingAt - 1);
    else if (pulse.quiet >= this.#goneAt) {
      host.terminate(new Error(`the peer has sent nothing, and has not answered a ping for ${this.#goneAfter} ms`));
    }
  }

  /** Whether bytes have come, or have left: a peer that takes them is there. */
  #heard(pulse: Pulse): boolean {
    const before = pulse.unwritten;
    pulse.unwritten = pulse.host.unwritten;
    pulse.writing = pulse.host.writing;
    const heard = pulse.heard || pulse.unwritten < before;
    pulse.heard = false;
    return heard;
  }
}
