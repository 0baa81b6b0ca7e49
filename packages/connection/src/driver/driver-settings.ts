import { MessageDecoder, type MessageSink } from '@ws/codec';
import { type ConnectionSettings, readConnectionSettings, type SharedOptions } from '../machine/connection-settings.ts';
import { checkMethods } from '../options/methods.ts';
import { checkObject } from '../options/types.ts';
import { type DriverLimitSettings, type DriverLimits, readDriverLimits } from './driver-limits.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import type { Clock } from './transport.ts';

/** The options of a driver that may be the same for many. */
export interface SharedDriverOptions extends SharedOptions, DriverLimits {
  readonly clock: Clock;
  /**
   * Finds out that the peer is gone without a word: a {@link Heartbeat}, which many drivers may share, or the options
   * of one. Its pongs are not told to the handler. Default: false, none.
   */
  readonly heartbeat?: Heartbeat | HeartbeatOptions | false | undefined;
}

/** For a decoder that gets no bytes. */
const NOBODY: MessageSink = { message() {}, ping() {}, pong() {}, close() {}, violation() {} };

const CLOCK = ['after', 'defer'] as const satisfies (keyof Clock)[];

/**
 * What all connections of a server have in common, or of a client that opens many: options that are checked once, so
 * that a driver costs neither the time for it nor the memory.
 */
export class DriverSettings {
  /** @internal */
  readonly connection: ConnectionSettings;
  /** @internal */
  readonly limits: DriverLimitSettings;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly heartbeat: Heartbeat | undefined;

  /** Up to here, in bytes, what a connection without extensions sends is copied at once. */
  get copyUpTo(): number {
    return this.connection.sendMemory.copyUpTo;
  }

  /** @throws TypeError or RangeError if an option is of the wrong kind */
  constructor(options: SharedDriverOptions) {
    checkObject('options', options);
    const { clock, heartbeat = false } = options;
    if (heartbeat !== false && (typeof heartbeat !== 'object' || heartbeat === null)) {
      throw new TypeError(`heartbeat must be a Heartbeat, the options of one or false, got ${String(heartbeat)}`);
    }
    this.limits = readDriverLimits(options);
    checkMethods(clock, 'clock', CLOCK);
    this.connection = readConnectionSettings(options);
    const { role, limits, platform } = this.connection;
    // The codec has rules of its own for them, and a decoder is made when a byte comes: too late for an error.
    void new MessageDecoder({ role }, limits, NOBODY, platform);
    this.clock = clock;
    if (heartbeat !== false) {
      this.heartbeat = heartbeat instanceof Heartbeat ? heartbeat : new Heartbeat(heartbeat, clock);
    }
  }
}
