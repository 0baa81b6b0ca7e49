/** What the sender takes from the end of a compressed message, section 7.2.1: the rest of an empty block. */
export const TAIL: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 0, 0xff, 0xff);
export const TAIL_BYTES = 4;

/**
 * What follows a message that stands by itself: its tail, and an empty block that is the last of the stream. So a
 * message is whole if and only if the stream ends right there, and the tail has added nothing to it. The byte behind it
 * is never read: it shows that the stream has ended.
 */
export const LAST_TAIL: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff, 0);

/** How much of it belongs to the stream. */
export const LAST_TAIL_BYTES = 9;

/**
 * What follows a message that others may refer to: its tail, and an empty block that changes nothing. A message that
 * was cut makes something of either, unless the cut is in the code tables of a block.
 */
export const NEXT_TAIL: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff);

/**
 * A message may have blocks that are the last of their stream, each followed by a new stream (section 7.2.3.4). Nobody
 * needs more than one; a peer could send one every two bytes, and each costs as much as a message.
 */
export const MAX_FINAL_BLOCKS = 16;
