import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { PerMessageDeflateOptions } from '../src/per-message-deflate.ts';
import { pattern, SIZES, textOf } from './interop.suite.ts';
import { ended, nextConnection, serve } from './serve.suite.ts';

/** It masks byte by byte in Python: more would take seconds. */
const PEER_SIZES = SIZES.filter((size) => size <= 65_536);

/** A client by the library autobahn that echoes, and our end of its connection. */
async function withAutobahn(perMessageDeflate?: PerMessageDeflateOptions) {
  const { server, port } = await serve({ perMessageDeflate });
  const connected = nextConnection(server);
  const script = fileURLToPath(new URL('./python-autobahn-peer.suite.py', import.meta.url));
  const options = perMessageDeflate === undefined ? [] : ['deflate'];
  const child = spawn('/usr/bin/python3', [script, `ws://127.0.0.1:${port}/`, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const last = once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(line));
  // A client that fails would otherwise be waited for until the time is up.
  const failed = last.then((line) => Promise.reject(new Error(`autobahn has ended: ${JSON.stringify(line)}`)));
  failed.catch(() => {});
  const socket = await Promise.race([connected, failed]);
  const echo = async (data: string | Buffer, options?: { fin: boolean }) => {
    const answer = once(socket, 'message');
    socket.send(data, options ?? {});
    return (await Promise.race([answer, failed])) as [Buffer, boolean];
  };
  return { socket, echo, last };
}

test.each([
  undefined,
  { threshold: 0 },
  { threshold: 0, serverNoContextTakeover: false, clientNoContextTakeover: false },
])('autobahn, client: every size comes back, with compression %o', async (perMessageDeflate) => {
  const { socket, echo } = await withAutobahn(perMessageDeflate);
  expect(socket.extensions !== '').toBe(perMessageDeflate !== undefined);
  for (const size of PEER_SIZES) {
    const [binary, isBinary] = await echo(pattern(size));
    expect([binary.equals(pattern(size)), isBinary]).toEqual([true, true]);
    const [text, isNotText] = await echo(textOf(size));
    expect([String(text) === textOf(size), isNotText]).toEqual([true, false]);
  }
});

test('autobahn, client: fragments both ways, and a ping between them', async () => {
  const { socket, echo } = await withAutobahn();
  const pong = once(socket, 'pong');
  socket.send('frag', { fin: false });
  socket.ping('between');
  const [answer] = await echo('ments', { fin: true });
  expect(String(answer)).toBe('fragments');
  expect(String((await pong)[0])).toBe('between');
});

test('autobahn, client: either end closes with code and reason', async () => {
  const first = await withAutobahn();
  const end = ended(first.socket);
  first.socket.send('close');
  expect(await end).toEqual({ code: 4001, reason: 'grüße', cause: undefined });
  const second = await withAutobahn();
  const secondEnd = ended(second.socket);
  second.socket.close(4000, 'grüße');
  expect(await second.last).toEqual({ clean: true, code: 4000, reason: 'grüße' });
  // It answers with 1000, whatever our code was.
  expect(await secondEnd).toEqual({ code: 1000, reason: '', cause: undefined });
});
