import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { close, open, text, textLine } from './raw-client.suite.ts';
import { deferred, ended, nextConnection, reset, type ServeOptions, serve } from './serve.suite.ts';

type Hook = NonNullable<ServeOptions['messageHook']>;

/** A server with the hook that echoes what it lets through, a client, and the other end of it. */
async function echoing(messageHook: Hook, options: ServeOptions = {}) {
  const { server, port } = await serve({ ...options, messageHook }, (socket) =>
    socket.on('message', (data, isBinary) => {
      expect(Buffer.isBuffer(data)).toBe(true);
      socket.send(data, { binary: isBinary });
    }),
  );
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  return { server, port, client, socket, tcp };
}

test('messageHook: a message goes through, is left out, or is changed, with the socket and its context at hand', async () => {
  const hook: Hook = ({ data, isBinary }, socket) => {
    if (isBinary) return Uint8Array.of(...data, 33);
    if (data === 'who') return (socket.context as { name: string }).name;
    return !data.includes('secret');
  };
  const verifyClient = () => ({ ok: true as const, context: { name: 'ada' } });
  const { client } = await echoing(hook, { verifyClient });
  client.send(text('hello'), text('a secret'), text('who'), { opcode: 2, payload: Buffer.from([65]) });
  expect(await client.received(3)).toEqual([textLine('hello'), textLine('ada'), 'message opcode=2 rsv=0 2:4121']);
});

test('messageHook: async ones keep the order, one at a time, whatever each takes', async () => {
  let running = 0;
  const hook: Hook = async ({ data }) => {
    expect(++running).toBe(1);
    for (let turns = Number(data) % 5; turns > 0; turns--) await new Promise(setImmediate);
    running--;
    return `${data}!`;
  };
  const { client } = await echoing(hook);
  const numbers = Array.from({ length: 100 }, (_, i) => String(99 - i));
  client.send(...numbers.map(text));
  expect(await client.received(100)).toEqual(numbers.map((number) => textLine(`${number}!`)));
});

test('messageHook: reading stops while one is pending: what waits does not grow', async () => {
  const verdict = deferred<boolean>();
  const { client, tcp } = await echoing(() => verdict.promise);
  const paused = once(tcp, 'pause');
  const megabytes = Buffer.alloc(32 * 1024 * 1024);
  client.send(text('first'), { opcode: 2, payload: megabytes.subarray(0, 8 * 1024 * 1024) });
  await paused;
  expect(tcp.bytesRead).toBeLessThan(1024 * 1024);
  verdict.resolve(true);
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + 7 + 10 + 8 * 1024 * 1024);
});

test('messageHook: one that throws or rejects closes with 1011, or with the code that it gives; the others go on', async () => {
  const error = new Error('looks like spam');
  for (const [details, line] of [
    [{}, 'close 1011 ""'],
    [{ closeCode: 1008 }, 'close 1008 "looks like spam"'],
  ] as const) {
    for (const promised of [false, true]) {
      const hook: Hook = ({ data }) => {
        if (data !== 'bad') return true;
        if (promised) return Promise.reject(Object.assign(error, { closeCode: undefined }, details));
        throw Object.assign(error, { closeCode: undefined }, details);
      };
      const { client, socket, port } = await echoing(hook);
      const other = await open(port);
      const end = ended(socket);
      const heard: Error[] = [];
      socket.on('error', (error: Error) => heard.push(error));
      client.send(text('good'), text('bad'), text('good'));
      expect(await client.received(2)).toEqual([textLine('good'), line]);
      await client.send(close(1000)).end();
      expect((await end).cause).toBe(error);
      expect(heard).toEqual([error]);
      expect(await other.send(text('good')).received(1)).toEqual([textLine('good')]);
    }
  }
});

test('messageHook: what it has thrown is the cause, also of a client that goes then without a Close', async () => {
  const error = new Error('looks like spam');
  const { client, socket } = await echoing(() => {
    throw error;
  });
  const end = ended(socket);
  client.send(text('bad'));
  await client.received(1);
  client.socket.end();
  expect(await end).toEqual({ code: 1006, reason: '', cause: error });
});

test('messageHook: one that never settles is bounded by messageHookTimeout', async () => {
  const { client, socket } = await echoing(() => new Promise<boolean>(() => {}), { messageHookTimeout: 20 });
  const end = ended(socket);
  client.send(text('x'), text('y'));
  expect(await client.received(1)).toEqual(['close 1011 ""']);
  await client.send(close(1011)).end();
  expect(await end).toMatchObject({ code: 1011, cause: { message: 'the message hook has not decided for 20 ms' } });
});

/** A connection whose hook is deciding on its first message, "a". */
async function deciding() {
  const [asked, verdict] = [deferred(), deferred<boolean>()];
  const { client, socket } = await echoing(() => {
    asked.resolve();
    return verdict.promise;
  });
  client.send(text('a'));
  await asked.promise;
  return { client, socket, verdict };
}

test('messageHook: what is let through while the application has paused waits for it', async () => {
  const { client, socket, verdict } = await deciding();
  socket.pause();
  let heard = false;
  socket.on('message', () => {
    heard = true;
  });
  verdict.resolve(true);
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
  expect(heard).toBe(false);
  socket.resume();
  expect(await client.received(1)).toEqual([textLine('a')]);
});

test('messageHook: what is decided once the client has gone is delivered, and the end comes behind it', async () => {
  const { client, socket, verdict } = await deciding();
  const heard: unknown[] = [];
  socket.on('message', (data: Buffer) => heard.push(String(data)));
  const end = ended(socket).then(({ code }) => heard.push(code));
  await reset(client, socket);
  verdict.resolve(true);
  await end;
  expect(heard).toEqual(['a', 1006]);
});

test('messageHook: its time goes on once the client has gone', async () => {
  const asked = deferred();
  const { client, socket } = await echoing(
    () => {
      asked.resolve();
      return new Promise<boolean>(() => {});
    },
    { messageHookTimeout: 500 },
  );
  client.send(text('x'), text('y'));
  await asked.promise;
  const end = ended(socket);
  await reset(client, socket);
  expect(await end).toMatchObject({
    code: 1006,
    cause: { message: 'the message hook has not decided for 500 ms' },
  });
});

test('messageHook: of a connection that has ended meanwhile nothing is delivered', async () => {
  const { socket, verdict } = await deciding();
  const heard: string[] = [];
  socket.on('message', (data: Buffer) => heard.push(String(data)));
  const end = ended(socket);
  socket.terminate();
  expect((await end).code).toBe(1006);
  verdict.resolve(true);
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
  expect(heard).toEqual([]);
});

test('messageHook: for await gets what it lets through, and throws what it throws', async () => {
  const error = new Error('enough');
  const { server, port } = await serve({
    messageHook: async ({ data }) => {
      if (data === 'end') throw error;
      return `${data}!`;
    },
  });
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  const seen: unknown[] = [];
  const over = (async () => {
    for await (const { data } of socket) seen.push(data);
  })();
  client.send(text('a'), text('b'), text('end'), text('c'));
  await client.received(1);
  client.send(close(1011));
  await client.end();
  await expect(over).rejects.toBe(error);
  expect(seen).toEqual(['a!', 'b!']);
});

test('M8: messageHook and messageHookTimeout: of the wrong kind', () => {
  expect(() => new WebSocketServer({ noServer: true, messageHook: 5 as never })).toThrow(
    'messageHook must be a function',
  );
  for (const messageHookTimeout of [-1, 0.5, 2 ** 31]) {
    expect(() => new WebSocketServer({ noServer: true, messageHookTimeout })).toThrow(RangeError);
  }
});
