import { latin1 } from './bytes.js';

/** @typedef {import('../../dist/index.js').MessageSink} MessageSink */

/**
 * What a decoder delivers, in words, a line an event.
 *
 * @implements {MessageSink}
 */
export class Events {
  /** @type {string[]} */
  lines = [];
  /** Called after each event, with its number. */
  after;

  /** @param {(event: number) => void} [after] */
  constructor(after) {
    this.after = after;
  }

  /** @param {string} line */
  #add(line) {
    this.lines.push(line);
    this.after?.(this.lines.length - 1);
  }

  /** @param {Uint8Array} payload @param {number} opcode @param {number} rsv */
  message(payload, opcode, rsv) {
    this.#add(`${opcode === 1 ? 'text' : 'binary'}${rsv === 0 ? '' : ` rsv ${rsv}`} ${latin1(payload)}`);
  }

  /** @param {Uint8Array} payload */
  ping(payload) {
    this.#add(`ping ${latin1(payload)}`);
  }

  /** @param {Uint8Array} payload */
  pong(payload) {
    this.#add(`pong ${latin1(payload)}`);
  }

  /** @param {number | undefined} code @param {string} reason */
  close(code, reason) {
    this.#add(`close ${code} ${reason}`);
  }

  /** @param {{ violation: string, closeCode: number, offset: number }} error */
  violation({ violation, closeCode, offset }) {
    this.#add(`${violation} ${closeCode} @${offset}`);
  }

  toString() {
    return this.lines.join('\n');
  }
}
