import { readLimit } from './check.ts';
import { HandshakeError, type HandshakeReason } from './error.ts';
import { DEFAULT_MAX_HEAD_BYTES, DEFAULT_MAX_HEADER_FIELDS, type HeadKinds, type HeadLimits } from './head.ts';
import { decodeLatin1 } from './latin1.ts';
import { isTextChar, isTokenChar, isVisibleChar, trimBlanks } from './tokens.ts';

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/** A stretch of the head (RFC 9112): bytes that are judged one by one, and the byte that ends them. */
interface Part {
  readonly what: string;
  readonly allows: (byte: number, index: number) => boolean;
  readonly min: number;
  readonly end: number;
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** `HTTP/` DIGIT `.` DIGIT, and no byte after them: `charCodeAt` gives NaN there, which equals nothing. */
const isVersion = (byte: number, index: number) =>
  index === 5 || index === 7 ? isDigit(byte) : byte === 'HTTP/ .'.charCodeAt(index);

const isStatus = (byte: number, index: number) => index < 3 && isDigit(byte) && (index > 0 || byte !== 0x30);

const START_LINES: Record<keyof HeadKinds, readonly Part[]> = {
  request: [
    { what: 'the method', allows: isTokenChar, min: 1, end: SP },
    { what: 'the request target', allows: isVisibleChar, min: 1, end: SP },
    { what: 'the HTTP version', allows: isVersion, min: 8, end: CR },
  ],
  response: [
    { what: 'the HTTP version', allows: isVersion, min: 8, end: SP },
    { what: 'the status code', allows: isStatus, min: 3, end: SP },
    { what: 'the reason phrase', allows: isTextChar, min: 0, end: CR },
  ],
};

/**
 * A status after which another head comes, such as 103 Early Hints. 101 is the last of its request (RFC 9110, section
 * 15.2).
 */
const INFORMATIONAL = /^1(?!01)/;

const LINE_END: Part = { what: 'a line end', allows: () => false, min: 0, end: LF };
/** Indices into `#parts`: 0-2 start line, 3 its LF, 4 name, 5 value, 6 LF, 7 last LF. */
const TARGET = 1;
const NAME = 4;
const VALUE = 5;
const LAST = 7;
/** The parts that follow the three of the start line. */
const FIELD_LINES: readonly Part[] = [
  LINE_END,
  { what: 'the name of a header', allows: isTokenChar, min: 1, end: COLON },
  { what: 'the value of ', allows: isTextChar, min: 0, end: CR },
  LINE_END,
  LINE_END,
];

export type Scanned<K extends keyof HeadKinds> =
  | { readonly head: HeadKinds[K]; readonly bytesRead: number }
  | { readonly error: HandshakeError };

/**
 * Reads a head by its grammar: looks at each byte once, and stops at the first that is not legal.
 * Strict where leniency lets two parsers see two messages: no folded lines, no bare CR or LF, no space before the
 * colon. Informational responses are judged, and passed over.
 */
export class HeadScanner<K extends keyof HeadKinds> {
  readonly maxHeadBytes: number;
  readonly #maxHeaderFields: number;
  readonly #kind: K;
  readonly #parts: readonly Part[];
  #part = 0;
  #at = 0;
  #start = 0;
  readonly #words: string[] = [];
  readonly #headers: [string, string][] = [];
  #name = '';

  constructor(kind: K, limits: HeadLimits = {}) {
    this.#kind = kind;
    this.#parts = [...START_LINES[kind], ...FIELD_LINES];
    this.maxHeadBytes = readLimit('maxHeadBytes', DEFAULT_MAX_HEAD_BYTES, limits.maxHeadBytes);
    this.#maxHeaderFields = readLimit('maxHeaderFields', DEFAULT_MAX_HEADER_FIELDS, limits.maxHeaderFields);
  }

  /**
   * Goes on where it stopped, up to `end`. `bytes` holds the head, and what was passed over, from the first byte on;
   * `end` is at most maxHeadBytes, and `more` tells that there are bytes after it.
   */
  scan(bytes: Uint8Array, end: number, more: boolean): Scanned<K> | undefined {
    while (this.#at < end) {
      const { allows, min, end: terminator, what } = this.#parts[this.#part]!;
      const start = this.#start;
      let at = this.#at;
      if (this.#part === NAME && bytes[at] !== CR && this.#headers.length === this.#maxHeaderFields) {
        return this.#fail('too-many-fields', at, `it has more than ${this.#maxHeaderFields} header fields`);
      }
      while (at < end && allows(bytes[at]!, at - start)) at++;
      this.#at = at;
      if (at === end) break;
      const byte = bytes[at]!;
      if (byte === terminator && at - start >= min) {
        this.#finish(decodeLatin1(bytes, start, at));
      } else if (this.#part === NAME && byte === CR && at === start) {
        this.#part = LAST;
      } else {
        const name = this.#part === NAME && at > start ? ` after "${decodeLatin1(bytes, start, at)}"` : '';
        const where = what + (this.#part === VALUE ? this.#name : name);
        const hex = `0x${byte < 16 ? 0 : ''}${byte.toString(16)}`;
        return this.#fail(this.#part < NAME ? 'start-line-malformed' : 'field-malformed', at, `${hex} in ${where}`);
      }
      this.#start = this.#at = at + 1;
      if (this.#part <= LAST) continue;
      if (this.#kind === 'request' || !INFORMATIONAL.test(this.#words[1]!)) {
        return { head: this.#head(), bytesRead: this.#at };
      }
      this.#part = this.#words.length = this.#headers.length = 0;
    }
    if (!more) return undefined;
    // RFC 9112, section 3: a target that is too long has a status of its own.
    const status = this.#kind === 'request' && this.#part === TARGET ? 414 : undefined;
    return this.#fail('head-too-large', end, `it is longer than ${this.maxHeadBytes} bytes`, status);
  }

  #finish(text: string): void {
    if (this.#part < 3) this.#words.push(text);
    if (this.#part === NAME) this.#name = text;
    if (this.#part === VALUE) this.#headers.push([this.#name, trimBlanks(text)]);
    this.#part = this.#part === VALUE + 1 ? NAME : this.#part + 1;
  }

  #head(): HeadKinds[K] {
    const [first, second, third] = this.#words as [string, string, string];
    const headers = this.#headers;
    const head =
      this.#kind === 'request'
        ? { method: first, target: second, httpVersion: third.slice(5), headers }
        : { httpVersion: first.slice(5), status: Number(second), reason: third, headers };
    return head as unknown as HeadKinds[K];
  }

  #fail(
    reason: HandshakeReason,
    offset: number,
    problem: string,
    status = this.#kind === 'response' ? 0 : undefined,
  ): { error: HandshakeError } {
    const message = `The ${this.#kind}'s head is not legal at byte ${offset}: ${problem}`;
    return { error: new HandshakeError(reason, message, { offset, status }) };
  }
}
