import { type PolicyOptions, readOptions, type Settings } from './options.ts';

/** Returns the settings of a policy; for the handshake only. */
export let settingsOf: <Context>(policy: AcceptPolicy<Context>) => Settings<Context>;

/** The options of a server, read and validated once, when it is made, for any number of connections. */
export class AcceptPolicy<Context = unknown> {
  static {
    settingsOf = (policy) => policy.#settings;
  }

  readonly #settings: Settings<Context>;

  /**
   * Reads the options.
   *
   * @throws TypeError for an option of another type; RangeError for a number out of range
   */
  constructor(options: PolicyOptions<Context> = {}) {
    this.#settings = readOptions(options);
  }
}
