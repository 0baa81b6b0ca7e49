import { once } from 'node:events';
import { rawFrame } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import type { WebSocketServer } from '../src/server.ts';
import { type Child, run } from './child.suite.ts';
import { close, open, RawClient, request, text } from './raw-client.suite.ts';
import { serve } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

/**
 * A server in a process of its own, which closes when it is told to and has nothing else to do: that the process ends
 * by itself shows that no socket, timer or listener is left. What is not to end by itself has a minute.
 */
const program = (options: string, connection: string) => `
  import { WebSocketServer } from '@ws/node-server';
  const never = new Promise(() => {});
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', closeTimeout: 60_000, closeReplyTimeout: 60_000, ${options} });
  server.on('listening', () => console.log(server.address().port));
  server.on('connection', (socket) => { ${connection} });
  process.once('message', async (how) => {
    const closed = [server.close(...how), server.close()];
    await Promise.all(closed);
    console.log('closed, ' + server.clients.size + ' are left');
  });
`;

interface Moment {
  readonly options?: string;
  readonly connection?: string;
  /** Brings a client to that moment. */
  arrive(port: number, child: Child): RawClient | Promise<RawClient>;
  /** How it takes leave once the server closes; by default it does nothing, and has to be cut off. */
  goOn?(client: RawClient): unknown;
  /** What it gets to see. */
  readonly sees: RegExp;
}

/** A client that has sent these frames, all of which were read: a ping behind them was answered. */
async function sent(port: number, bytes: Uint8Array): Promise<RawClient> {
  const client = await open(port);
  client.write(Buffer.concat([rawFrame({ opcode: 9, maskingKey: 1 }), bytes]));
  await client.received(1);
  return client;
}

const frame = rawFrame({ ...text('hello'), maskingKey: 1 });
const goodbye = async (client: RawClient, first: Uint8Array = Buffer.alloc(0)) => {
  await client.until(() => client.transcript().includes('close 1001 ""'));
  client.write(Buffer.concat([first, rawFrame({ ...close(1001), maskingKey: 1 })]));
};

const MOMENTS: Record<string, Moment> = {
  'in the queue of the system, or just out of it': { arrive: (port) => new RawClient(port), sees: /^$/ },
  'after half the head of a request': {
    async arrive(port) {
      const client = new RawClient(port).write('GET / HTTP/1.1\r\nHost: 127.');
      await once(client.socket, 'connect');
      return client;
    },
    sees: /^$/,
  },
  'while verifyClient decides': {
    options: "verifyClient: () => (console.log('asked'), never)",
    async arrive(port, child) {
      const client = request(port);
      expect(await child.line()).toBe('asked');
      return client;
    },
    sees: /^503 $/,
  },
  'after a refusal, to which the client does not end its half': {
    async arrive(port) {
      const client = request(port, { 'Sec-WebSocket-Version': '8' });
      await client.until(() => client.ended);
      return client;
    },
    sees: /^426 $/,
  },
  "after a refusal that is left to a 'wsClientError' listener": {
    connection: '}); server.on("wsClientError", () => { console.log("refused");',
    async arrive(port, child) {
      const client = request(port, { 'Sec-WebSocket-Version': '8' });
      expect(await child.line()).toBe('refused');
      return client;
    },
    sees: /^$/,
  },
  'between the 101 and the first frame': { arrive: (port) => open(port), goOn: goodbye, sees: /^101 close 1001 ""$/ },
  'between the 101 and the first frame, which never comes': {
    arrive: (port) => open(port),
    sees: /^101 close 1001 ""$/,
  },
  'in the middle of a frame': {
    arrive: (port) => sent(port, frame.subarray(0, 8)),
    goOn: (client) => goodbye(client, frame.subarray(8)),
    sees: /^101 pong 0:,close 1001 ""$/,
  },
  'in the middle of a frame, the rest of which never comes': {
    arrive: (port) => sent(port, frame.subarray(0, 3)),
    sees: /^101 pong 0:,close 1001 ""$/,
  },
  'in the middle of a message': {
    arrive: (port) => sent(port, rawFrame({ ...text('a'), fin: false, maskingKey: 1 })),
    goOn: (client) => goodbye(client, rawFrame({ opcode: 0, maskingKey: 1 })),
    sees: /^101 pong 0:,close 1001 ""$/,
  },
  'while messageHook decides': {
    options:
      "messageHook: () => new Promise((yes) => { console.log('asked'); process.once('message', () => setImmediate(yes, true)) })",
    async arrive(port, child) {
      const client = (await open(port)).send(text('hello'));
      expect(await child.line()).toBe('asked');
      return client;
    },
    goOn: goodbye,
    sees: /^101 close 1001 ""$/,
  },
  'while messageHook never decides': {
    // What a client has sent that is gone is still decided on, for so long.
    options:
      "closeReplyTimeout: 500, messageHookTimeout: 60_000, heartbeat: { interval: 50, timeout: 60_000 }, messageHook: () => (console.log('asked'), never)",
    async arrive(port, child) {
      const client = (await open(port)).send(text('hello'));
      expect(await child.line()).toBe('asked');
      return client;
    },
    sees: /^101 close 1001 ""$/,
  },
  'while the application has paused the socket': {
    options: 'heartbeat: { interval: 50, timeout: 60_000 }',
    connection: 'socket.pause();',
    arrive: (port) => open(port),
    sees: /^101 (ping 9:[0-9a-f]+,)*close 1001 ""$/,
  },
  'while a client has sent more than its rate': {
    options: 'rateLimit: { bytes: 1 }, heartbeat: { interval: 50, timeout: 60_000 }',
    arrive: (port) => sent(port, rawFrame({ opcode: 2, payload: Buffer.alloc(10_000), maskingKey: 1 })),
    sees: /^101 pong 0:,(ping 9:[0-9a-f]+,)*close 1001 ""$/,
  },
  'while the body of for await is busy': {
    connection: "(async () => { for await (const _ of socket) { console.log('busy'); await never; } })();",
    async arrive(port, child) {
      const client = (await open(port)).send(text('hello'));
      expect(await child.line()).toBe('busy');
      return client;
    },
    sees: /^101 close 1001 ""$/,
  },
  'while our Close waits for its answer': {
    connection: 'socket.close(4000);',
    async arrive(port) {
      const client = await open(port);
      await client.received(1);
      return client;
    },
    goOn: (client) => client.send(close(4000)),
    sees: /^101 close 4000 ""$/,
  },
  'after both Closes, the client not ending its half': {
    async arrive(port) {
      const client = (await open(port)).send(close(1000));
      await client.until(() => client.ended);
      return client;
    },
    sees: /^101 close 1000 ""$/,
  },
  'after a violation, the client not ending its half': {
    async arrive(port) {
      const client = (await open(port)).send({ opcode: 3 });
      await client.until(() => client.ended);
      return client;
    },
    sees: /^101 close 1002 ""$/,
  },
  'while a client that reads nothing makes us wait': {
    options: "overflow: 'wait', maxBufferedAmount: 1024",
    connection: "socket.send(Buffer.alloc(32 * 1024 * 1024)); setImmediate(() => console.log('waiting'));",
    async arrive(port, child) {
      const client = request(port);
      client.socket.pause();
      expect(await child.line()).toBe('waiting');
      return client;
    },
    sees: /^101 /,
  },
};

/** What a client has got when the server has ended it: nothing, or a status and frames. */
async function seen(client: RawClient): Promise<string> {
  client.socket.resume();
  // However it was ended.
  await client.until(() => client.ended).catch(() => {});
  client.socket.end();
  await client.gone();
  if (!client.bytes.includes('\r\n\r\n')) return '';
  const { status } = await client.response();
  return `${status} ${status === 101 ? client.transcript() : ''}`;
}

for (const [moment, { options = '', connection = '', arrive, goOn, sees }] of Object.entries(MOMENTS)) {
  describe(`H12: server.close() ${moment}`, () => {
    test('with a timeout: it settles, the client gets an answer or an end, and the process is free to end', async () => {
      const child = run(program(options, connection));
      const client = await arrive(Number(await child.line()), child);
      child.process.send([{ timeout: goOn === undefined ? 50 : 60_000 }]);
      if (goOn !== undefined) {
        await goOn(client);
        await client.end();
      }
      expect(await child.line()).toBe('closed, 0 are left');
      expect(await seen(client)).toMatch(sees);
      expect([await child.exit, child.errors()]).toEqual([0, '']);
    });

    test('as ws has it: it settles once the client has gone, and the process is free to end', async () => {
      const child = run(program(options, connection));
      const client = await arrive(Number(await child.line()), child);
      child.process.send([]);
      client.socket.resetAndDestroy();
      expect(await child.line()).toBe('closed, 0 are left');
      expect([await child.exit, child.errors()]).toEqual([0, '']);
    });
  });
}

test.each(['', 'await null;', "await new Promise((resolve) => server.once('listening', resolve));"])(
  'H12: server.close() before it listens, or as soon as it does (%s): it settles, and does not listen after it',
  async (wait) => {
    for (const how of ['', '{}']) {
      const child = run(`
        import { WebSocketServer } from '@ws/node-server';
        const server = new WebSocketServer({ port: 0, host: 'localhost' });
        ${wait}
        await server.close(${how});
        console.log('closed');
      `);
      expect(await child.line()).toBe('closed');
      expect([await child.exit, child.errors()]).toEqual([0, '']);
    }
  },
);

test('H12: server.close() of one that could not listen: it settles', async () => {
  const { port } = await serve();
  const child = run(`
    import { WebSocketServer } from '@ws/node-server';
    const server = new WebSocketServer({ port: ${port}, host: '127.0.0.1' });
    server.on('error', async ({ code }) => {
      await server.close({});
      console.log(code);
    });
  `);
  expect(await child.line()).toBe('EADDRINUSE');
  expect([await child.exit, child.errors()]).toEqual([0, '']);
});

/** From where a server closes itself, and what a client sends to bring it there. */
const LISTENERS: Record<string, (server: WebSocketServer, closes: () => void) => unknown> = {
  "'headers'": (server, closes) => server.on('headers', closes),
  "'wsClientError'": (server, closes) => server.on('wsClientError', (_error, socket) => void socket.end(closes())),
  "'ping'": (server, closes) => server.on('connection', (socket) => socket.on('ping', closes)),
  "'pong'": (server, closes) => server.on('connection', (socket) => socket.on('pong', closes)),
  "'error'": (server, closes) => server.on('connection', (socket) => socket.on('error', closes)),
  "'close' of a socket": (server, closes) => server.on('connection', (socket) => socket.on('close', closes)),
  'a callback of send': (server, closes) => server.on('connection', (socket) => socket.send('hello', closes)),
  'an iteration': (server, closes) =>
    server.on('connection', async (socket) => {
      for await (const _ of socket) closes();
    }),
};

for (const [place, listen] of Object.entries(LISTENERS)) {
  test(`H12: server.close({}) in ${place}: it settles, and the client gets an answer or an end`, async () => {
    const { server, port } = await serve({ closeTimeout: 30 });
    let closing: Promise<void> | undefined;
    listen(server, () => {
      closing ??= server.close({ timeout: 1000 });
    });
    const closed = once(server, 'close');
    const client = request(port, place === "'wsClientError'" ? { 'Sec-WebSocket-Version': '8' } : {});
    client.send({ opcode: 9 }, { opcode: 10 }, text('a'), { ...close(1000), rsv1: place === "'error'" });
    await client.end();
    await closed;
    await closing;
    expect(server.clients.size).toBe(0);
  });
}

test("H6, H12: a 'close' listener of the server that throws: close() settles, and the last socket is told as well", async () => {
  const { errors } = uncaught();
  const thrown = new Error('a bug of the application');
  const told: number[] = [];
  const { server, port } = await serve({}, (socket) => socket.on('close', (code) => told.push(code)));
  server.on('close', () => {
    throw thrown;
  });
  const client = await open(port);
  const closed = server.close({});
  await client.received(1);
  client.send(close(1001));
  await client.end();
  await closed;
  expect(told).toEqual([1001]);
  await new Promise(setImmediate);
  expect(errors).toEqual([thrown]);
});

test("H6, H12: listeners and callbacks of 'close' that throw keep it from no other", async () => {
  const { errors } = uncaught();
  const thrown = [new Error('of a listener'), new Error('of a callback')];
  const { server } = await serve();
  server.on('close', () => {
    throw thrown[0];
  });
  server.close(() => {
    throw thrown[1];
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise(setImmediate);
  expect(errors).toEqual(thrown);
});
