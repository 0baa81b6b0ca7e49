/** Clients without a WebSocket library: they send frames that were made before, and count those that come back. */
import { connect } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';

/**
 * Messages as servers send them: JSON, no two alike.
 *
 * @param {number} size in bytes
 * @param {number} count
 */
export function makeMessages(size, count) {
  let state = 7;
  const next = (/** @type {number} */ limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % limit;
  };
  const names = ['ada', 'grace', 'edsger', 'barbara', 'donald', 'tony', 'leslie', 'john'];
  const record = () =>
    `{"id":${next(1e6)},"user":"${names[next(8)]}","price":${next(1e5) / 100},"at":"2026-01-${10 + next(20)}","ok":${next(2) === 1}},`;
  return Array.from({ length: count }, () => {
    let text = '';
    while (text.length < size) text += record();
    return Buffer.from(text.slice(0, size));
  });
}

/**
 * A text frame of a client. Compressed, it stands by itself, which is legal with takeover too.
 *
 * @param {Buffer} message
 * @param {boolean} compressed
 */
export function makeFrame(message, compressed) {
  const payload = compressed
    ? deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
    : message;
  const { length } = payload;
  const header = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  // The masking key 0 leaves the payload as it is.
  return Buffer.concat([Buffer.from([compressed ? 0xc1 : 0x81, ...header, 0, 0, 0, 0]), payload]);
}

export class Client {
  received = 0;
  /** Bytes of payload that have come. */
  payloadBytes = 0;
  /** Called for each message. */
  onMessage = () => {};
  #rest = Buffer.alloc(0);
  #skip = 0;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
  }

  /** @param {number} port @returns {Promise<Client>} once the handshake is done */
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', reject);
      socket.write(
        `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n`,
      );
      socket.once('data', (head) => {
        if (!head.toString().startsWith('HTTP/1.1 101')) reject(new Error(head.toString()));
        resolve(new Client(socket));
      });
    });
  }

  /** Frames of a server: counted, and their payload not looked at. @param {Buffer} chunk */
  #read(chunk) {
    let at = Math.min(this.#skip, chunk.length);
    this.#skip -= at;
    if (this.#rest.length > 0) {
      chunk = Buffer.concat([this.#rest, chunk.subarray(at)]);
      at = 0;
    }
    let messages = 0;
    while (this.#skip === 0 && chunk.length - at >= 2) {
      let length = chunk[at + 1] ?? 0;
      let header = 2;
      if (length === 126) {
        header = 4;
        if (chunk.length - at < 4) break;
        length = chunk.readUInt16BE(at + 2);
      } else if (length === 127) {
        header = 10;
        if (chunk.length - at < 10) break;
        length = Number(chunk.readBigUInt64BE(at + 2));
      }
      messages++;
      this.payloadBytes += length;
      const end = at + header + length;
      this.#skip = Math.max(0, end - chunk.length);
      at = Math.min(end, chunk.length);
    }
    this.#rest = this.#skip > 0 || at === chunk.length ? Buffer.alloc(0) : Buffer.from(chunk.subarray(at));
    this.received += messages;
    for (let i = 0; i < messages; i++) this.onMessage();
  }
}
