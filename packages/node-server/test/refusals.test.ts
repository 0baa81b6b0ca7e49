import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { close, type Fields, open, RawClient, request, text, textLine, upgradeRequest } from './raw-client.suite.ts';
import { deferred, listen, serve, shut } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

/** What must not be read as frames: a text and a Close, masked as a client's are. */
const FRAMES = Buffer.from('81827fffffff17960000888000000000', 'hex');

const refused: [string, number, Fields, string?][] = [
  ['H2: Content-Length', 400, { 'Content-Length': '16' }],
  ['H2: Content-Length of +0', 400, { 'Content-Length': '16, 16' }],
  ['H2: Transfer-Encoding', 400, { 'Transfer-Encoding': 'chunked' }],
  ['H2: POST', 405, {}, 'POST / HTTP/1.1'],
  ['H2: POST with a body', 405, { 'Content-Length': '16' }, 'POST / HTTP/1.1'],
  ['H2: HTTP/1.0', 505, {}, 'GET / HTTP/1.0'],
  ['H2: Upgrade: h2c', 426, { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' }],
  ['H3: version 0x0d', 426, { 'Sec-WebSocket-Version': '0x0d' }],
  ['H3: version 1.3e1', 426, { 'Sec-WebSocket-Version': '1.3e1' }],
  ['H3: version 8', 426, { 'Sec-WebSocket-Version': '8' }],
  ['H3: version 013', 426, { 'Sec-WebSocket-Version': '013' }],
  ['H3: version twice', 426, { 'Sec-WebSocket-Version': ['13', '13'] }],
  ['H3: version list', 426, { 'Sec-WebSocket-Version': '13, 8' }],
  ['H3: no version', 426, { 'Sec-WebSocket-Version': undefined }],
  ['H3: no key', 400, { 'Sec-WebSocket-Key': undefined }],
  ['H3: empty key', 400, { 'Sec-WebSocket-Key': '' }],
  ['H3: key of 15 bytes', 400, { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }],
  ['H3: key of 17 bytes', 400, { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZWU=' }],
  ['H3: key in base64url', 400, { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25-_w==' }],
  ['H3: key twice', 400, { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }],
  ['Upgrade is no WebSocket', 426, { Upgrade: 'websockets' }],
  ['two hosts', 400, { Host: ['a', 'b'] }],
  ['extension syntax', 400, { 'Sec-WebSocket-Extensions': 'permessage-deflate; =' }],
  ['subprotocol twice', 400, { 'Sec-WebSocket-Protocol': 'chat, chat' }],
];

for (const [name, expected, fields, startLine] of refused) {
  test(`H16: ${name}: ${expected}, Connection: close, the socket ends, what follows is no frame`, async () => {
    const { server, port } = await serve({ closeTimeout: 60_000 });
    server.on('connection', () => expect.unreachable('it was to be refused'));
    const client = new RawClient(port).write(Buffer.concat([Buffer.from(upgradeRequest(fields, startLine)), FRAMES]));
    const { status, head, fields: answer } = await client.response();
    client.write(FRAMES);
    await client.end();
    expect(status, head).toBe(expected);
    expect(answer.get('connection')).toMatch(/^(close|Upgrade, close)$/);
    const body = client.bytes.subarray(head.length);
    // One answer, and nothing behind it: no second response, no frame. Node's parser answers with neither field.
    if (answer.has('content-length')) {
      expect(body.length).toBe(Number(answer.get('content-length')));
      const date = answer.get('date') ?? '';
      expect(new Date(date).toUTCString()).toBe(date);
    }
    expect(body.toString()).not.toMatch(/HTTP\/1.1 \d/);
    if (expected === 426) expect(answer.get('sec-websocket-version')).toBe('13');
    if (expected === 405) expect(answer.get('allow')).toBe('GET');
    expect(server.clients.size).toBe(0);
  });
}

test('H2: Content-Length: 0 is no body', async () => {
  const { port } = await serve({}, (socket) => socket.on('message', (data) => socket.send(data.toString())));
  const client = await open(port, { 'Content-Length': '0' });
  expect(await client.send(text('x')).received(1)).toEqual([textLine('x')]);
});

test('H16: a plain request to a server on a port of its own: 426, and it says what is spoken here', async () => {
  const { port } = await serve();
  const client = request(port, { Upgrade: undefined, Connection: undefined });
  const { status, fields } = await client.response();
  expect([status, fields.get('upgrade'), fields.get('connection')]).toEqual([426, 'websocket', 'Upgrade, close']);
  await client.end();
});

test('a handshake that a proxy has passed on without Upgrade or Connection: 426, which says so; any other request is told less', async () => {
  const { port } = await serve();
  const answer = async (fields: Fields, startLine?: string) => {
    const client = request(port, { Upgrade: undefined, Connection: undefined, ...fields }, startLine);
    const { status, head } = await client.response();
    await client.end();
    return `${status} ${client.bytes.subarray(head.length)}`;
  };
  const told = /^426 .* a proxy in front has removed them \(have it pass both on, over HTTP\/1.1\)\n$/;
  const [noKey, noVersion] = [{ 'Sec-WebSocket-Key': undefined }, { 'Sec-WebSocket-Version': undefined }];
  expect(await answer({})).toMatch(told);
  expect(await answer({ Upgrade: 'websocket', Connection: 'close' })).toMatch(told);
  expect(await answer({ Connection: 'close' }, 'GET / HTTP/1.0')).toMatch(told);
  expect(await answer(noKey)).toMatch(told);
  expect(await answer(noVersion)).toMatch(told);
  expect(await answer({ ...noKey, ...noVersion })).toBe('426 426 Upgrade Required\n');
});

for (const expectation of ['100-continue', 'something else']) {
  test(`a request that expects ${expectation} gets its answer at once, and no 100 (RFC 9110 section 10.1.1)`, async () => {
    const { port } = await serve();
    const client = new RawClient(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nExpect: ${expectation}\r\nContent-Length: 5\r\n\r\n`);
    await client.end();
    expect(client.bytes.toString().match(/HTTP.1.1 \d+/g)).toEqual(['HTTP/1.1 426']);
  });
}

for (const hosts of ['Host: a\r\nHost: b\r\n', 'Host: a b\r\n']) {
  test(`a wrong Host is a 400, whatever is asked for: ${JSON.stringify(hosts)} (RFC 9112 section 3.2)`, async () => {
    const { port } = await serve({ path: '/chat' });
    const upgrade = upgradeRequest({ Host: undefined }).replace(/^.*\r\n/, hosts);
    const statuses: number[] = [];
    for (const rest of [
      `GET / HTTP/1.1\r\n${hosts}\r\n`,
      `GET /other HTTP/1.1\r\n${upgrade}`,
      `POST /chat HTTP/1.1\r\n${upgrade}`,
    ]) {
      statuses.push((await new RawClient(port).write(rest).response()).status);
    }
    expect(statuses).toEqual([400, 400, 400]);
  });
}

test('a request of HTTP/1.0 may go without a Host: its answer is as any other', async () => {
  const { port } = await serve();
  expect((await new RawClient(port).write('GET / HTTP/1.0\r\n\r\n').response()).status).toBe(426);
});

test('the Date of a verdict stands in place of ours', async () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const { port } = await serve({ verifyClient: () => ({ ok: false, status: 404, headers: { date } }) });
  const { head } = await request(port).response();
  expect(head.match(/^date: .*$/gim)).toEqual([`date: ${date}`]);
});

test('H16: a refused client that keeps its half open is cut off after closeTimeout', async () => {
  const { port } = await serve({ closeTimeout: 30 });
  const client = request(port, { 'Sec-WebSocket-Version': '8' });
  await client.until(() => client.ended);
  // What it still sends is read, so that no reset overtakes the answer, and then answered with a reset.
  const pump = () => client.socket.writable && client.socket.write(Buffer.alloc(1024), () => setImmediate(pump));
  pump();
  expect(await client.gone()).toBe('reset');
  expect((await client.response()).status).toBe(426);
});

test('H16: a refused client that is still sending gets the whole answer, 50 times of 50', async () => {
  // The client's end is seen behind all that it sends, not waited for in vain.
  const { port } = await serve({ closeTimeout: 60_000 });
  for (let i = 0; i < 50; i++) {
    const client = new RawClient(port);
    client.write(upgradeRequest({ 'Content-Length': '1000000' })).write(Buffer.alloc(1_000_000));
    expect((await client.response()).status).toBe(400);
    await client.end();
  }
});

const goOn: [string, number, Fields, string?][] = [
  ['a path that is not served', 404, {}, 'GET /other HTTP/1.1'],
  ['version 8', 426, { 'Sec-WebSocket-Version': '8' }],
];

for (const [name, expected, fields, startLine = 'GET /chat HTTP/1.1'] of goOn) {
  test(`H16: ${name}: a client that goes on to send 20 MB, and reads only then, gets the whole ${expected}`, async () => {
    const { port } = await serve({ path: '/chat', closeTimeout: 60_000 });
    const client = new RawClient(port);
    // What was not read is lost with the reset that answers writes to a socket that is closed.
    client.socket.pause();
    client.write(upgradeRequest(fields, startLine));
    const megabyte = Buffer.alloc(1_000_000);
    for (let i = 0; i < 20; i++) await promisify<Buffer, void>(client.socket.write).call(client.socket, megabyte);
    client.socket.resume();
    const { status, head, fields: answer } = await client.response();
    expect(status, head).toBe(expected);
    await client.end();
    expect(client.bytes.length - head.length).toBe(Number(answer.get('content-length')));
    expect(client.closed).toBe('orderly');
  });
}

test('H4: a bad offer, an unknown one and empty list elements are declined; the handshake goes on', async () => {
  const { port } = await serve();
  const offers = [
    'permessage-deflate; server_max_window_bits=99',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    ', ,permessage-bzip2,',
    'x-unknown; a="q\\uoted"',
    'constructor, __proto__, hasOwnProperty; toString',
  ];
  for (const offer of offers) {
    const client = await open(port, { 'Sec-WebSocket-Extensions': offer });
    expect((await client.response()).fields.has('sec-websocket-extensions')).toBe(false);
    const next = await open(port, { 'Sec-WebSocket-Extensions': `${offer}, , permessage-deflate` });
    expect((await next.response()).fields.get('sec-websocket-extensions')).toMatch(/^permessage-deflate;/);
  }
});

test('H5: names of Object.prototype are names: as subprotocols and ping payloads', async () => {
  const { port } = await serve({ subprotocols: ['__proto__'] }, (socket) => {
    socket.on('ping', (data) => socket.send(`${data}:${socket.protocol}`));
  });
  const client = await open(port, { 'Sec-WebSocket-Protocol': 'constructor, hasOwnProperty, __proto__' });
  expect((await client.response()).fields.get('sec-websocket-protocol')).toBe('__proto__');
  const ping = { opcode: 9, payload: Buffer.from('__proto__') };
  expect(await client.send(ping).received(2)).toEqual(['pong 9:5f5f70726f746f5f5f', textLine('__proto__:__proto__')]);
  const none = await open(port, { 'Sec-WebSocket-Protocol': 'constructor' });
  expect((await none.response()).fields.has('sec-websocket-protocol')).toBe(false);
});

test("H15: a 'headers' listener's line with CRLF, or that is none: 500, nothing of it is written", async () => {
  const { server, port } = await serve();
  const lines = [
    'X-A: b\r\nSet-Cookie: c=d',
    'no colon',
    'colonless',
    'X A: b',
    'X-Null: \0',
    'Content-Length: 5',
    'Upgrade: h2c',
  ];
  for (const line of lines) {
    server.once('headers', (headers) => headers.push(line));
    const client = request(port);
    expect((await client.response()).status, line).toBe(500);
    await client.end();
    expect(client.bytes.toString()).not.toMatch(/Set-Cookie|X-|h2c/);
  }
});

test('H15, H19: handleProtocols that answers with what was not offered, or with CRLF: 500', async () => {
  const answers = ['other', 'chat\r\nX-A: b', 'chat, log'];
  const { port } = await serve({ handleProtocols: () => answers.shift()! });
  while (answers.length > 0) {
    const client = request(port, { 'Sec-WebSocket-Protocol': 'chat, log' });
    expect((await client.response()).status).toBe(500);
    await client.end();
    expect(client.bytes.toString()).not.toMatch(/X-A|other/);
  }
});

test('H15: an async handleProtocols: 500, whatever it comes to, and the error says where to await something', async () => {
  const { errors } = uncaught();
  const answers = [async () => 'chat', () => Promise.reject(new Error('database away'))];
  const { server, port } = await serve({ handleProtocols: () => answers.shift()!() as never });
  while (answers.length > 0) {
    const told = once(server, 'wsClientError');
    const client = request(port, { 'Sec-WebSocket-Protocol': 'chat' });
    const [error, socket] = await told;
    expect([error.status, error.message]).toEqual([500, expect.stringContaining('await it in verifyClient')]);
    socket.end();
    await client.end();
  }
  await new Promise(setImmediate);
  expect(errors).toEqual([]);
});

test("H6: a 'headers' listener that throws: 500, with what it has thrown as the cause; the process does not hear it", async () => {
  const { errors } = uncaught();
  const { server, port } = await serve();
  const thrown = new Error('a bug of the application');
  server.once('headers', () => {
    throw thrown;
  });
  const failed = once(server, 'wsClientError');
  const client = request(port);
  const [error, socket] = await failed;
  expect(error).toMatchObject({ status: 500, cause: thrown });
  socket.end();
  await client.end();
  await open(port);
  expect(errors).toEqual([]);
});

test('a wsClientError listener is told of a refusal and answers itself', async () => {
  const { server, port } = await serve();
  const told = once(server, 'wsClientError');
  const client = request(port, { 'Sec-WebSocket-Version': '8' });
  const [error, socket, { url }] = await told;
  expect([error.reason, error.status, url]).toEqual(['version-unsupported', 426, '/']);
  socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n');
  expect((await client.response()).status).toBe(418);
  await client.end();
});

test('H6: a wsClientError listener that throws: the client is refused properly, and the process hears it once', async () => {
  const { server, port } = await serve();
  const thrown = new Error('listener');
  server.on('wsClientError', () => {
    throw thrown;
  });
  const { errors } = uncaught();
  const client = request(port, { 'Sec-WebSocket-Version': '8' });
  expect((await client.response()).status).toBe(426);
  await client.end();
  expect(errors).toEqual([thrown]);
});

test('the RFC sample key gets the sample answer; close of both ends is clean', async () => {
  const { port } = await serve();
  const client = await open(port);
  expect((await client.response()).fields.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  expect(await client.send(close(1000)).received(1)).toEqual(['close 1000 ""']);
  await client.end();
});

test("H16: 'wsClientError': a client that sends on after the answer of a listener, and goes, leaves nothing behind", async () => {
  const { server, port } = await serve({ closeTimeout: 60_000 });
  const gone = deferred();
  server.on('wsClientError', (_, socket) => {
    socket.on('close', () => gone.resolve());
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  const client = request(port, { 'Sec-WebSocket-Key': undefined });
  expect((await client.response()).status).toBe(400);
  client.write('x').socket.end();
  await gone.promise;
});

test("H16: 'wsClientError': one that does not end after the answer of a listener is cut off after closeTimeout", async () => {
  const { server, port } = await serve({ closeTimeout: 10 });
  const gone = deferred();
  server.on('wsClientError', (_, socket) => {
    socket.on('close', () => gone.resolve());
    setImmediate(() => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  });
  const client = request(port, { 'Sec-WebSocket-Key': undefined });
  expect((await client.response()).status).toBe(400);
  await gone.promise;
});

test("H16: 'wsClientError': one that reads nothing of an answer with which a listener ends the socket is cut off as well", async () => {
  const { server, port } = await serve({ closeTimeout: 10 });
  const gone = deferred();
  server.on('wsClientError', (_, socket) => {
    socket.on('close', () => gone.resolve());
    socket.end(Buffer.alloc(32 * 1024 * 1024));
  });
  const client = request(port, { 'Sec-WebSocket-Key': undefined });
  client.socket.pause();
  await gone.promise;
});

test.each([undefined, 20])(
  'H2: a request with as many header fields as Node lets through (%s) is refused: there may have been others',
  async (most) => {
    const { server: http, port } = await listen(createServer({ maxHeaderSize: 100_000 }));
    if (most !== undefined) http.maxHeadersCount = most;
    const server = new WebSocketServer({ server: http });
    server.on('connection', () => expect.unreachable('it was to be refused'));
    const client = request(port, { a: new Array(most ?? 1100).fill(''), 'Content-Length': '5' });
    expect((await client.response()).status).toBe(431);
    await client.end();
  },
);

test('H2: a request with one header field less than Node lets through is let in, and one with all of them is not', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  const fields = upgradeRequest().trimEnd().split('\r\n').length - 1;
  const statusWith = async (most: number) => {
    http.maxHeadersCount = most;
    return (await request(port).response()).status;
  };
  expect([await statusWith(fields), await statusWith(fields + 1)]).toEqual([431, 101]);
});

test('path is compared with that of a whole URL as well', async () => {
  const { port } = await serve({ path: '/chat' });
  await open(port, {}, 'GET http://example.com/chat?x HTTP/1.1');
  expect((await request(port, {}, 'GET http://example.com/other HTTP/1.1').response()).status).toBe(404);
});

test('H2: the refusal of a HEAD has no content (RFC 9110, section 9.3.2)', async () => {
  const { port } = await serve();
  const client = request(port, {}, 'HEAD / HTTP/1.1');
  const { status, fields } = await client.response();
  expect(status).toBe(405);
  expect(Number(fields.get('content-length'))).toBeGreaterThan(0);
  await client.end();
  expect(client.bytes.toString()).toMatch(/\r\n\r\n$/);
});
