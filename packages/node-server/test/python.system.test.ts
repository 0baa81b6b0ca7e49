import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PermessageDeflateOptions } from '@ws/permessage-deflate';
import { expect, onTestFinished, test } from 'vitest';
import type { PerMessageDeflateOptions } from '../src/per-message-deflate.ts';
import type { WebSocket } from '../src/websocket.ts';
import { connectClient } from './client-role.suite.ts';
import { pattern, SIZES, textOf } from './interop.suite.ts';
import { ended, nextConnection, serve } from './serve.suite.ts';

const echo = (socket: WebSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** What the peer should say of a message that it has received. */
const digest = (kind: 'text' | 'binary', size: number) => ({
  kind,
  size,
  sha256: sha256(kind === 'text' ? textOf(size) : pattern(size)),
});

/** The library websockets of Python, as a client of `url` or as a server; each order is answered by one line. */
async function python(...args: string[]) {
  const script = fileURLToPath(new URL('./python-peer.suite.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python peer has ended');
    return JSON.parse(value);
  };
  const order = (what: object) => {
    child.stdin.write(`${JSON.stringify(what)}\n`);
    return answer();
  };
  return { answer, order };
}

async function withPythonClient(
  connection?: (socket: WebSocket) => void,
  perMessageDeflate?: PerMessageDeflateOptions,
) {
  const { server, port } = await serve({ perMessageDeflate }, connection);
  const connected = nextConnection(server);
  const theirs = perMessageDeflate === undefined ? [] : [JSON.stringify({ client_max_window_bits: true })];
  const peer = await python('client', `ws://127.0.0.1:${port}/`, ...theirs);
  expect(await peer.answer()).toEqual({ connected: true });
  return { ...peer, socket: await connected };
}

async function withPythonServer(theirs?: object, ours?: PermessageDeflateOptions) {
  const peer = await python('server', ...(theirs === undefined ? [] : [JSON.stringify(theirs)]));
  const { port } = await peer.answer();
  const client = await connectClient(`ws://127.0.0.1:${port}/`, ours);
  expect(await peer.answer()).toEqual({ connected: true });
  return { ...peer, ...client };
}

const kinds = ['binary', 'text'] as const;

test('python websockets, client: every size is echoed, whole and in fragments with a ping between', async () => {
  const { order } = await withPythonClient(echo);
  for (const kind of kinds) {
    for (const size of SIZES) {
      for (const way of ['send', 'send fragments']) {
        expect(await order({ do: way, kind, size })).toEqual({});
        expect(await order({ do: 'receive' })).toEqual(digest(kind, size));
      }
      expect(await order({ do: 'ping', size: Math.min(size, 125) })).toEqual({});
    }
  }
});

test('python websockets, client: fragments of ours, with pings between', async () => {
  const { order, socket } = await withPythonClient();
  for (const size of SIZES) {
    const data = pattern(size);
    const pong = once(socket, 'pong');
    socket.send(data.subarray(0, size >> 1), { fin: false });
    socket.ping('between');
    socket.send(data.subarray(size >> 1), { fin: true });
    expect(await order({ do: 'receive' })).toEqual(digest('binary', size));
    expect(String((await pong)[0])).toBe('between');
  }
});

test('python websockets, client: either end closes with code and reason', async () => {
  const first = await withPythonClient();
  const end = ended(first.socket);
  await first.order({ do: 'close', code: 4000, reason: 'grüße' });
  expect(await end).toEqual({ code: 4000, reason: 'grüße', cause: undefined });
  const second = await withPythonClient();
  const secondEnd = ended(second.socket);
  second.socket.close(4001, 'grüße');
  expect(await second.order({ do: 'closed' })).toEqual({ code: 4001, reason: 'grüße' });
  expect((await secondEnd).code).toBe(4001);
});

test('python websockets, server: our client role sends and receives every size', async () => {
  const { order, driver, message } = await withPythonServer();
  for (const size of SIZES) {
    for (const kind of kinds) {
      driver.send(kind === 'text' ? textOf(size) : pattern(size), {});
      expect(await order({ do: 'receive' })).toEqual(digest(kind, size));
      for (const way of ['send', 'send fragments']) {
        await order({ do: way, kind, size });
        const { payload, isBinary } = await message();
        expect([sha256(payload), isBinary]).toEqual([digest(kind, size).sha256, kind === 'binary']);
      }
    }
  }
});

test('python websockets, server: either end closes, pings are answered', async () => {
  const first = await withPythonServer();
  expect(await first.order({ do: 'ping', size: 125 })).toEqual({});
  first.driver.close(4000, 'grüße');
  expect(await first.order({ do: 'closed' })).toEqual({ code: 4000, reason: 'grüße' });
  expect((await first.over).code).toBe(4000);
  const second = await withPythonServer();
  await second.order({ do: 'close', code: 4001, reason: 'grüße' });
  expect(await second.over).toEqual({ code: 4001, reason: 'grüße' });
});

const TAKEOVERS = [false, true].flatMap((server) => [false, true].map((client) => [server, client] as const));
const WINDOWS = [8, 9, 10, 11, 12, 13, 14, 15];
const DEFLATED_SIZES = [0, 1, 126, 1024, 5000, 65_536, 300_000];

test.each(TAKEOVERS)(
  'python websockets, client, compressed: takeover by us %s, by it %s, in every window',
  async (server, client) => {
    for (const bits of WINDOWS) {
      const { order, socket } = await withPythonClient(echo, {
        ...{ serverNoContextTakeover: !server, clientNoContextTakeover: !client, threshold: 0 },
        // Its zlib cannot compress in a window of 2^8 bytes.
        ...{ serverMaxWindowBits: bits, clientMaxWindowBits: Math.max(bits, 9) },
      });
      expect(socket.extensions).toMatch(/^permessage-deflate/);
      for (const size of DEFLATED_SIZES) {
        for (const kind of kinds) {
          for (const way of ['send', 'send fragments']) {
            expect(await order({ do: way, kind, size })).toEqual({});
            expect(await order({ do: 'receive' })).toEqual(digest(kind, size));
          }
        }
      }
      await order({ do: 'close', code: 1000, reason: '' });
    }
  },
);

test.each(TAKEOVERS)(
  'python websockets, server, compressed: takeover by it %s, by us %s, in every window',
  async (server, client) => {
    for (const bits of WINDOWS) {
      const theirs = {
        ...{ server_no_context_takeover: !server, client_no_context_takeover: !client },
        ...{ server_max_window_bits: Math.max(bits, 9), client_max_window_bits: bits },
      };
      const ours = { serverNoContextTakeover: !server, clientNoContextTakeover: !client, threshold: 0 };
      const { order, driver, message, agreed } = await withPythonServer(theirs, ours);
      expect(agreed).toBeDefined();
      for (const size of DEFLATED_SIZES) {
        for (const kind of kinds) {
          driver.send(kind === 'text' ? textOf(size) : pattern(size), {});
          expect(await order({ do: 'receive' })).toEqual(digest(kind, size));
          for (const way of ['send', 'send fragments']) {
            await order({ do: way, kind, size });
            const { payload, isBinary } = await message();
            expect([sha256(payload), isBinary]).toEqual([digest(kind, size).sha256, kind === 'binary']);
          }
        }
      }
      driver.close(1000);
    }
  },
);
