/** A message as an async iterator gives it: text as a string. */
export type Message<Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> =
  | { readonly data: string; readonly isBinary: false }
  | { readonly data: Bytes; readonly isBinary: true };

/** A message as it waits: text is still UTF-8. */
export interface QueuedMessage {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly isBinary: boolean;
}
