import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { on, once } from 'node:events';
import http2 from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { createInterface } from 'node:readline';
import { type ConnectionOptions, connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { certificate } from '@ws/runtimes/certificate';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket as WsClient } from 'ws';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { pattern, SIZES } from './interop.suite.ts';
import { DEPLOY, haproxyTcp, PROXIES, type Setup } from './proxies.suite.ts';
import { ended, listen, nextConnection, type ServeOptions, serve, shut } from './serve.suite.ts';

const echo = (socket: WebSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

/** A client over TLS, whose messages wait for `next`. */
async function client(port: number, ca: string | string[], options: ClientOptions = {}) {
  const socket = new WsClient(`wss://127.0.0.1:${port}/`, { ca, ...options });
  onTestFinished(() => socket.terminate());
  const messages = on(socket, 'message', { close: ['close'] });
  await once(socket, 'open');
  const next = async (): Promise<Buffer> => {
    const { value, done } = await messages.next();
    if (done) throw new Error('the connection has ended');
    return value[0];
  };
  return { socket, next };
}

/** What examples/deploy/server.js listens on, in a process of its own. */
async function app(): Promise<number> {
  const file = fileURLToPath(new URL('server.js', DEPLOY));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await exit;
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return Number(new URL(line).port);
}

/** Waits until new connections are shown a certificate. */
async function shows(port: number, { cert }: { cert: string }): Promise<void> {
  const { fingerprint256 } = new X509Certificate(cert);
  for (let tries = 0; tries < 2000; tries++) {
    const options: ConnectionOptions = { port, host: '127.0.0.1', rejectUnauthorized: false };
    const socket = connect(options);
    await once(socket, 'secureConnect');
    const seen = socket.getPeerX509Certificate()?.fingerprint256;
    socket.destroy();
    if (seen === fingerprint256) return;
  }
  throw new Error('the new certificate is never shown');
}

describe.each(Object.entries(PROXIES))('%s in front', (_name, start) => {
  /** One server in this process behind the proxy. */
  async function behind(options: ServeOptions, connection?: (socket: WebSocket) => void, setup: Partial<Setup> = {}) {
    const pem = certificate();
    const { server, port } = await serve(options, connection);
    const proxy = await start({ certificate: pem, apps: [port, port], ...setup });
    return { server, proxy, pem };
  }

  test('TLS ends there: every size goes both ways, and both ends close with code and reason', async () => {
    const { server, proxy, pem } = await behind({ verifyClient: ({ secure }) => !secure }, echo);
    const connected = nextConnection(server);
    const { socket, next } = await client(proxy.port, pem.cert);
    const end = ended(await connected);
    for (const size of SIZES) {
      socket.send(pattern(size));
      expect((await next()).equals(pattern(size))).toBe(true);
    }
    const closed = once(socket, 'close');
    socket.close(4000, 'grüße');
    expect(await end).toEqual({ code: 4000, reason: 'grüße', cause: undefined });
    expect((await closed)[0]).toBe(4000);
    const again = nextConnection(server);
    const second = await client(proxy.port, pem.cert);
    const secondClosed = once(second.socket, 'close');
    (await again).close(4001, 'from the server');
    expect((await secondClosed).map(String)).toEqual(['4001', 'from the server']);
  });

  test("X-Forwarded-For: with trustProxy the client's own address, whatever it has written there; else the proxy's", async () => {
    for (const [trustProxy, seen] of [
      [['127.0.0.1'], '127.0.0.5'],
      [1, '127.0.0.5'],
      [false, '127.0.0.1'],
    ] as const) {
      const { server, proxy, pem } = await behind({ trustProxy });
      const connected = nextConnection(server);
      await client(proxy.port, pem.cert, { localAddress: '127.0.0.5', headers: { 'X-Forwarded-For': '6.6.6.6' } });
      expect((await connected).remoteAddress).toBe(seen);
    }
  });

  test('a silent connection is cut after the time of the proxy, and the application is told', async () => {
    const { server, proxy, pem } = await behind({ heartbeat: false }, undefined, { silence: '2s' });
    const connected = nextConnection(server);
    const { socket } = await client(proxy.port, pem.cert);
    const end = ended(await connected);
    expect((await once(socket, 'close'))[0]).toBe(1006);
    expect((await end).code).toBe(1006);
  });

  test('a silent connection is kept by our heartbeat, for several times as long', async () => {
    const { proxy, pem } = await behind({ heartbeat: { interval: 300, timeout: 30_000 } }, echo, { silence: '2s' });
    const { socket, next } = await client(proxy.port, pem.cert);
    // Twenty intervals are three times the two seconds.
    for (let pings = 0; pings < 20; pings++) await once(socket, 'ping');
    socket.send('still here');
    expect(String(await next())).toBe('still here');
  });

  test('a reload with another certificate during traffic: the open connection goes on, and no message is lost', async () => {
    const { proxy, pem } = await behind({}, echo);
    const { socket, next } = await client(proxy.port, pem.cert);
    let [sent, echoed] = [0, 0];
    const send = () => socket.send(String(sent++));
    const goOn = async () => {
      expect(String(await next())).toBe(String(echoed++));
      send();
    };
    for (let i = 0; i < 16; i++) send();
    for (let i = 0; i < 200; i++) await goOn();
    const renewed = certificate('renewed');
    await proxy.reload(renewed);
    let done = false;
    const shown = shows(proxy.port, renewed).finally(() => {
      done = true;
    });
    while (!done) await goOn();
    await shown;
    for (let i = 0; i < 500; i++) await goOn();
    while (echoed < sent) expect(String(await next())).toBe(String(echoed++));
    const closed = once(socket, 'close');
    socket.close(1000);
    expect((await closed)[0]).toBe(1000);
    // One of the old workers may accept a last time.
    const second = await client(proxy.port, [pem.cert, renewed.cert]);
    second.socket.send('hello');
    expect(String(await second.next())).toBe('hello');
  });

  test.each([false, true])(
    'two processes behind it, sticky: %s: a connection stays with the one that it has',
    async (sticky) => {
      const pem = certificate();
      const proxy = await start({ certificate: pem, apps: [await app(), await app()], sticky });
      const served = new Set<string>();
      for (let i = 0; i < 6; i++) {
        const { socket, next } = await client(proxy.port, pem.cert, { localAddress: '127.0.0.5' });
        const greeting = String(await next());
        expect(greeting).toMatch(/^process \d+ serves 127\.0\.0\.5$/);
        served.add(greeting);
        // What keeps a state from message to message: fragments, compression.
        expect(socket.extensions).toMatch('permessage-deflate');
        for (const size of [10_000, 10, 100_000]) {
          socket.send(pattern(size).subarray(0, size >> 1), { fin: false });
          socket.ping();
          socket.send(pattern(size).subarray(size >> 1), { fin: true });
          expect((await next()).equals(pattern(size))).toBe(true);
        }
      }
      expect(served.size).toBe(sticky ? 1 : 2);
    },
  );
});

test('haproxy in front: a WebSocket over HTTP/2 (RFC 8441) comes to us as an upgrade of HTTP/1.1', async () => {
  const pem = certificate();
  const { port } = await serve({}, echo);
  const proxy = await PROXIES.haproxy({ certificate: pem, apps: [port, port] });
  const session = http2.connect(`https://127.0.0.1:${proxy.port}`, { ca: pem.cert });
  onTestFinished(() => session.destroy());
  const [settings] = await once(session, 'remoteSettings');
  expect(settings.enableConnectProtocol).toBe(true);
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' },
    { endStream: false },
  );
  const [headers] = await once(stream, 'response');
  expect(headers[':status']).toBe(200);
  // Masked with zeros, so that the payload stands there as it is.
  const payload = Buffer.from('over HTTP/2');
  stream.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  const [frame] = await once(stream, 'data');
  expect(frame).toEqual(Buffer.concat([Buffer.from([0x81, payload.length]), payload]));
});

test('haproxy passes TCP on, with send-proxy-v2: TLS ends at us, and the client is the one that the header names', async () => {
  const pem = certificate();
  const { server: https, port } = await listen(createTlsServer({ cert: pem.cert, key: pem.key }));
  const server = new WebSocketServer({ server: https, trustProxy: ['127.0.0.1'], proxyProtocol: true });
  server.on('connection', echo);
  onTestFinished(() => shut(server));
  const proxy = await haproxyTcp([port, port]);
  for (const localAddress of ['127.0.0.5', '127.0.0.6']) {
    const connected = nextConnection(server);
    const { socket, next } = await client(proxy, pem.cert, { localAddress, headers: { 'X-Forwarded-For': '6.6.6.6' } });
    const end = ended(await connected);
    expect((await connected).remoteAddress).toBe(localAddress);
    for (const size of SIZES) {
      socket.send(pattern(size));
      expect((await next()).equals(pattern(size))).toBe(true);
    }
    socket.close(4000, 'bye');
    expect(await end).toMatchObject({ code: 4000, reason: 'bye' });
  }
});

test('haproxy passes TCP on, with send-proxy-v2, to a server on a port of its own', async () => {
  const { server, port } = await serve({ trustProxy: 1, proxyProtocol: true }, echo);
  const proxy = await haproxyTcp([port, port]);
  const connected = nextConnection(server);
  const socket = new WsClient(`ws://127.0.0.1:${proxy}/`, { localAddress: '127.0.0.7' });
  onTestFinished(() => socket.terminate());
  const message = once(socket, 'message');
  socket.once('open', () => socket.send('hello'));
  expect(String((await message)[0])).toBe('hello');
  expect((await connected).remoteAddress).toBe('127.0.0.7');
});
