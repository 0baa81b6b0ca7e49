import { randomUUID } from 'node:crypto';
import { WebSocketServer } from '@ws/node-server';
import { illegalFrames } from './illegal-frames.js';
import { sameOrigin } from './same-origin.js';
import { tap } from './tap.js';

/** @import { WebSocket } from '@ws/node-server' */

/**
 * What may wait for a tab that reads slowly, in bytes: the longest echo there and back, twice. With more, the recording
 * stops; it never slows down what it records.
 */
const MAX_WAITING = 4 * 1024 * 1024;

/**
 * The endpoint /tap. A tab connects here first and is told a random id, which nobody else can guess. With
 * /echo?tap=<id> it opens the connection that it wants to watch; then it gets records of it, as binary messages:
 *
 *   byte 0       0: from the browser to the server; 1: from the server to the browser
 *   bytes 1-8    when, in milliseconds since 1970, as a big-endian float64
 *   the rest     the bytes that crossed the socket, as they were
 *
 * A text message from the tab names one of the illegal frames, which is then written to the watched connection. When
 * that has ended, so does the tap.
 *
 * @param {import('node:http').Server} http
 */
export function openTaps(http) {
  /** @type {Map<string, Tap>} */
  const taps = new Map();
  const server = new WebSocketServer({ server: http, path: '/tap', maxPayload: 100, verifyClient: sameOrigin });
  server.on('connection', (tab) => {
    const id = randomUUID();
    const recorder = new Tap(tab);
    taps.set(id, recorder);
    tab.on('message', (data) => recorder.sendIllegal(data.toString()));
    tab.on('close', () => taps.delete(id));
    tab.send(JSON.stringify({ id }));
  });
  return taps;
}

/** One tab's recording of one connection. */
export class Tap {
  /** @param {WebSocket} tab who gets the records */
  constructor(tab) {
    this.tab = tab;
    /** @type {import('node:stream').Duplex | undefined} */
    this.socket = undefined;
  }

  /**
   * Starts to record.
   *
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head what came with the upgrade request
   */
  record(socket, head) {
    if (this.socket !== undefined) return;
    this.socket = socket;
    tap(socket, head, (direction, bytes) => this.#send(direction, bytes));
    socket.on('close', () => this.tab.close(1000, 'the connection has ended'));
  }

  /** @param {string} name */
  sendIllegal(name) {
    const frame = illegalFrames.find((one) => one.name === name);
    if (frame === undefined || !this.socket?.writable) return;
    // Whoever asks for more than it reads would fill our memory.
    if (this.socket.writableLength > MAX_WAITING) this.socket.destroy();
    else this.socket.write(Uint8Array.from(frame.bytes));
  }

  /**
   * @param {'in' | 'out'} direction
   * @param {Uint8Array} bytes
   */
  #send(direction, bytes) {
    if (this.tab.readyState !== this.tab.OPEN) return;
    if (this.tab.bufferedAmount > MAX_WAITING) {
      this.tab.close(1013, 'the tab reads too slowly to go on recording');
      return;
    }
    const record = Buffer.allocUnsafe(9 + bytes.length);
    record[0] = direction === 'in' ? 0 : 1;
    record.writeDoubleBE(Date.now(), 1);
    record.set(bytes, 9);
    this.tab.send(record);
  }
}
