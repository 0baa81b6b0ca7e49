/** A client that talks, and checks each echo and each pong. */
import { constants, deflateRawSync } from 'node:zlib';
import { encodeFrame, Opcode } from '@ws/codec';
import { Client, maskingKey } from './client.js';
import { judgeMessage, makeMessage } from './traffic.js';

/** Messages that may be on their way at a time. */
const MOST_OUTSTANDING = 8;
/** The mean of the pause between two messages, in milliseconds; the longest is twice that. */
const PAUSE = 2000;
/** One in so many says a word in a while only, and is pinged in between. */
const QUIET = 20;
const QUIET_PAUSE = 40_000;

/**
 * What many talkers have done. `problems` are the first ones.
 *
 * @typedef {{ opened: number, messages: number, bytes: number, pings: number, wrong: number, problems: string[] }}
 *   Tally
 */

/** @returns {Tally} */
export const newTally = () => ({ opened: 0, messages: 0, bytes: 0, pings: 0, wrong: 0, problems: [] });

export class Talker {
  #random;
  #tally;
  #connection;
  #number = 0;
  #pause;
  /** @type {import('./traffic.js').Sent[]} */
  #sent = [];
  /** @type {number[]} */
  #pings = [];
  #stopping = false;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** Nothing that comes is judged: somebody has tampered with the stream. */
  tampered = false;

  /**
   * @param {import('./client.js').Target} target
   * @param {number} connection its number, which stands in each of its messages
   * @param {import('@ws/testkit').Random} random
   * @param {Tally} tally
   * @param {{ opened(): void, ended(code: number, why: string): void }} listener
   */
  constructor(target, connection, random, tally, { opened, ended }) {
    this.#connection = connection;
    this.#random = random;
    this.#tally = tally;
    this.#pause = random.oneIn(QUIET) ? QUIET_PAUSE : PAUSE;
    const begin = () => {
      tally.opened++;
      opened();
      this.#later();
    };
    this.client = new Client({ ...target, deflates: random.oneIn(2) }, begin, {
      message: (payload, isText) => this.#echoed(payload, isText),
      pong: (payload) => this.#ponged(payload),
      ended: (code, why) => {
        clearTimeout(this.#timer);
        ended(code, why);
      },
    });
  }

  /** How many echoes and pongs are still to come. */
  get outstanding() {
    return this.#sent.length + this.#pings.length;
  }

  /** Says nothing more, and closes with 1000 once all has come back. */
  stop() {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#closeIfDone();
  }

  /** @param {string} problem */
  complain(problem) {
    if (this.tampered) return;
    this.#tally.wrong++;
    if (this.#tally.problems.length < 20) this.#tally.problems.push(problem);
  }

  #later() {
    this.#timer = setTimeout(
      () => {
        if (this.#sent.length < MOST_OUTSTANDING) this.#talk();
        this.#later();
      },
      this.#random.below(2 * this.#pause),
    );
  }

  /** A message, in one frame or in some, with a ping between two of them or none, in one write. */
  #talk() {
    const random = this.#random;
    const { payload, sent } = makeMessage(random, this.#connection, this.#number++);
    this.#sent.push(sent);
    const rsv1 = this.client.deflates && random.oneIn(2);
    let rest = rsv1 ? deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4) : payload;
    const frames = [];
    /** @type {number} */
    let opcode = sent.isText ? Opcode.Text : Opcode.Binary;
    for (let more = random.oneIn(4) ? 1 + random.below(4) : 0; more >= 0; more--) {
      const length = more === 0 ? rest.length : random.below(rest.length + 1);
      const first = opcode !== Opcode.Continuation;
      const part = rest.subarray(0, length);
      frames.push(encodeFrame({ fin: more === 0, rsv1: rsv1 && first, opcode, payload: part }, maskingKey()));
      rest = rest.subarray(length);
      opcode = Opcode.Continuation;
      if (random.oneIn(8)) frames.push(this.#ping());
    }
    this.client.socket.write(Buffer.concat(frames));
  }

  #ping() {
    const number = this.#number++;
    this.#pings.push(number);
    return encodeFrame({ fin: true, opcode: Opcode.Ping, payload: Buffer.from(String(number)) }, maskingKey());
  }

  /** @param {Buffer} payload @param {boolean} isText */
  #echoed(payload, isText) {
    const problem = judgeMessage(payload, isText, this.#connection, this.#sent.shift());
    if (problem !== undefined) this.complain(problem);
    this.#tally.messages++;
    this.#tally.bytes += payload.length;
    this.#closeIfDone();
  }

  /** @param {Buffer} payload */
  #ponged(payload) {
    const number = this.#pings.shift();
    if (payload.toString() !== String(number)) this.complain(`reordered: pong ${payload}: ${number} was next`);
    this.#tally.pings++;
    this.#closeIfDone();
  }

  #closeIfDone() {
    if (this.#stopping && this.outstanding === 0) this.client.close(1000);
  }
}
