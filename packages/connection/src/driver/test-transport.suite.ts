import { afterEach, expect } from 'vitest';
import { closeFrame, eventLine, flat, peerBytes, type Role, readWritten } from '../endpoint.suite.ts';
import type { Data, SendOptions } from '../index.ts';
import { Driver } from './driver.ts';
import type { DriverHandler, DriverOptions } from './driver-options.ts';
import type { Clock, Transport } from './transport.ts';

/**
 * A clock that stands still between two calls. What a transport has to tell comes before what was deferred, as on Node.
 */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  #soon: (() => void)[] = [];
  #deferred: (() => void)[] = [];

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** For the transport: calls back when what runs now is done. */
  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Ends this turn of the event loop, and those that it leads to. */
  turn(): void {
    while (this.#soon.length > 0 || this.#deferred.length > 0) {
      this.settle();
      for (const callback of this.#deferred.splice(0)) callback();
    }
  }

  /** Only what the transport has to tell; the turn goes on. */
  settle(): void {
    while (this.#soon.length > 0) this.#soon.shift()!();
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      this.turn();
      const next = this.#timers.sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.#timers.shift();
      this.#now = next.at;
      next.callback();
    }
    this.#now = until;
  }

  /** How many callbacks wait for the end of the turn. */
  get deferred(): number {
    return this.#deferred.length;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.length;
  }
}

/** A stream in memory that a test moves by hand, and that writes down what no driver may do. */
export class TestTransport implements Transport {
  readonly copies = true;
  /** Whether a write is done at once. */
  fast = true;
  /** How many chunks still come after `pause`. */
  lag = 0;
  readonly calls: string[] = [];
  readonly writes: Uint8Array[] = [];
  /** What the driver has been given. */
  readonly given: Uint8Array[] = [];
  readonly misuse: string[] = [];
  paused = false;
  ended = false;
  peerEnded = false;
  destroyed = false;
  gone = false;
  readonly #clock: ManualClock;
  #driver: Driver | undefined;
  #inFlight: { readonly chunks: readonly Uint8Array[]; readonly copy: Uint8Array } | undefined;
  readonly #incoming: (Uint8Array | 'end')[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  connect(driver: Driver): void {
    this.#driver = driver;
  }

  get writing(): boolean {
    return this.#inFlight !== undefined;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.#mustBeThere('write');
    if (this.ended) this.misuse.push('write after end');
    if (this.writing) this.misuse.push('two writes at once');
    const copy = flat(chunks);
    if (copy.length === 0) this.misuse.push('an empty write');
    this.writes.push(copy);
    this.calls.push(`write ${copy.length}`);
    if (this.fast) return true;
    this.#inFlight = { chunks, copy };
    return false;
  }

  /** The write that is under way is done. */
  finishWrite(): void {
    if (this.#inFlight === undefined || this.gone) return;
    const { chunks, copy } = this.#inFlight;
    if (Buffer.compare(flat(chunks), copy) !== 0) this.misuse.push('bytes changed while they were written');
    this.#inFlight = undefined;
    this.#driver!.written();
  }

  end(): void {
    this.#mustBeThere('end');
    if (this.ended) this.misuse.push('ended twice');
    if (this.writing) this.misuse.push('ended during a write');
    this.ended = true;
    this.calls.push('end');
    this.#bothEnded();
  }

  destroy(error?: Error): void {
    this.#mustBeThere('destroy');
    this.destroyed = true;
    this.calls.push('destroy');
    this.#clock.soon(() => this.lose(error));
  }

  pause(): void {
    this.#mustBeThere('pause');
    if (this.paused) this.misuse.push('paused twice');
    this.paused = true;
    this.calls.push('pause');
  }

  resume(): void {
    this.#mustBeThere('resume');
    if (!this.paused) this.misuse.push('resumed twice');
    this.paused = false;
    this.calls.push('resume');
    this.#clock.soon(() => this.#pump());
  }

  /** The peer writes. */
  deliver(bytes: Uint8Array): void {
    if (this.peerEnded) return;
    this.#incoming.push(bytes.slice());
    this.#pump();
  }

  /** The peer ends its half. */
  deliverEnd(): void {
    if (this.peerEnded) return;
    this.peerEnded = true;
    this.#incoming.push('end');
    this.#pump();
  }

  /** Everything is over. */
  lose(error?: Error): void {
    if (this.gone) return;
    this.gone = true;
    this.destroyed = true;
    this.#driver!.lost(error);
  }

  #endRead = false;

  #pump(): void {
    while (this.#incoming.length > 0 && !this.destroyed) {
      if (this.paused && (this.lag === 0 || this.#incoming[0] === 'end')) return;
      if (this.paused) this.lag--;
      const next = this.#incoming.shift()!;
      if (next !== 'end') {
        this.given.push(next.slice());
        this.#driver!.received(next);
        // The chunk was lent for the call.
        next.fill(0xee);
      } else {
        this.#endRead = true;
        this.#driver!.receivedEnd();
        this.#bothEnded();
      }
    }
  }

  #bothEnded(): void {
    if (this.ended && this.#endRead && !this.destroyed) this.#clock.soon(() => this.lose());
  }

  #mustBeThere(call: string): void {
    if (this.destroyed) this.misuse.push(`${call} after destroy`);
  }
}

export interface BenchOptions extends Partial<Omit<DriverOptions, 'role' | 'transport' | 'clock' | 'handler'>> {
  /** Called when the handler has written down what it was told. */
  readonly on?: ((line: string) => unknown) | undefined;
  /** What the handler does when a message is over `maxBufferedAmount`; null: it has nothing for that. */
  readonly overflowed?: (() => void) | null | undefined;
  /** What the handler does when it is told of a loss. Default: it has nothing for that. */
  readonly lost?: DriverHandler['lost'];
}

/** A driver between a transport and an application that writes down what it is told. */
export class Bench {
  readonly clock: ManualClock = new ManualClock();
  readonly transport: TestTransport = new TestTransport(this.clock);
  readonly driver: Driver;
  /** What the application was told. */
  readonly told: string[] = [];
  readonly role: Role;
  cause: Error | undefined;
  #sends = 0;
  #sending = false;

  constructor(role: Role = 'server', { on, overflowed, lost, ...options }: BenchOptions = {}) {
    this.role = role;
    const tell = (line: string): void => {
      this.told.push(line);
      on?.(line);
    };
    let key = 1;
    this.driver = new Driver({
      role,
      maskingKey: () => (key = (Math.imul(key, 0x5bd1_e995) + 1) | 0),
      ...options,
      transport: this.transport,
      clock: this.clock,
      handler: {
        message: (payload, isBinary) => tell(eventLine({ type: 'message', payload, opcode: isBinary ? 2 : 1, rsv: 0 })),
        ping: (payload) => tell(eventLine({ type: 'ping', payload })),
        pong: (payload) => tell(eventLine({ type: 'pong', payload })),
        drain: () => tell('drain'),
        ...(overflowed !== null && { overflow: () => overflowed?.() }),
        ...(lost !== undefined && { lost }),
        close: (code, reason, cause) => {
          this.cause = cause;
          tell(`close ${code} ${JSON.stringify(reason)}${cause === undefined ? '' : `: ${cause.message}`}`);
        },
        thrown: (error) => this.told.push(`thrown ${(error as Error).message}`),
      },
    });
    this.transport.connect(this.driver);
    this.#tell = tell;
  }

  readonly #tell: (line: string) => void;

  /** The callback of the next call: says whether it was written, or why not. */
  callback(): (error?: Error) => void {
    const name = ++this.#sends;
    return (error) => {
      if (this.#sending) this.transport.misuse.push('called back before send returned');
      this.#tell(error === undefined ? `sent ${name}` : `unsent ${name}: ${error.message}`);
    };
  }

  /** Sends with a callback. */
  send(data: Data, options: SendOptions = {}): boolean {
    this.#sending = true;
    try {
      return this.driver.send(data, options, this.callback());
    } finally {
      this.#sending = false;
    }
  }

  receive(...frames: Parameters<typeof peerBytes>[1][]): void {
    this.transport.deliver(peerBytes(this.role, ...frames));
  }

  /** Both Closes, begun by the peer, and the end of its stream. */
  finish(): void {
    this.receive(closeFrame(1000));
    this.clock.turn();
    this.transport.finishWrite();
    this.transport.deliverEnd();
    this.clock.turn();
  }

  /** All that was written, as the peer reads it. */
  written(): string[] {
    return readWritten(this.role, flat(this.transport.writes));
  }
}

/** Makes the benches of the tests of a file, and holds each, after its test, to what is so of every one. */
export function useBenches(): (role?: Role, options?: BenchOptions) => Bench {
  const benches: Bench[] = [];
  afterEach(() => {
    for (const { transport, told, driver, clock } of benches.splice(0)) {
      expect(transport.misuse).toEqual([]);
      expect(told.filter((line) => line.startsWith('close')).length).toBeLessThanOrEqual(1);
      // Nothing is left behind that could still happen.
      if (driver.gone) expect(clock.timers).toBe(0);
    }
  });
  return (role, options) => {
    const bench = new Bench(role, options);
    benches.push(bench);
    return bench;
  };
}
