/** What HTTP asks of a server, whether a WebSocket is wanted or not. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { HandshakeError } from './index.ts';
import { Peer, start } from './peer.suite.ts';

const { test } = Deno;

/** A peer that has sent a request of these lines. */
async function ask(port: number, ...lines: string[]): Promise<Peer> {
  const peer = await Peer.connect(port);
  await peer.write(`${lines.join('\r\n')}\r\n\r\n`);
  return peer;
}

/** Goes to the server and back: it has read by then what others had sent before. */
async function roundTrip(port: number): Promise<void> {
  await using peer = await ask(port, 'GET /other HTTP/1.1', 'Host: a');
  await peer.body();
}

test('onRequest: a client that has ended its half after the request is answered, at once and later', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const errors: HandshakeError[] = [];
  await using server = start({
    onRequest: ({ url }) => {
      if (!url.endsWith('/later')) return new Response('at once');
      asked.resolve();
      return answer.promise;
    },
    onRefused: (error) => void errors.push(error),
  });
  await using peer = await ask(server.port, 'GET /later HTTP/1.1', 'Host: a');
  await peer.conn.closeWrite();
  await asked.promise;
  await roundTrip(server.port);
  answer.resolve(new Response('later'));
  assert.equal(await peer.body(), 'later');
  await using other = await ask(server.port, 'GET / HTTP/1.1', 'Host: a');
  await other.conn.closeWrite();
  assert.equal(await other.body(), 'at once');
  assert.deepEqual(errors, []);
});

test('onRequest: the response to a client that resets is cancelled', async () => {
  const asked = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  await using server = start({
    onRequest: () => {
      asked.resolve();
      return new Response(new ReadableStream({ cancel: cancelled.resolve }));
    },
  });
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await asked.promise;
  socket.resetAndDestroy();
  assert.match(String(await cancelled.promise), /the client has gone before it was answered/);
});

test('authenticate: a client that has ended its half gets a 503, since no WebSocket can be', async () => {
  const errors: HandshakeError[] = [];
  const aborted = Promise.withResolvers<unknown>();
  await using server = start({
    authenticate: ({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      return new Promise<never>(() => {});
    },
    onRefused: (error) => void errors.push(error),
  });
  await using peer = await Peer.request(server.port);
  await peer.conn.closeWrite();
  assert.equal((await peer.response()).status, 503);
  assert.equal(await peer.body(), 'the client has gone before it was answered\n');
  assert.match(String(await aborted.promise), /the client has gone/);
  assert.deepEqual(
    errors.map(({ reason, status }) => [reason, status]),
    [['refused', 503]],
  );
});
