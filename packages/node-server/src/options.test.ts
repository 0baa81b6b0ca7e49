import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { open } from '../test/raw-client.suite.ts';
import { serve } from '../test/serve.suite.ts';
import { WebSocketServer } from './server.ts';

const NUMBERS = ['maxPayload', 'handshakeTimeout', 'closeTimeout', 'closeReplyTimeout'] as const;

for (const name of NUMBERS) {
  test(`M8: ${name}: what is no number is a TypeError; NaN, negative, fractional, infinite a RangeError`, () => {
    const make = (value: unknown) => () => new WebSocketServer({ noServer: true, [name]: value });
    for (const value of ['1kb', '1', null, true, 1n, [], {}]) expect(make(value), String(value)).toThrow(TypeError);
    for (const value of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(make(value), String(value)).toThrow(RangeError);
    }
    for (const value of [0, 1, 2 ** 31 - 1, undefined]) expect(make(value), String(value)).not.toThrow();
  });
}

test('M8: 2^31, 2^32 and 2^53-1 are legal payloads; a timer of Node takes 2^31-1 ms at most', () => {
  for (const maxPayload of [2 ** 31, 2 ** 32, 2 ** 53 - 1]) new WebSocketServer({ noServer: true, maxPayload });
  expect(() => new WebSocketServer({ noServer: true, closeTimeout: 2 ** 31 })).toThrow(RangeError);
});

test('a name that is no option is warned of, once, unless ws has it', async () => {
  const warnings: string[] = [];
  const listener = ({ message }: Error) => warnings.push(message);
  process.on('warning', listener);
  for (let i = 0; i < 2; i++) {
    new WebSocketServer({ noServer: true, allowedOrigin: ['https://example.com'], verifyclient: undefined } as never);
    new WebSocketServer({ noServer: true, clientTracking: true, autoPong: false, WebSocket: class {} } as never);
  }
  // Warnings are told in a tick of their own.
  await new Promise(setImmediate);
  process.off('warning', listener);
  expect(warnings).toEqual([
    expect.stringMatching(/^WebSocketServer has no option "allowedOrigin", and ignores it; it has .*allowedOrigins/),
  ]);
});

test('M8: a wrong option is said at construction, by its name', () => {
  const express = Object.assign(() => {}, { on() {}, listen() {} });
  const wrong: [object, string][] = [
    [{}, 'exactly one of the options port, server and noServer'],
    [{ port: 0, noServer: true }, 'exactly one of the options port, server and noServer'],
    [{ port: 0, server: createServer() }, 'exactly one of the options port, server and noServer'],
    [{ noServer: false }, 'exactly one of the options port, server and noServer'],
    [{ server: 8080 }, 'server must be an http or https server, got number'],
    [{ server: {} }, 'server must be an http or https server, got object'],
    [{ port: '8080' }, 'port must be a number, got string'],
    [{ port: 0, host: 5 }, 'host must be a string, got number'],
    [{ port: 0, backlog: 'many' }, 'backlog must be a number, got string'],
    [{ port: 65_536 }, 'port must be an integer from 0 to 65535, got 65536'],
    [
      { noServer: true, path: 'chat' },
      'path must be a string that starts with "/", in visible ASCII and without ? and #, got "chat"',
    ],
    ...['/chat?a', '/chat#a', '/a b', '/ü'].map((path): [object, string] => [{ noServer: true, path }, 'path must be']),
    [{ server: express }, 'got an app: give what its listen() returns'],
    [{ noServer: 'true' }, 'noServer must be a boolean, got string'],
    [{ noServer: true, signal: null }, 'signal must be an AbortSignal, got null'],
    [{ noServer: true, messageHook: {} }, 'messageHook must be a function, got object'],
    [{ noServer: true, perMessageDeflate: 'true' }, 'perMessageDeflate must be a boolean or an object, got string'],
    [
      { noServer: true, rateLimit: { messagesPerSecond: 1 } },
      'rateLimit has no option "messagesPerSecond"; it has handshakes, handshakesPerAddress, messages',
    ],
    [{ noServer: true, heartbeat: { intervall: 5 } }, 'heartbeat has no option "intervall"; it has interval, timeout'],
    [{ noServer: true, path: /chat/ }, 'path must be a string that starts with "/"'],
    [{ noServer: true, verifyClient: true }, 'verifyClient must be a function, got boolean'],
    [{ noServer: true, handleProtocols: ['chat'] }, 'handleProtocols must be a function, got object'],
    [{ noServer: true, handleProtocols: () => 'a', subprotocols: ['a'] }, 'either subprotocols or handleProtocols'],
    [{ noServer: true, subprotocols: ['a', 'a'] }, 'subprotocols'],
    [{ noServer: true, subprotocols: ['a b'] }, 'subprotocols'],
    [{ noServer: true, subprotocols: 'chat' }, 'subprotocols'],
    [{ noServer: true, allowedOrigins: ['example.com'] }, '"example.com" is not an origin'],
    [{ noServer: true, allowedOrigins: ['https://example.com/'] }, 'is not an origin'],
    [{ noServer: true, allowedOrigins: ['*'] }, '"*" is not an origin'],
    [{ noServer: true, allowedOrigins: 'https://example.com' }, 'allowedOrigins must be an array, got string'],
    [{ noServer: true, requireOrigin: 'yes' }, 'requireOrigin must be a boolean, got string'],
  ];
  for (const [options, message] of wrong) expect(() => new WebSocketServer(options), message).toThrow(message);
  for (const [options, got] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [8080, 'number'],
  ]) {
    expect(() => new WebSocketServer(options as never)).toThrow(`options must be an object, got ${got}`);
  }
});

test('H19: no subprotocol is chosen by default; subprotocols is one place to set it, in the server’s order', async () => {
  const offer = { 'Sec-WebSocket-Protocol': 'b, a, c' };
  const cases = [
    [{}, undefined],
    [{ subprotocols: ['a', 'b'] }, 'a'],
    [{ subprotocols: ['x', 'c'] }, 'c'],
    [{ subprotocols: ['x'] }, undefined],
    [{ handleProtocols: (offered: Set<string>) => [...offered][0]! }, 'b'],
    [{ handleProtocols: () => false as const }, undefined],
    [{ handleProtocols: () => undefined }, undefined],
  ] as const;
  for (const [options, chosen] of cases) {
    const protocols: string[] = [];
    const { port } = await serve(options, (socket) => protocols.push(socket.protocol));
    const client = await open(port, offer);
    expect((await client.response()).fields.get('sec-websocket-protocol')).toBe(chosen);
    expect(protocols).toEqual([chosen ?? '']);
  }
});

test('H19: nobody is asked about subprotocols where none is offered', async () => {
  const { port } = await serve({ handleProtocols: () => expect.unreachable('none was offered') });
  const client = await open(port);
  expect((await client.response()).fields.has('sec-websocket-protocol')).toBe(false);
});
