import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { certificate } from '@ws/runtimes/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { WebSocketServer } from '../src/server.ts';
import { ended, listen, nextConnection, shut } from './serve.suite.ts';

const VERSIONS: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];

/** A server on node:https that echoes. */
async function serveTls() {
  const pem = certificate();
  const https = createServer({ cert: pem.cert, key: pem.key });
  const server = new WebSocketServer({ server: https });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  onTestFinished(() => shut(server));
  const { port } = await listen(https);
  return { https, server, port, pem };
}

/** A client that speaks one version of TLS only, and the version that it got. */
async function open(port: number, ca: string, version: SecureVersion) {
  const client = new WsClient(`wss://localhost:${port}`, { ca, minVersion: version, maxVersion: version });
  onTestFinished(() => client.terminate());
  const [[response]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')]);
  const echoed = async (text: string) => {
    client.send(text);
    return String((await once(client, 'message'))[0]);
  };
  return { client, echoed, spoken: (response.socket as TLSSocket).getProtocol() };
}

/** The certificate that a new connection is shown. */
async function shown(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const found = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return found;
}

test.each(VERSIONS)('wss: %s: messages go both ways, and the close is clean', async (version) => {
  const { server, port, pem } = await serveTls();
  const connected = nextConnection(server);
  const { client, echoed, spoken } = await open(port, pem.cert, version);
  expect(spoken).toBe(version);
  for (const size of [0, 125, 16_384, 200_000]) {
    const text = 'x'.repeat(size);
    expect((await echoed(text)) === text).toBe(true);
  }
  const end = ended(await connected);
  client.close(4000, 'bye');
  expect(await end).toEqual({ code: 4000, reason: 'bye', cause: undefined });
});

test.each(VERSIONS)('wss: %s: setSecureContext renews the certificate; who is connected stays so', async (version) => {
  const { https, server, port, pem } = await serveTls();
  const before = await open(port, pem.cert, version);
  expect(await shown(port)).toBe(new X509Certificate(pem.cert).fingerprint256);
  const renewed = certificate('renewed');
  https.setSecureContext({ cert: renewed.cert, key: renewed.key });
  expect(await shown(port)).toBe(new X509Certificate(renewed.cert).fingerprint256);
  const after = await open(port, renewed.cert, version);
  for (let i = 0; i < 20; i++) {
    expect(await before.echoed(`before ${i}`)).toBe(`before ${i}`);
    expect(await after.echoed(`after ${i}`)).toBe(`after ${i}`);
  }
  expect(server.clients.size).toBe(2);
  // Who has only the certificate of before does not come in any more.
  await expect(open(port, pem.cert, version)).rejects.toThrow('self-signed certificate');
});
