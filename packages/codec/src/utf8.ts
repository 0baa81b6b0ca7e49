import { check, checkBytes, checkOptionalFunction } from './check.ts';

/*
 * UTF-8 as RFC 3629 and Unicode's table 3-7 have it: no overlong form, no surrogate, nothing over U+10FFFF.
 */

/**
 * The engine's coders; without them (QuickJS), the loops below do the work. Typed here, since the codec compiles
 * without DOM and Node.
 */
interface TextCoders {
  readonly TextDecoder?: new (
    label: string,
    options: { ignoreBOM: boolean; fatal: boolean },
  ) => { decode(bytes: Uint8Array): string };
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
}
const coders = globalThis as TextCoders;

/**
 * The engine's decoder: `ignoreBOM` keeps a leading U+FEFF: it is a part of the message (row F13). A polyfill may
 * reject or ignore `ignoreBOM` or `fatal`: then it is not used.
 */
const decoder = /* @__PURE__ */ (() => {
  let keepsBom: InstanceType<NonNullable<TextCoders['TextDecoder']>> | undefined;
  try {
    const decoder = new coders.TextDecoder!('utf-8', { ignoreBOM: true, fatal: true });
    if (decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf))) keepsBom = decoder;
    decoder.decode(Uint8Array.of(0xff));
  } catch {
    return keepsBom;
  }
  return undefined;
})();
const encoder = /* @__PURE__ */ (() => coders.TextEncoder && new coders.TextEncoder())();

/**
 * Checks UTF-8 that comes in pieces, and says at which byte it became invalid: the first byte that cannot
 * continue what came before it (RFC 6455, section 8.1).
 */
export class Utf8Validator {
  readonly #isUtf8: ((bytes: Uint8Array) => boolean) | undefined;
  /** Continuation bytes still to come of the character in progress. */
  #missing = 0;
  /** The range of the next continuation byte: narrower than 80-BF after E0, ED, F0 and F4. */
  #low = 0x80;
  #high = 0xbf;

  /**
   * @param isUtf8 a fast check of whole texts, for what is long: that of `node:buffer`. Default: none
   * @throws TypeError if it is no function
   */
  constructor(isUtf8?: ((bytes: Uint8Array) => boolean) | undefined) {
    checkOptionalFunction(isUtf8, 'isUtf8');
    this.#isUtf8 = isUtf8;
  }

  /** Whether what was pushed so far ends with a whole character. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /**
   * Takes more bytes: `bytes[start, end)`, where 0 <= start <= end <= bytes.length, which is not checked.
   *
   * @returns the index into `bytes` of the first bad byte, or -1. After a bad byte, call {@link reset} before the next
   *   use.
   * @throws TypeError for no Uint8Array
   */
  push(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    checkBytes(bytes, 'bytes');
    if (this.#isUtf8 === undefined || end - start < LONG_TEXT) return this.#run(bytes, start, end);
    // The characters that begin before these bytes, and those that end behind them, are not whole here.
    const first = start + this.#missing;
    const bad = this.#run(bytes, start, first);
    if (bad !== -1) return bad;
    let last = end - 1;
    while (last > end - 4 && (bytes[last]! & 0xc0) === 0x80) last--;
    const whole = this.#isUtf8(bytes.subarray(first, last));
    return this.#run(bytes, whole ? last : first, end);
  }

  /**
   * Takes the last bytes of a text, as {@link push} does: a character that they leave unfinished is bad at the last of
   * them, `end - 1`, or at 0 if there is none.
   */
  pushLast(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    const bad = this.push(bytes, start, end);
    return bad === -1 && !this.complete ? Math.max(end - 1, 0) : bad;
  }

  #run(bytes: Uint8Array, start: number, end: number): number {
    let missing = this.#missing;
    let low = this.#low;
    let high = this.#high;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (missing > 0) {
        if (byte < low || byte > high) return i;
        low = 0x80;
        high = 0xbf;
        missing--;
      } else if (byte >= 0x80) {
        if (byte < 0xc2 || byte > 0xf4) return i;
        if (byte < 0xe0) missing = 1;
        else if (byte < 0xf0) {
          missing = 2;
          if (byte === 0xe0) low = 0xa0;
          else if (byte === 0xed) high = 0x9f;
        } else {
          missing = 3;
          if (byte === 0xf0) low = 0x90;
          else if (byte === 0xf4) high = 0x8f;
        }
      } else while (i + 4 < end && (bytes[i + 1]! | bytes[i + 2]! | bytes[i + 3]! | bytes[i + 4]!) < 0x80) i += 4;
    }
    this.#missing = missing;
    this.#low = low;
    this.#high = high;
    return -1;
  }

  /** Forgets what came before: the next byte starts a character. */
  reset(): void {
    this.#missing = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }
}

/** From here on a call into the engine costs less than a loop. */
const LONG_TEXT = 64;

/** Up to here a string is made faster character by character, where all are ASCII. */
export const SHORT_TEXT = 24;

const { fromCharCode } = String;

/** The text of `bytes[start, end)`, which are ASCII. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT) return decodeUtf8(bytes.subarray(start, end));
  let text = '';
  let i = start;
  for (; i + 8 <= end; i += 8) {
    // biome-ignore format: eight characters at a time
    text += fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!, bytes[i + 4]!, bytes[i + 5]!, bytes[i + 6]!, bytes[i + 7]!);
  }
  for (; i < end; i++) text += fromCharCode(bytes[i]!);
  return text;
}

/**
 * The text of valid UTF-8, as a decoder has delivered it; a leading BOM is kept.
 *
 * @throws TypeError if the bytes are not valid UTF-8, or no Uint8Array
 */
export function decodeUtf8(bytes: Uint8Array): string {
  checkBytes(bytes, 'bytes');
  if (bytes.length <= SHORT_TEXT) {
    let or = 0;
    for (let i = 0; i < bytes.length; i++) or |= bytes[i]!;
    if (or < 0x80) return decodeAscii(bytes, 0, bytes.length);
  }
  return decoder ? decoder.decode(bytes) : decodeUtf8Purely(bytes);
}

/** {@link decodeUtf8} for engines without TextDecoder. */
export function decodeUtf8Purely(bytes: Uint8Array): string {
  if (new Utf8Validator().pushLast(bytes) !== -1) throw new TypeError('the bytes are not valid UTF-8');
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i++]!;
    let point = lead;
    if (lead >= 0xf0)
      point = ((lead & 0x07) << 18) | (tail(bytes, i++) << 12) | (tail(bytes, i++) << 6) | tail(bytes, i++);
    else if (lead >= 0xe0) point = ((lead & 0x0f) << 12) | (tail(bytes, i++) << 6) | tail(bytes, i++);
    else if (lead >= 0x80) point = ((lead & 0x1f) << 6) | tail(bytes, i++);
    text += String.fromCodePoint(point);
  }
  return text;
}

function tail(bytes: Uint8Array, at: number): number {
  return bytes[at]! & 0x3f;
}

/**
 * The UTF-8 of a text, in an array of its own. A lone surrogate becomes U+FFFD, as everywhere on the web.
 *
 * @throws TypeError if it is not a string
 */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  check(typeof text === 'string', text, 'text', 'a string');
  return encoder ? encoder.encode(text) : encodeUtf8Purely(text);
}

/** {@link encodeUtf8} for engines without TextEncoder. */
export function encodeUtf8Purely(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length * 3);
  let end = 0;
  for (const character of text) {
    let point = character.codePointAt(0)!;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) {
      bytes[end++] = point;
      continue;
    }
    if (point < 0x800) bytes[end++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x10000) bytes[end++] = 0xe0 | (point >> 12);
      else {
        bytes[end++] = 0xf0 | (point >> 18);
        bytes[end++] = 0x80 | ((point >> 12) & 0x3f);
      }
      bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[end++] = 0x80 | (point & 0x3f);
  }
  return bytes.slice(0, end);
}
