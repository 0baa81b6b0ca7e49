import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { open, request } from '../../test/raw-client.suite.ts';
import { deferred, ended, listen, serve, shut } from '../../test/serve.suite.ts';
import { WebSocketServer } from '../server.ts';
import { SocketTransport } from './socket-transport.ts';
import { pair } from './tls-pair.suite.ts';

for (const [when, report] of [
  ['at once', (done: () => void) => done()],
  ['later', (done: () => void) => void setImmediate(done)],
] as const) {
  test(`a write that fails ${when}: whoever waits for it is told that it was not sent, and why`, async () => {
    const server = new WebSocketServer({ noServer: true });
    onTestFinished(() => shut(server));
    const { server: http, port } = await listen();
    const told = deferred<Error | undefined>();
    http.on('upgrade', (upgrade, tcp, head) => {
      onTestFinished(() => void tcp.destroy());
      // What Node's socket does when the peer's reset has come, and has not been read.
      const socket = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          if (chunk.toString('latin1').startsWith('HTTP/1.1 101 ')) done();
          else report(() => done(new Error('write EPIPE')));
        },
      });
      server.handleUpgrade(upgrade, socket, head, (webSocket) => webSocket.send('hello', told.resolve));
    });
    request(port);
    const error = await told.promise;
    expect(error).toMatchObject({ name: 'NotSentError', code: 'ended', message: 'write EPIPE' });
  });
}

/** A transport whose driver only counts, over a socket that takes its writes at once, or when it is told to. */
function counting() {
  let finish: (() => void) | undefined;
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (String(chunk) === 'at once') done();
      else finish = done;
    },
  });
  const transport = new SocketTransport(socket);
  const told = { written: 0, lost: 0 };
  transport.connect({ written: () => told.written++, lost: () => told.lost++ } as never);
  return { socket, transport, told, finish: () => finish!() };
}

test('a write that is to be waited for is told once it is done, and not when one before it is', async () => {
  const { transport, told, finish } = counting();
  expect(transport.write([Buffer.from('at once')])).toBe(true);
  expect(transport.write([Buffer.from('later')])).toBe(false);
  await new Promise(setImmediate);
  expect(told.written).toBe(0);
  finish();
  await new Promise(setImmediate);
  expect(told.written).toBe(1);
});

test('a write that a socket ends after it was destroyed, as one over TLS does, is not told as done', async () => {
  const { socket, transport, told, finish } = counting();
  expect(transport.write([Buffer.from('later')])).toBe(false);
  socket.destroy();
  finish();
  await new Promise(setImmediate);
  expect(told).toEqual({ written: 0, lost: 1 });
});

test('what is sent over a socket that the application has ended is not sent, and does no harm to what the client sends', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  const end = ended(socket);
  tcp.end();
  const told = new Promise((resolve) => socket.send('too late', resolve));
  await client.until(() => client.ended);
  const ping = once(socket, 'ping');
  client.send({ opcode: 9 });
  await ping;
  client.socket.end();
  expect(await told).toMatchObject({ name: 'NotSentError' });
  expect(await end).toMatchObject({ code: 1006, cause: { message: expect.stringContaining('without a Close') } });
});

test('of a socket over TLS that is paused, Node keeps nothing; what has come is there when it goes on', async () => {
  const [accepted, other] = await pair();
  const transport = new SocketTransport(accepted);
  let length = 0;
  const all = deferred();
  transport.connect({
    received(chunk: Uint8Array) {
      length += chunk.length;
      if (length === 50_000) all.resolve();
    },
    lost() {},
  } as never);
  transport.pause();
  await new Promise<void>((resolve) => void other.write(Buffer.alloc(50_000), () => resolve()));
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  // Over 'data' events, Node reads until its own buffer is full.
  const { _handle: handle } = accepted as unknown as { _handle: object };
  if ('useUserBuffer' in handle) expect(accepted.readableLength).toBe(0);
  transport.resume();
  await all.promise;
});
