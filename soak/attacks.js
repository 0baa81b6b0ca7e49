/** What the attackers do, with bytes that were made before: an attack should cost them little. */
import { connect } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';

const ADDRESS = '127.0.0.1';
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const REQUEST = `${UPGRADE}\r\n`;
const DEFLATE_REQUEST = `${UPGRADE}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
const MEBI = 1024 * 1024;

/** What they have done, so that an attack that did nothing does not pass. */
export const done = { connections: 0, refused: 0, ended: 0, bytes: 0 };

/**
 * @param {number} port
 * @param {string | Buffer} request
 * @param {(socket: import('node:net').Socket) => void} opened
 * @param {() => void} ended
 */
function open(port, request, opened, ended = () => {}) {
  const socket = connect({ port, host: ADDRESS, noDelay: true });
  socket.write(request);
  let told = false;
  socket.once('data', (head) => {
    if (!head.toString('latin1', 0, 12).endsWith('101')) {
      done.refused++;
      socket.destroy();
      return;
    }
    done.connections++;
    told = true;
    opened(socket);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    done.ended++;
    done.bytes += told ? 0 : socket.bytesWritten;
    ended();
  });
}

/** @param {import('node:net').Socket} socket @param {Buffer} bytes */
function write(socket, bytes) {
  done.bytes += bytes.length;
  socket.write(bytes);
}

/**
 * Writes the same bytes again and again, as fast as they are taken.
 *
 * @param {import('node:net').Socket} socket
 * @param {Buffer} bytes
 */
function flood(socket, bytes) {
  const more = () => {
    if (!socket.writable) return;
    done.bytes += bytes.length;
    socket.write(bytes, more);
  };
  more();
}

/** So many connections; who has ended comes again. @param {number} count @param {(again: () => void) => void} one */
function keep(count, one) {
  for (let i = 0; i < count; i++) {
    const again = () => one(() => setImmediate(again));
    again();
  }
}

/** A byte a second for each of many, spread over the second. @param {Buffer} bytes */
function drip(bytes) {
  /** @type {{ socket: import('node:net').Socket, at: number }[][]} */
  const slots = Array.from({ length: 20 }, () => []);
  let count = 0;
  let turn = 0;
  setInterval(() => {
    for (const item of slots[turn++ % slots.length] ?? []) {
      if (!item.socket.writable) continue;
      item.socket.write(bytes.subarray(item.at % bytes.length, (item.at++ % bytes.length) + 1));
      done.bytes++;
    }
  }, 1000 / slots.length);
  return (/** @type {import('node:net').Socket} */ socket) => slots[count++ % slots.length]?.push({ socket, at: 0 });
}

/**
 * Frames of a client whose masking key is 0, which leaves the payload as it is.
 *
 * @param {number} byte0
 * @param {Buffer} payload
 */
function frame(byte0, payload, length = payload.length) {
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = byte0;
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

const EMPTY = Buffer.alloc(0);
const A = Buffer.from('a');
/** A compressed message of zeros. @param {number} bytes */
const bomb = (bytes) =>
  frame(0xc2, deflateRawSync(Buffer.alloc(bytes), { finishFlush: constants.Z_SYNC_FLUSH, level: 9 }).subarray(0, -4));

/** Heads over one limit or another of a request, or close to it. */
const HEADS = [
  `${UPGRADE}${'a: b\r\n'.repeat(2000)}\r\n`,
  `${UPGRADE}a: ${'b'.repeat(MEBI)}\r\n\r\n`,
  `${UPGRADE}Sec-WebSocket-Extensions: ${'permessage-deflate; x=1, '.repeat(620)}y\r\n\r\n`,
  `${UPGRADE}Sec-WebSocket-Extensions: permessage-deflate${'; server_max_window_bits=99'.repeat(560)}\r\n\r\n`,
  `${UPGRADE}Sec-WebSocket-Protocol: ${Array.from({ length: 2500 }, (_, i) => `p${i}`).join(',')}\r\n\r\n`,
  `${UPGRADE}Cookie: ${' ;='.repeat(5000)}\r\n\r\n`,
].map((head) => Buffer.from(head));

/**
 * @typedef {(port: number, connections: number) => void} Attack
 * @type {Record<string, Attack>}
 */
export const ATTACKS = {
  'slow handshake'(port, connections) {
    const add = drip(Buffer.from(UPGRADE));
    for (let i = 0; i < connections; i++) {
      done.connections++;
      const socket = connect({ port, host: ADDRESS, noDelay: true });
      socket.on('error', () => {});
      add(socket);
    }
  },
  'slow header'(port, connections) {
    const add = drip(frame(0x82, EMPTY, 16 * MEBI));
    keep(connections, (again) => open(port, REQUEST, add, again));
  },
  'slow payload'(port, connections) {
    const header = frame(0x82, EMPTY, 16 * MEBI);
    const add = drip(A);
    const opened = (/** @type {import('node:net').Socket} */ socket) => {
      socket.write(header);
      add(socket);
    };
    keep(connections, (again) => open(port, REQUEST, opened, again));
  },
  'tiny fragments'(port, connections) {
    const later = frame(0x00, A);
    const message = Buffer.concat([frame(0x02, A), Buffer.alloc(later.length * 200_000, later), frame(0x80, A)]);
    keep(connections, (again) => open(port, REQUEST, (socket) => flood(socket, message), again));
  },
  'ping flood'(port, connections) {
    const ping = frame(0x89, EMPTY);
    const pings = Buffer.alloc(ping.length * 20_000, ping);
    keep(connections, (again) =>
      open(
        port,
        REQUEST,
        (socket) =>
          flood(
            socket.on('data', () => {}),
            pings,
          ),
        again,
      ),
    );
  },
  'pings, answers not read'(port, connections) {
    const ping = frame(0x89, Buffer.alloc(125));
    const pings = Buffer.alloc(ping.length * 2000, ping);
    keep(connections, (again) => open(port, REQUEST, (socket) => flood(socket.pause(), pings), again));
  },
  'connection flood'(port, connections) {
    keep(connections, (again) => open(port, REQUEST, again, again));
  },
  'compression bombs of 16 MiB'(port, connections) {
    const bytes = bomb(16 * MEBI);
    keep(connections, (again) => open(port, DEFLATE_REQUEST, (socket) => flood(socket, bytes), again));
  },
  'compression bombs of 100 MiB'(port, connections) {
    const bytes = bomb(100 * MEBI);
    keep(connections, (again) => open(port, DEFLATE_REQUEST, (socket) => void write(socket, bytes), again));
  },
  'header bombs'(port, connections) {
    let next = 0;
    keep(connections, (again) => {
      const head = HEADS[next++ % HEADS.length] ?? EMPTY;
      open(port, head, (socket) => socket.destroy(), again);
    });
  },
  'never reads'(port, connections) {
    const message = frame(0x82, Buffer.alloc(4096));
    const messages = Buffer.alloc(message.length * 16, message);
    keep(connections, (again) => open(port, REQUEST, (socket) => flood(socket.pause(), messages), again));
  },
};
