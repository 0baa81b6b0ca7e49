/** One client over TCP, out of the codec and the handshake. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { constants, inflateRawSync } from 'node:zlib';
import { encodeClose, encodeFrame, MessageDecoder, Opcode } from '@ws/codec';
import { createUpgrade, HeadParser, serializeHead, verifyUpgrade } from '@ws/handshake';

/** Each message is compressed by itself, both ways: node:zlib does it in one call. */
const DEFLATE = {
  name: 'permessage-deflate',
  offers: [
    [
      /** @type {const} */ (['client_no_context_takeover', undefined]),
      /** @type {const} */ (['server_no_context_takeover', undefined]),
    ],
  ],
  verify: () => ({}),
};
/** What the sender has cut off the end, RFC 7692 section 7.2.2. */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const RSV1 = 0x40;

/**
 * Who is told. `ended` comes once, last: with the code of the server's Close, and 1006 and what happened if there was
 * none.
 *
 * @typedef {{
 *   message(payload: Buffer, isText: boolean): void,
 *   pong(payload: Buffer): void,
 *   ended(code: number, why: string): void,
 * }} Listener
 *
 * @typedef {{ port: number, localAddress?: string | undefined, deflates?: boolean | undefined }} Target
 */

export class Client {
  deflates = false;
  #code = 1006;
  #why = 'the server has ended the stream, without an answer';
  #closing = false;

  /**
   * @param {Target} target
   * @param {() => void} opened
   * @param {Listener} listener
   */
  constructor({ port, localAddress, deflates = false }, opened, listener) {
    const pending = createUpgrade(`ws://127.0.0.1:${port}/`, {
      random: () => randomBytes(16),
      extensions: deflates ? [DEFLATE] : [],
    });
    const head = new HeadParser('response');
    /** @type {MessageDecoder | undefined} */
    let decoder;
    this.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    this.socket.write(serializeHead(pending.request));
    this.socket
      .on('data', (chunk) => {
        if (decoder !== undefined) return void decoder.push(chunk);
        const pushed = head.push(chunk);
        if (pushed === undefined) return;
        const answer =
          'error' in pushed ? { ok: /** @type {const} */ (false), ...pushed } : verifyUpgrade(pushed.head, pending);
        if (!answer.ok) return this.#fail(`handshake: ${answer.error.message}`);
        this.deflates = answer.negotiated.extensions.length > 0;
        decoder = this.#decoder(listener);
        this.#why = 'the server has ended the stream, without a Close';
        opened();
        if ('rest' in pushed && pushed.rest.length > 0) decoder.push(pushed.rest);
      })
      .on('error', (error) => this.#fail(`${error.message}${decoder === undefined ? ' in the handshake' : ''}`))
      .on('close', () => listener.ended(this.#code, this.#why));
  }

  /** @param {Listener} listener */
  #decoder(listener) {
    return new MessageDecoder(
      { role: 'client', allowedRsv: this.deflates ? RSV1 : 0 },
      {},
      {
        message: (payload, opcode, rsv) => {
          if (this.socket.destroyed) return;
          let bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
          if (rsv !== 0) {
            try {
              bytes = inflateRawSync(Buffer.concat([bytes, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
            } catch (error) {
              return this.#fail(`inflate: ${error}`);
            }
          }
          listener.message(bytes, opcode === Opcode.Text);
        },
        ping: (payload) => this.#frame(Opcode.Pong, payload),
        pong: (payload) => listener.pong(Buffer.from(payload)),
        close: (code = 1005) => {
          this.#code = code;
          this.#why = '';
          if (!this.#closing) this.#frame(Opcode.Close, encodeClose(code === 1005 ? undefined : code));
          this.socket.end();
        },
        violation: (error) => this.#fail(`violation: ${error.message}`),
      },
    );
  }

  /** @param {number} opcode @param {Uint8Array} payload */
  #frame(opcode, payload) {
    this.socket.write(encodeFrame({ fin: true, opcode, payload }, maskingKey()));
  }

  /** @param {number} code */
  close(code) {
    this.#closing = true;
    this.#frame(Opcode.Close, encodeClose(code));
  }

  /** @param {string} why */
  #fail(why) {
    this.socket.destroy();
    // What happens to TCP after the Close is of no importance: the server waits for its end no longer than a second.
    if (this.#why === '') return;
    this.#code = 1006;
    this.#why = why;
  }
}

/** It is not a secret here. */
export const maskingKey = () => (Math.random() * 2 ** 32) | 0;
