/** The text of a message is longer than a string may be: `buffer.constants.MAX_STRING_LENGTH`. */
export class TextTooLong extends Error {}

/**
 * The text of a message, as a string.
 *
 * @throws TextTooLong which the peer has brought about, and not a listener
 */
export function textOf(data: Buffer): string {
  try {
    return data.toString();
  } catch (cause) {
    throw new TextTooLong(`a text of ${data.length} bytes is longer than a string may be`, { cause });
  }
}
