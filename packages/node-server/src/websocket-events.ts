/** What a listener of 'message' gets, as users of `ws` call it. */
export type RawData = Buffer<ArrayBuffer>;

/** The events of a `WebSocket` and what their listeners get. */
export interface WebSocketEvents {
  /**
   * A message. Text comes as the bytes of its UTF-8, which has been checked: `data.toString()`. The bytes are the
   * listener's own.
   */
  message: [data: Buffer<ArrayBuffer>, isBinary: boolean];
  /** A ping, which has been answered already. */
  ping: [data: Buffer<ArrayBuffer>];
  pong: [data: Buffer<ArrayBuffer>];
  /** All that a `send` which returned false has left waiting is written. */
  drain: [];
  /**
   * A violation by the peer, or what a message hook has thrown, before 'close'; without a listener, nothing happens.
   */
  error: [error: Error];
  /** The end. 1005: the peer's Close had no code; 1006: there was none, and `cause` says why. */
  close: [code: number, reason: Buffer];
}

/** A listener for one of the {@link WebSocketEvents}. */
export type WebSocketListener<K extends keyof WebSocketEvents> = (...args: WebSocketEvents[K]) => void;
