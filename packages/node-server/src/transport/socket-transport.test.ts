import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { request } from '../../test/raw-client.suite.ts';
import { deferred, listen, shut } from '../../test/serve.suite.ts';
import { WebSocketServer } from '../server.ts';

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
