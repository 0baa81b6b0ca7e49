import { isUtf8 } from 'node:buffer';
import { MessageDecoder } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';
import { decodeNaively, eventLine, split, transcript } from '@ws/testkit';

/**
 * @typedef {import('./input.js').Input} Input
 * @typedef {import('@ws/testkit').NaiveResult} NaiveResult
 * @typedef {import('@ws/testkit').StreamEvent} StreamEvent
 * @typedef {import('@ws/testkit').StreamViolation} StreamViolation
 * @typedef {Pick<MessageDecoder, 'push' | 'end' | 'hold' | 'release' | 'bufferedBytes' | 'offset'>} Decoder
 * @typedef {new (...args: ConstructorParameters<typeof MessageDecoder>) => Decoder} DecoderClass
 */

/** What has been promised of memory beside 16 times what came of a message: a control frame, and a header. */
const BESIDE = 125 + 13;

/** What a runtime may lend, by the length of the stream: it changes no result. */
/** @type {import('@ws/codec').Platform[]} */
const PLATFORMS = [
  {},
  { isUtf8, maskKernel: bigUint64Kernel },
  { isUtf8, decodeUtf8, maskKernel: bigUint64Kernel },
  { isUtf8, decodeUtf8, givesChunks: true },
];

/** @param {Uint8Array} bytes @param {number} start @param {number} end */
function decodeUtf8(bytes, start, end) {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

/** Every chunk is lent out of here and overwritten after its push; it grows with the longest one. */
let scratch = new Uint8Array(1 << 18);

/** @param {Uint8Array} chunk @param {number} shift where in a word it starts */
function lend(chunk, shift) {
  if (scratch.length < chunk.length + 8) scratch = new Uint8Array(chunk.length + 8);
  const lent = scratch.subarray(shift, shift + chunk.length);
  lent.set(chunk);
  return lent;
}

/**
 * What the decoder does with an input, beside what the naive codec makes of it.
 *
 * @param {Input} input
 * @param {DecoderClass} [Decoder]
 * @param {NaiveResult} [naive] what is known already: the way in which the bytes come does not change it
 * @returns {{ naive: NaiveResult, problem: string | undefined }}
 */
export function judge(input, Decoder = MessageDecoder, naive = decodeNaively(input.bytes, input.rules)) {
  try {
    return { naive, problem: new Trial(input, naive, Decoder).problem() };
  } catch (error) {
    return { naive, problem: error instanceof Problem ? error.message : `it threw: ${stackOf(error)}` };
  }
}

/** @param {unknown} error */
function stackOf(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Thrown through the decoder, so that one which goes round in circles is stopped at its first step too many. */
class Problem extends Error {}

/** One decoder, fed with one input. It is the decoder's sink, too. */
class Trial {
  /** @type {StreamEvent[]} */
  #events = [];
  /** @type {StreamViolation[]} */
  #violations = [];
  #steps = 0;
  #held = false;
  /** The offset at which the last message ended, or 0: what has come since is what may be kept. */
  #messageStart = 0;
  #input;
  #naive;
  #decoder;
  #maxMessagePayload;
  #platform;
  /** In every other stream text comes as strings. @type {((text: string) => void) | undefined} */
  text;

  /**
   * @param {Input} input
   * @param {NaiveResult} naive
   * @param {DecoderClass} Decoder
   */
  constructor(input, naive, Decoder) {
    this.#input = input;
    this.#naive = naive;
    this.#maxMessagePayload = input.rules.maxMessagePayload ?? 16 * 1024 * 1024;
    const { length } = input.bytes;
    this.#platform = PLATFORMS[length % PLATFORMS.length] ?? {};
    if ((length & 4) !== 0) this.text = (text) => this.message(Buffer.from(text), 1, 0);
    this.#decoder = new Decoder(
      input.rules,
      input.rules,
      /** @type {import('@ws/codec').MessageSink} */ (this),
      this.#platform,
    );
  }

  /** @param {Uint8Array} payload @param {number} opcode @param {number} rsv */
  message(payload, opcode, rsv) {
    this.#messageStart = this.#naive.ends[this.#events.length] ?? 0;
    this.#deliver({ type: 'message', payload, opcode, rsv });
  }

  /** @param {Uint8Array} payload */
  ping(payload) {
    this.#deliver({ type: 'ping', payload });
  }

  /** @param {Uint8Array} payload */
  pong(payload) {
    this.#deliver({ type: 'pong', payload });
  }

  /** @param {number | undefined} code @param {string} reason */
  close(code, reason) {
    this.#deliver({ type: 'close', code, reason });
  }

  /** @param {{ violation: string, closeCode: number, offset: number }} error */
  violation({ violation, closeCode, offset }) {
    this.#violations.push(/** @type {StreamViolation} */ ({ violation, closeCode, offset }));
    this.#step();
  }

  /** @returns {string | undefined} */
  problem() {
    const { bytes, cuts, rules } = this.#input;
    for (const chunk of split(bytes, cuts)) this.#push(chunk);
    if (rules.ended) this.#decoder.end();
    if (this.#decoder.offset !== bytes.length)
      return `its offset is ${this.#decoder.offset} after ${bytes.length} bytes`;
    return this.#difference();
  }

  /** @param {Uint8Array} chunk */
  #push(chunk) {
    const lent = this.#platform.givesChunks ? Uint8Array.from(chunk) : lend(chunk, this.#decoder.offset % 8);
    let at = 0;
    do {
      at += this.#decoder.push(lent, at);
      this.#checkMemory();
      if (this.#held) this.#release(lent, at);
      else if (at !== chunk.length) throw new Problem(`a push took ${at} of ${chunk.length} bytes, and nobody held it`);
    } while (at < chunk.length);
    if (this.#platform.givesChunks) return;
    if (Buffer.compare(lent, chunk) !== 0) throw new Problem('it wrote to a chunk');
    lent.fill(0xa5);
  }

  /** @param {Uint8Array} chunk @param {number} at */
  #release(chunk, at) {
    if (this.#decoder.push(chunk, at) !== 0) throw new Problem('a push took something while it was held');
    this.#held = false;
    this.#decoder.release();
  }

  #checkMemory() {
    const { bufferedBytes, offset } = this.#decoder;
    const arrived = offset - this.#messageStart;
    const most = Math.min(16 * arrived, this.#maxMessagePayload) + BESIDE;
    if (bufferedBytes > most)
      throw new Problem(`it keeps ${bufferedBytes} bytes, with ${arrived} since the last message`);
    if (this.#violations.length > 0 && bufferedBytes > 0)
      throw new Problem(`it keeps ${bufferedBytes} bytes after a violation`);
  }

  /** @param {StreamEvent} event */
  #deliver(event) {
    const { holds } = this.#input;
    const hold = holds === 'every event' || holds.includes(this.#events.length);
    if (this.#held) throw new Problem('it delivered while it was held');
    if (this.#violations.length > 0) throw new Problem('it delivered after a violation');
    this.#events.push(event);
    this.#step();
    if (!hold) return;
    this.#held = true;
    this.#decoder.hold();
  }

  /** The watchdog: counts callbacks, which come from the bytes, and takes no time for it. */
  #step() {
    if (++this.#steps > this.#naive.events.length + 1) {
      throw new Problem(`it delivered more than the naive codec: ${this.#lines().join('\n  ')}\n${this.#expected()}`);
    }
  }

  #lines() {
    return transcript(this.#events, this.#violations[0]);
  }

  #expected() {
    return `the naive codec:\n  ${transcript(this.#naive.events, this.#naive.violation).join('\n  ')}`;
  }

  /** @returns {string | undefined} */
  #difference() {
    const { events, violation } = this.#naive;
    const [found] = this.#violations;
    const same =
      this.#violations.length <= 1 &&
      found?.violation === violation?.violation &&
      found?.closeCode === violation?.closeCode &&
      found?.offset === violation?.offset &&
      this.#events.length === events.length &&
      this.#events.every((event, i) => sameEvent(event, events[i]));
    return same ? undefined : `the decoder:\n  ${this.#lines().join('\n  ')}\n${this.#expected()}`;
  }
}

/** @param {StreamEvent} a @param {StreamEvent | undefined} b */
function sameEvent(a, b) {
  if (b === undefined || a.type !== b.type) return false;
  // Lines are for people; a run compares some ten million payloads.
  if (!('payload' in a) || !('payload' in b)) return eventLine(a) === eventLine(b);
  if (a.type === 'message' && b.type === 'message' && (a.opcode !== b.opcode || a.rsv !== b.rsv)) return false;
  return Buffer.compare(a.payload, b.payload) === 0;
}
