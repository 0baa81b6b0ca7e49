/**
 * Bytes from hex digits, spaces between them for the eye.
 *
 * @param {string} digits
 */
export function hex(digits) {
  const pairs = digits.replaceAll(' ', '').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

/** @param {readonly Uint8Array[]} pieces */
export function concat(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Bytes as a string of one character each: to compare two of them costs an interpreter no loop.
 *
 * @param {Uint8Array} bytes
 */
export function latin1(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + 4096));
  }
  return text;
}

/**
 * RFC 6455 section 5.3, to the letter.
 *
 * @param {Uint8Array} bytes
 * @param {number} key as the RFC prints it
 * @param {number} phase the index of the first of the bytes in the payload
 */
export function maskByTheLetter(bytes, key, phase = 0) {
  const octets = [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255];
  const { length } = bytes;
  const masked = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    masked[i] = /** @type {number} */ (bytes[i]) ^ /** @type {number} */ (octets[(i + phase) & 3]);
  }
  return masked;
}

/**
 * A frame to the letter of section 5.2, with the length in its shortest form.
 *
 * @param {number} byte0 FIN, RSV and opcode
 * @param {Uint8Array} payload in the clear
 * @param {number | undefined} key
 */
export function frameByTheLetter(byte0, payload, key) {
  const { length } = payload;
  const mask = key === undefined ? 0 : 0x80;
  const head =
    length < 126
      ? [byte0, mask | length]
      : length < 65_536
        ? [byte0, mask | 126, length >> 8, length & 255]
        : [byte0, mask | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  if (key === undefined) return concat([Uint8Array.from(head), payload]);
  head.push(key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255);
  return concat([Uint8Array.from(head), maskByTheLetter(payload, key)]);
}

/** xorshift32: the same numbers from the same seed, in every runtime. */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed | 0 || 1;
  }

  /** 32 bits, signed. */
  int32() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (this.#state = x);
  }

  /**
   * 0 to n - 1.
   *
   * @param {number} n
   */
  below(n) {
    return (this.int32() >>> 0) % n;
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  pick(list) {
    return /** @type {T} */ (list[this.below(list.length)]);
  }

  /** @param {number} length */
  bytes(length) {
    const count = (length + 3) >> 2;
    const words = new Int32Array(count);
    for (let i = 0; i < count; i++) words[i] = this.int32();
    return new Uint8Array(words.buffer, 0, length);
  }
}
