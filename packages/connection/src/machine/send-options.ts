/** How a message is sent. */
export interface SendOptions {
  /** Whether this ends the message; if not, the next `send` continues it. Default: true. */
  readonly fin?: boolean | undefined;
  /**
   * Whether the message is binary. Default: false for a string; for bytes true, unless they continue a text message.
   */
  readonly binary?: boolean | undefined;
  /** Whether an extension may compress it. Default: true. */
  readonly compress?: boolean | undefined;
}
