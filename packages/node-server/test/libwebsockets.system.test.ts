import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from '../src/websocket.ts';
import { ended, type ServeOptions, serve } from './serve.suite.ts';

/**
 * The test client of libwebsockets, which opens a connection for each of its two subprotocols.
 *
 * @returns our ends of them, by subprotocol, and a wait for what the client has written
 */
async function withTestClient(options: ServeOptions) {
  const sockets = new Map<string, WebSocket>();
  let output = '';
  let changed = () => {};
  const { port } = await serve(
    { ...options, subprotocols: ['dumb-increment-protocol', 'lws-mirror-protocol'] },
    (socket) => {
      sockets.set(socket.protocol, socket);
      changed();
    },
  );
  // 15: errors, warnings, notices and what it has received.
  const child = spawn('/usr/bin/libwebsockets-test-client', ['127.0.0.1', '--port', String(port), '-d', '15'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let exited = false;
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    changed();
  });
  child.on('exit', () => {
    exited = true;
    changed();
  });
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      if (exited) throw new Error(`the test client has ended: ${output}`);
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  await until(() => sockets.size === 2);
  const [dumb, mirror] = ['dumb-increment-protocol', 'lws-mirror-protocol'].map((name) => sockets.get(name)!);
  return { dumb: dumb!, mirror: mirror!, written: (text: string) => until(() => output.includes(text)) };
}

/** A line that its mirror draws: colour, from, to. */
const DRAWN = /^c #[0-9A-F]{6} -?\d+ -?\d+ \d+;$/;

// Not with takeover by the server: libwebsockets 4.1 drops such a connection at the first compressed message, of ws as
// well.
test.each([false, { threshold: 0 }])(
  'libwebsockets, client: what it sends arrives, what we send does, in fragments and with pings between: compression %o',
  async (perMessageDeflate) => {
    const { dumb, mirror, written } = await withTestClient({ perMessageDeflate });
    expect(dumb.extensions !== '').toBe(perMessageDeflate !== false);
    let drawn = 0;
    for await (const { data, isBinary } of mirror) {
      expect([isBinary, String(data)]).toEqual([false, expect.stringMatching(DRAWN)]);
      if (++drawn === 20) break;
    }
    dumb.send('12345');
    await written("rx 5 '12345'");
    const pong = new Promise<string>((resolve) => dumb.once('pong', (data) => resolve(String(data))));
    dumb.send('67', { fin: false });
    dumb.ping('between');
    dumb.send('890', { fin: true });
    expect(await pong).toBe('between');
    const ends = [ended(dumb), ended(mirror)];
    for (const socket of [dumb, mirror]) socket.on('message', () => {}).close(1000, 'bye');
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ code: 1000, cause: undefined });
  },
);
