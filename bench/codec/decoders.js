/** Who decodes, and how: each takes chunks and counts what it has delivered. */
import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { FrameDecoder, Maskable, MessageDecoder, MessageMemory } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';

/**
 * @typedef {{ push(chunk: Uint8Array): unknown, count: number }} Counter
 * @typedef {(text: boolean) => Counter} Make `text`: each message is made a string
 */

const load = createRequire(import.meta.url);

/** What a runtime on V8 lends the codec; what Node lends it besides. */
const v8 = process.versions['bun'] === undefined ? { maskKernel: bigUint64Kernel } : {};
/** Public, but not in the types of every version. */
const { utf8Slice } = /** @type {any} */ (Buffer.prototype);
const node = {
  ...v8,
  isUtf8,
  decodeUtf8: (/** @type {Uint8Array} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
    /** @type {string} */ (utf8Slice.call(bytes, start, end)),
};

/** Of what was delivered last, so that no engine finds that nobody wants it. */
export const last = { message: /** @type {unknown} */ (undefined) };

/**
 * @param {import('@ws/codec').Platform} platform
 * @param {boolean} text
 * @param {'server' | 'client'} role
 */
function messages(platform, text, role = 'server') {
  const counter = { count: 0, push: (/** @type {Uint8Array} */ chunk) => decoder.push(chunk) };
  /** @type {import('@ws/codec').MessageSink} */
  const sink = {
    message(payload) {
      counter.count++;
      last.message = payload;
    },
    ping() {},
    pong() {},
    close() {},
    violation(error) {
      throw error;
    },
  };
  if (text) {
    sink.text = (string) => {
      counter.count++;
      last.message = string;
    };
  }
  const decoder = new MessageDecoder({ role }, {}, sink, platform);
  return counter;
}

/** @param {boolean} text @param {boolean} isServer */
function ws(text, isServer = true) {
  const { Receiver } = load('ws');
  const receiver = new Receiver({ isServer, maxPayload: 16 * 1024 * 1024 });
  const counter = { count: 0, push: (/** @type {Uint8Array} */ chunk) => receiver.write(chunk) };
  receiver.on('message', (/** @type {Buffer} */ data) => {
    counter.count++;
    last.message = text ? data.toString() : data;
  });
  return counter;
}

/** What it delivers are views of the chunk, so to own them it must be given a copy. @type {Make} */
function wsOwned(text) {
  const counter = ws(text);
  const { push } = counter;
  counter.push = (chunk) => push(Buffer.from(chunk));
  return counter;
}

/** @type {Make} */
function websocketDriver() {
  const headers = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  };
  const request = { method: 'GET', url: '/', headers, connection: {} };
  const driver = load('websocket-driver').http(request, { requireMasking: true });
  driver.start();
  const counter = { count: 0, push: (/** @type {Uint8Array} */ chunk) => driver.parse(chunk) };
  driver.on('message', (/** @type {{ data: unknown }} */ { data }) => {
    counter.count++;
    last.message = data;
  });
  driver.on('error', (/** @type {Error} */ error) => {
    throw error;
  });
  return counter;
}

/** The parser of Node's own client, which is not exported, but neither hidden. */
function undici() {
  const { ByteParser } = load('undici/lib/web/websocket/receiver.js');
  /** @type {Counter} */
  const counter = { count: 0, push: (chunk) => parser.write(chunk) };
  const handler = {
    readyState: 1,
    closeState: new Set(),
    socket: { destroyed: false },
    onMessage(/** @type {number} */ _opcode, /** @type {Buffer} */ data) {
      counter.count++;
      last.message = data;
    },
  };
  const parser = new ByteParser(handler, null, { maxPayloadSize: 16 * 1024 * 1024 });
  return counter;
}

/** Payloads as indices into the chunk, unmasked there: nothing is allocated. */
function offsets() {
  const counter = { count: 0, push };
  /** @type {Maskable} */
  let words;
  const decoder = new FrameDecoder(
    { role: 'server' },
    {
      frame(header, _chunk, start, end) {
        words.mask(start, end, header.maskingKey ?? 0);
        counter.count++;
      },
      begin() {},
      part(_chunk, _start, _end, isLast) {
        if (isLast) counter.count++;
      },
      violation(error) {
        throw error;
      },
    },
  );
  function push(/** @type {Uint8Array} */ chunk) {
    words = new Maskable(chunk, v8.maskKernel);
    return decoder.push(chunk);
  }
  return counter;
}

/** As a server of Node has it: Buffers, out of memory that is not zeroed. */
const buffers = () => new MessageMemory(/** @type {any} */ (Buffer)[Symbol.species], Buffer.allocUnsafeSlow);

/** @type {Record<string, Make>} */
export const decoders = {
  'ws, bufferutil': (text) => ws(text),
  ws: (text) => ws(text),
  'ws, bufferutil, owned': wsOwned,
  'ws, owned': wsOwned,
  'ws client': (text) => ws(text, false),
  'websocket-driver': websocketDriver,
  undici,
  owned: (text) => messages({ ...node, memory: buffers() }, text),
  views: (text) => messages({ ...node, memory: buffers(), givesChunks: true }, text),
  'client, owned': (text) => messages({ ...node, memory: buffers() }, text, 'client'),
  client: (text) => messages({ ...node, memory: buffers(), givesChunks: true }, text, 'client'),
  pure: (text) => messages({}, text),
  offsets,
  memcpy() {
    const target = Buffer.alloc(65_536);
    const counter = { count: 0, push: (/** @type {Uint8Array} */ chunk) => target.set(chunk) };
    return counter;
  },
};
