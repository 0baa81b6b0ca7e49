import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { request } from './raw-client.suite.ts';
import { deferred, listen, shut } from './serve.suite.ts';
import { WebSocketServer } from './server.ts';

test('a large payload leaves with its header in one write, and is not copied for it', async () => {
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  const { server: http, port } = await listen();
  const writes: Uint8Array[][] = [];
  const written = deferred();
  const payload = Buffer.alloc(5000, 1);
  http.on('upgrade', (upgrade, tcp, head) => {
    onTestFinished(() => void tcp.destroy());
    // A socket that writes down what is given to it together.
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        writes.push([chunk]);
        done();
      },
      writev(chunks, done) {
        writes.push(chunks.map(({ chunk }) => chunk));
        done();
      },
    });
    server.handleUpgrade(upgrade, socket, head, (webSocket) => {
      server.emit('connection', webSocket, upgrade);
      webSocket.send(payload, () => written.resolve());
    });
  });
  request(port);
  await written.promise;
  // The first is the 101.
  expect(writes.slice(1).map((chunks) => chunks.map(({ length }) => length))).toEqual([[4, 5000]]);
  expect(writes[1]![1]!.buffer).toBe(payload.buffer);
});
