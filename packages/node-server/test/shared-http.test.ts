import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServerOptions } from '../src/options.ts';
import { WebSocketServer } from '../src/server.ts';
import { close, open, RawClient, request, text, textLine, upgradeRequest } from './raw-client.suite.ts';
import { deferred, listen, serve, shut } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

/** A server for a path of an http server, which says its name to everybody. */
function named(http: Server, path: string | undefined): WebSocketServer {
  const server = new WebSocketServer({ server: http, path });
  server.on('connection', (socket) => socket.send(String(path)));
  onTestFinished(() => shut(server));
  return server;
}

async function statusOf(port: number, path: string): Promise<number> {
  const client = request(port, {}, `GET ${path} HTTP/1.1`);
  const { status } = await client.response();
  if (status === 101) await client.received(1);
  return status;
}

test('H10: two servers with different paths share one http server; the query does not count', async () => {
  const { server: http, port } = await listen();
  named(http, '/a');
  named(http, '/b');
  expect(http.listenerCount('upgrade')).toBe(1);
  for (const [path, name] of [
    ['/a', '/a'],
    ['/b', '/b'],
    ['/b?x=1', '/b'],
    ['/a?', '/a'],
  ]) {
    const client = await open(port, {}, `GET ${path} HTTP/1.1`);
    expect(await client.received(1)).toEqual([textLine(name!)]);
  }
});

test('H10: many servers share one http server: each hears that it listens, and Node warns of no leak', async () => {
  const warnings: string[] = [];
  const warn = ({ message }: Error) => warnings.push(message);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  const { errors } = uncaught();
  const http = createServer();
  const thrown = new Error('a bug of the application');
  const heard: number[] = [];
  for (let i = 0; i < 11; i++) {
    named(http, `/${i}`).on('listening', () => {
      heard.push(i);
      if (i === 5) throw thrown;
    });
  }
  await named(http, '/closed')
    .on('listening', () => heard.push(-1))
    .close();
  await listen(http);
  // A warning is told in a tick of its own.
  await new Promise(setImmediate);
  expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(errors).toEqual([thrown]);
  expect(warnings).toEqual([]);
});

test('H10: what is nobody’s is a 404, and its socket ends', async () => {
  const { server: http, port } = await listen();
  named(http, '/a');
  named(http, '/b');
  for (const path of ['/', '/c', '/a/', '/A', '//a', '/a%20']) {
    const client = request(port, {}, `GET ${path} HTTP/1.1`);
    const { status, fields } = await client.response();
    expect([path, status, fields.get('connection')]).toEqual([path, 404, 'close']);
    await client.end();
  }
});

test('H10: a server that takes leave of its clients says so to those that come, unless another takes them', async () => {
  const { server: http, port } = await listen();
  http.on('request', (_request, response) => response.end('a page'));
  const closing = named(http, '/a');
  const client = await open(port, {}, 'GET /a HTTP/1.1');
  await client.received(1);
  const closed = closing.close({});
  expect(await statusOf(port, '/a')).toBe(503);
  named(http, '/a');
  expect(await statusOf(port, '/a')).toBe(101);
  expect(await statusOf(port, '/b')).toBe(404);
  client.send(close(1001));
  await closed;
  expect(http.listenerCount('upgrade')).toBe(1);
});

test('H10: so does one beside others, for its own path; with a foreign listener, that has the word', async () => {
  const { server: http, port } = await listen();
  named(http, '/b');
  const closing = named(http, '/a');
  const client = await open(port, {}, 'GET /a HTTP/1.1');
  await client.received(1);
  const closed = closing.close({});
  expect([await statusOf(port, '/a'), await statusOf(port, '/b'), await statusOf(port, '/c')]).toEqual([503, 101, 404]);
  http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url === '/a') socket.end('HTTP/1.1 299 Foreign\r\n\r\n');
  });
  expect(await statusOf(port, '/a')).toBe(299);
  client.send(close(1001));
  await closed;
});

test('H10: a server that was closed is no listener of the http server any more', async () => {
  const { server: http } = await listen();
  await named(http, '/a').close();
  expect(http.listenerCount('upgrade')).toBe(0);
});

test('H10: with a foreign listener, what is none of ours is left to it', async () => {
  const { server: http, port } = await listen();
  named(http, '/ours');
  http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url === '/hmr') socket.end('HTTP/1.1 299 Foreign\r\n\r\n');
  });
  expect(await statusOf(port, '/ours')).toBe(101);
  expect(await statusOf(port, '/hmr')).toBe(299);
});

test('H10: a foreign listener that was there first does not matter', async () => {
  const { server: http, port } = await listen();
  http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url === '/hmr') socket.end('HTTP/1.1 299 Foreign\r\n\r\n');
  });
  named(http, '/ours');
  expect(await statusOf(port, '/hmr')).toBe(299);
  expect(await statusOf(port, '/ours')).toBe(101);
});

test('H10: closing one server leaves the other, and its path becomes a 404', async () => {
  const { server: http, port } = await listen();
  const a = named(http, '/a');
  named(http, '/b');
  a.close();
  expect(await statusOf(port, '/a')).toBe(404);
  expect(await statusOf(port, '/b')).toBe(101);
});

test('H10: closing all takes our listener away; a new server brings it back', async () => {
  const { server: http, port } = await listen();
  const a = named(http, '/a');
  const b = named(http, '/b');
  const closed = [once(a, 'close'), once(b, 'close')];
  a.close();
  b.close();
  await Promise.all(closed);
  expect(http.listenerCount('upgrade')).toBe(0);
  expect(http.listening).toBe(true);
  named(http, '/a');
  expect(await statusOf(port, '/a')).toBe(101);
});

test('H10: open connections of a closed server go on, and its close waits for them', async () => {
  const { server: http, port } = await listen();
  const server = named(http, undefined);
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())));
  const client = await open(port);
  let closed = false;
  server.close(() => (closed = true));
  await client.send(text('still here')).received(2);
  expect(closed).toBe(false);
  client.socket.resetAndDestroy();
  await once(server, 'close');
  expect(closed).toBe(true);
});

test('H10: a subclass decides on requests by shouldHandle', async () => {
  class Rooms extends WebSocketServer {
    override shouldHandle(request: IncomingMessage): boolean {
      return /^\/rooms\/\d+$/.test(request.url ?? '');
    }
  }
  const { server: http, port } = await listen();
  const server = new Rooms({ server: http });
  server.on('connection', (socket) => socket.send('room'));
  onTestFinished(() => shut(server));
  expect(await statusOf(port, '/rooms/7')).toBe(101);
  expect(await statusOf(port, '/rooms/x')).toBe(404);
});

test('a shouldHandle that is async lets nobody in, whatever its promise comes to', async () => {
  class Rooms extends WebSocketServer {
    override shouldHandle(request: IncomingMessage): boolean {
      const promises: Record<string, () => PromiseLike<boolean>> = {
        '/yes': () => Promise.resolve(true),
        '/no': () => Promise.reject(new Error('no')),
        // Of another realm, and what is no promise at all.
        '/elsewhere': runInNewContext('async () => { throw new Error("no"); }'),
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried
        '/thenable': () => ({ then: (_, reject) => reject?.(new Error('no')) as never }),
      };
      return promises[request.url ?? '']!() as unknown as boolean;
    }
  }
  const { server: http, port } = await listen();
  const server = new Rooms({ server: http });
  onTestFinished(() => shut(server));
  for (const path of ['/yes', '/no', '/elsewhere', '/thenable'])
    expect([path, await statusOf(port, path)]).toEqual([path, 500]);
  const failed = once(server, 'wsClientError');
  const client = request(port, {}, 'GET /yes HTTP/1.1');
  const [error, socket] = await failed;
  expect(error.message).toContain('shouldHandle must not be async');
  socket.destroy();
  client.socket.destroy();
});

describe('shouldHandle is asked once for a request', () => {
  class Asked extends WebSocketServer {
    readonly asked: string[] = [];
    readonly handled: string[] = [];
    override shouldHandle(request: IncomingMessage): boolean {
      this.asked.push(String(request.url));
      if (request.url === '/throws') throw new Error('no');
      return super.shouldHandle(request);
    }
    override handleUpgrade(...of: Parameters<WebSocketServer['handleUpgrade']>): void {
      this.handled.push(String(of[0].url));
      super.handleUpgrade(...of);
    }
  }

  function asked(options: ServerOptions): Asked {
    const server = new Asked(options);
    server.on('connection', (socket) => socket.send('in'));
    onTestFinished(() => shut(server));
    return server;
  }

  test('with a port', async () => {
    const server = asked({ port: 0, host: '127.0.0.1', path: '/a' });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const paths = ['/a', '/b', '/throws', '/a'];
    const statuses: number[] = [];
    for (const path of paths) statuses.push(await statusOf(port, path));
    expect(statuses).toEqual([101, 404, 500, 101]);
    expect(server.asked).toEqual(paths);
    expect(server.handled).toEqual(['/a', '/throws', '/a']);
  });

  test('by each server of one http server until one takes it', async () => {
    const { server: http, port } = await listen();
    const [a, b] = [asked({ server: http, path: '/a' }), asked({ server: http, path: '/b' })];
    const statuses: number[] = [];
    for (const path of ['/a', '/b', '/c', '/throws']) statuses.push(await statusOf(port, path));
    expect(statuses).toEqual([101, 101, 404, 500]);
    expect(a.asked).toEqual(['/a', '/b', '/c', '/throws']);
    expect(b.asked).toEqual(['/b', '/c']);
    expect([a.handled, b.handled]).toEqual([['/a', '/throws'], ['/b']]);
  });

  test('by handleUpgrade itself, of whoever calls it', async () => {
    const { server: http, port } = await listen();
    const server = asked({ noServer: true, path: '/a' });
    http.on('upgrade', (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request));
    });
    const statuses: number[] = [];
    for (const path of ['/a', '/b', '/throws']) statuses.push(await statusOf(port, path));
    expect(statuses).toEqual([101, 404, 500]);
    expect(server.asked).toEqual(['/a', '/b', '/throws']);
  });

  test('by another server that it is handed to', async () => {
    const { server: http, port } = await listen();
    const other = asked({ noServer: true, path: '/b' });
    class Hands extends Asked {
      override handleUpgrade(...of: Parameters<WebSocketServer['handleUpgrade']>): void {
        other.handleUpgrade(...of);
      }
    }
    const server = new Hands({ server: http });
    onTestFinished(() => shut(server));
    expect(await statusOf(port, '/a')).toBe(404);
    expect([server.asked, other.asked]).toEqual([['/a'], ['/a']]);
  });
});

test('a plain request to a shared http server is none of ours', async () => {
  const { server: http, port } = await listen();
  named(http, '/a');
  http.on('request', (_request, response) => response.end('page'));
  const answer = await fetch(`http://127.0.0.1:${port}/a`);
  expect([answer.status, await answer.text()]).toEqual([200, 'page']);
});

test('H1, H10: a shouldHandle that throws is a 500, and a reset after it harms nobody', async () => {
  class Rooms extends WebSocketServer {
    override shouldHandle(request: IncomingMessage): boolean {
      return new URL(request.url ?? '', 'http://localhost').pathname === '/room';
    }
  }
  const { server: http, port } = await listen();
  const rooms = new Rooms({ server: http });
  rooms.on('connection', (socket) => socket.send('in'));
  onTestFinished(() => shut(rooms));
  const client = request(port, {}, 'GET // HTTP/1.1');
  expect((await client.response()).status).toBe(500);
  client.socket.resetAndDestroy();
  expect(await statusOf(port, '/room')).toBe(101);
});

describe.each([undefined, '/other'])('H10: an upgrade that is pipelined behind a request (path: %s)', (path) => {
  async function behind(): Promise<{ client: RawClient; response: ServerResponse; refused: string[] }> {
    const { server: http, port } = await listen();
    const asked = deferred<ServerResponse>();
    http.on('request', (_, response) => asked.resolve(response));
    const server = new WebSocketServer({ server: http, path, closeTimeout: 60_000 });
    onTestFinished(() => shut(server));
    server.on('connection', () => expect.unreachable('it stands behind another'));
    const refused: string[] = [];
    const channel = diagnosticsChannel.channel('ws:handshake.refused');
    const hear = (message: unknown) => refused.push((message as { error: Error }).error.message);
    channel.subscribe(hear);
    onTestFinished(() => void channel.unsubscribe(hear));
    const client = new RawClient(port).write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${upgradeRequest()}`);
    return { client, response: await asked.promise, refused };
  }

  test('has no answer: the connection ends with that to the request', async () => {
    const { client, response, refused } = await behind();
    await new Promise(setImmediate);
    expect(refused).toEqual(['an earlier request of the connection has no answer yet']);
    response.write('one');
    await client.until(() => client.bytes.includes('one'));
    response.end('two');
    await client.end();
    expect(client.bytes.toString('latin1').match(/HTTP.1.1 \d+|one|two/g)).toEqual(['HTTP/1.1 200', 'one', 'two']);
  });

  test('has none either behind several of them', async () => {
    const { server: http, port } = await listen();
    const both = deferred();
    const responses: ServerResponse[] = [];
    http.on('request', (_, response) => responses.push(response) === 2 && both.resolve());
    const server = new WebSocketServer({ server: http, path });
    onTestFinished(() => shut(server));
    const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const client = new RawClient(port).write(get + get + upgradeRequest());
    await both.promise;
    responses[0]!.end('one');
    await client.until(() => client.bytes.includes('one'));
    responses[1]!.end('two');
    await client.end();
    expect(client.bytes.toString('latin1').match(/HTTP.1.1 \d+|one|two/g)).toEqual([
      'HTTP/1.1 200',
      'one',
      'HTTP/1.1 200',
      'two',
    ]);
  });

  test('does not keep the connection of a client that is gone', async () => {
    const { client, response } = await behind();
    const gone = once(response.socket!, 'close');
    response.write('one');
    await client.until(() => client.bytes.includes('one'));
    client.socket.end();
    await gone;
  });
});

test('an upgrade behind a response of which the client has all, though it has not ended here', async () => {
  const { server: http, port } = await listen();
  const asked = deferred<ServerResponse>();
  http.on('request', (_, response) => {
    response.writeHead(200, { 'Content-Length': 5 }).write('hello');
    asked.resolve(response);
  });
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  server.on('connection', (socket) => socket.send('welcome'));
  const client = new RawClient(port).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const response = await asked.promise;
  await client.until(() => client.bytes.includes('hello'));
  client.write(upgradeRequest());
  await client.until(() => client.bytes.includes('welcome'));
  response.end();
  expect(client.bytes.toString('latin1').match(/HTTP.1.1 \d+|hello|welcome/g)).toEqual([
    'HTTP/1.1 200',
    'hello',
    'HTTP/1.1 101',
    'welcome',
  ]);
});

test('H10: an upgrade behind a part of a response in chunks has no answer, which would stand among them', async () => {
  const { server: http, port } = await listen();
  const asked = deferred<ServerResponse>();
  http.on('request', (_, response) => {
    response.write('one');
    asked.resolve(response);
  });
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  server.on('connection', () => expect.unreachable('it stands behind another'));
  const taken = once(http, 'upgrade');
  const client = new RawClient(port).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const response = await asked.promise;
  await client.until(() => client.bytes.includes('one'));
  client.write(upgradeRequest());
  await taken;
  response.end('two');
  await client.end();
  expect(client.bytes.toString('latin1').match(/HTTP.1.1 \d+|one|two/g)).toEqual(['HTTP/1.1 200', 'one', 'two']);
});

test('H10: handleUpgrade for a request that has a response of its own, as frameworks make them', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  http.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    server.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('welcome'));
  });
  expect(await (await open(port)).received(1)).toEqual([textLine('welcome')]);
});

test('H10: after a response that ends the connection there is no upgrade', async () => {
  const { server, port } = await serve();
  server.on('connection', () => expect.unreachable('the connection has ended'));
  const client = new RawClient(port).write(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${upgradeRequest()}`);
  await client.end();
  expect(client.bytes.toString().match(/HTTP.1.1 \d+/g)).toEqual(['HTTP/1.1 426']);
});

test('H10: handleUpgrade ends a socket whose client has ended its half meanwhile', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ noServer: true });
  const gone = deferred();
  http.on('upgrade', (request, socket, head) => {
    socket.on('close', () => gone.resolve());
    socket.on('end', () => server.handleUpgrade(request, socket, head, () => expect.unreachable('it has ended')));
    socket.resume();
  });
  request(port).socket.end();
  await gone.promise;
});

test('H10: a request that asks for something else as well, h2c above all, is answered as if it had not, where Node can be told so', async () => {
  const { server: http, port } = await listen();
  http.on('request', (request, response) => response.end(`page ${request.url}`));
  const before = 'shouldUpgradeCallback' in http && http.shouldUpgradeCallback;
  const server = named(http, '/chat');
  const h2c = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' };
  for (const fields of [h2c, { Upgrade: 'x-websocket' }]) {
    const client = request(port, fields, 'GET /page HTTP/1.1');
    // From Node 22.21 and 24.9 on.
    expect((await client.response()).status).toBe(before === false ? 404 : 200);
  }
  expect(await statusOf(port, '/chat')).toBe(101);
  const wrapped = 'shouldUpgradeCallback' in http && http.shouldUpgradeCallback;
  await shut(server);
  if (typeof before !== 'function' || typeof wrapped !== 'function') return;
  expect(http).toHaveProperty('shouldUpgradeCallback', before);
  // Who has wrapped ours meanwhile calls it still.
  http.on('upgrade', () => {});
  expect(wrapped.call(http, { headers: { upgrade: 'custom' } })).toBe(true);
});
