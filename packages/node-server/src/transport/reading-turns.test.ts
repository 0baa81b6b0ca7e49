import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { Worker } from 'node:worker_threads';
import { certificate } from '@ws/runtimes/certificate';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open } from '../../test/raw-client.suite.ts';
import { deferred, listen, serve, shut } from '../../test/serve.suite.ts';
import { uncaught } from '../../test/uncaught.suite.ts';
import { WebSocketServer } from '../server.ts';
import type { WebSocket } from '../websocket.ts';
import { type Bulk, ReadingTurns } from './reading-turns.ts';

type Listener = (socket: WebSocket, request: IncomingMessage) => void;
type Client = { send(payloads: Buffer[]): void };

async function overTcp(listener: Listener): Promise<Client> {
  const { port } = await serve({}, listener);
  const client = await open(port);
  return { send: (payloads) => client.send(...payloads.map((payload) => ({ opcode: 2, payload }))) };
}

async function overTls(listener: Listener): Promise<Client> {
  const { cert, key } = certificate();
  const http = createServer({ cert, key });
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  server.on('connection', listener);
  const { port } = await listen(http);
  // In a thread of its own: it would send little at a time between the reads of this one.
  const thread = new Worker(TLS_CLIENT, { eval: true, workerData: { url: `wss://localhost:${port}`, ca: cert } });
  onTestFinished(async () => void (await thread.terminate()));
  await once(thread, 'message');
  return { send: (payloads) => thread.postMessage(payloads) };
}

const TLS_CLIENT = `
  const { parentPort, workerData: { url, ca } } = require('node:worker_threads');
  const { WebSocket } = require('ws');
  const client = new WebSocket(url, { ca, perMessageDeflate: false });
  client.on('open', () => parentPort.postMessage('open'));
  parentPort.on('message', (payloads) => {
    client._socket.cork();
    for (const payload of payloads) client.send(payload);
    client._socket.uncork();
  });
`;

const TRANSPORTS = [
  // A millisecond, and what a read of 64 KiB completes; over TLS, where a socket is paused, with what Node decrypts
  // ahead.
  ['TCP', overTcp, 5],
  ['TLS', overTls, 8],
] as const;

/** Works for so many milliseconds. */
function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test.each(TRANSPORTS)(
  'over %s, a client whose messages take long gives way in time, and none is lost or late',
  async (_, connect, most) => {
    const COUNT = 64;
    let turn = 0;
    const inTurn: number[] = [];
    const received: number[] = [];
    const all = deferred();
    const client = await connect((socket) =>
      socket.on('message', (data) => {
        inTurn[turn] = (inTurn[turn] ?? 0) + 1;
        received.push(data.readUInt8());
        busy(1);
        if (received.length === COUNT) all.resolve();
      }),
    );
    let counting = true;
    const count = (): void => {
      turn++;
      if (counting) setImmediate(count);
    };
    count();
    client.send(Array.from({ length: COUNT }, (_, i) => Buffer.alloc(16_384, i)));
    await all.promise;
    counting = false;
    expect(received).toEqual(Array.from({ length: COUNT }, (_, i) => i));
    expect(Math.max(...inTurn.filter((messages) => messages !== undefined))).toBeLessThanOrEqual(most);
  },
);

test.each(TRANSPORTS)(
  'over %s, a socket that gives way is not read on if it was paused meanwhile',
  async (_, connect) => {
    const COUNT = 256;
    const received: number[] = [];
    const all = deferred();
    const checked = deferred();
    const client = await connect((socket, { socket: tcp }) => {
      const pauseForSomeTurns = async (): Promise<void> => {
        socket.pause();
        const before = tcp.bytesRead;
        for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
        // What a stream of Node reads ahead while it is paused.
        expect(tcp.bytesRead - before).toBeLessThanOrEqual(2 * 65_536);
        expect(received.length).toBeLessThan(COUNT);
        socket.resume();
      };
      socket.on('message', (data) => {
        received.push(data.readUInt8());
        busy(1);
        if (received.length === COUNT) all.resolve();
        // Behind the end of the read, after which the socket gives way.
        if (received.length === 16) process.nextTick(() => pauseForSomeTurns().then(checked.resolve, checked.reject));
      });
    });
    client.send(Array.from({ length: COUNT }, (_, i) => Buffer.alloc(16_384, i)));
    await Promise.all([all.promise, checked.promise]);
    expect(received).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  },
);

test.each(TRANSPORTS)(
  'over %s, a socket may be paused in the very listener for which it gives way',
  async (_, connect) => {
    const COUNT = 64;
    const received: number[] = [];
    const all = deferred();
    const client = await connect((socket) => {
      socket.on('close', () => all.reject(socket.cause ?? new Error('closed')));
      socket.on('message', async (data) => {
        received.push(data.readUInt8());
        if (received.length === COUNT) all.resolve();
        busy(1.1);
        socket.pause();
        // Node reads ahead meanwhile, until its own queue is full.
        for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
        socket.resume();
      });
    });
    client.send(Array.from({ length: COUNT }, (_, i) => Buffer.alloc(16_384, i)));
    await all.promise;
    expect(received).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  },
);

test.each([
  // What a read of 64 KiB completes; else, what two of them do. Of all clients it would be 32 messages.
  ['at once', 5],
  ['after an await', 10],
  ['with a pause after each', 5],
])(
  'clients whose messages take long, %s, are read one after the other, and one with little is answered meanwhile',
  async (how, most) => {
    const BULK = 8;
    const COUNT = 32;
    let turn = 0;
    let received = 0;
    const inTurn: number[] = [];
    const all = deferred();
    const { port } = await serve({}, (socket) =>
      socket.on('message', async (data) => {
        if (data.length < 16_384) {
          socket.send(data);
          return;
        }
        if (how === 'after an await') await undefined;
        received++;
        inTurn[turn] = (inTurn[turn] ?? 0) + 1;
        busy(0.5);
        if (received === BULK * COUNT) all.resolve();
      }),
    );
    const count = (): void => {
      turn++;
      if (received < BULK * COUNT) setImmediate(count);
    };
    count();
    const little = await open(port);
    const bulk = await Promise.all(Array.from({ length: BULK }, () => open(port)));
    const payload = Buffer.alloc(16_384);
    for (const client of bulk) client.send(...Array.from({ length: COUNT }, () => ({ opcode: 2, payload })));
    const talk = async (): Promise<void> => {
      for (let count = 1; received < BULK * COUNT; count++) {
        little.send({ opcode: 2, payload: Buffer.from('hello') });
        await little.received(count);
      }
    };
    await Promise.all([talk(), all.promise]);
    const turns = inTurn.filter((messages) => messages !== undefined).sort((a, b) => a - b);
    expect(turns[turns.length >> 1]).toBeLessThanOrEqual(most);
  },
);

describe('sockets that much is read from', () => {
  /** Turns whose time goes on as the test says, and the names of the sockets that went on, turn by turn. */
  class Loop {
    now = 1000;
    readonly wentOn: string[] = [];
    #done: (() => void)[] = [];
    #ends: (() => void)[] = [];
    readonly turns = new ReadingTurns({
      now: () => this.now,
      afterRead: (callback) => void this.#done.push(callback),
      afterTurn: (callback) => void this.#ends.push(callback),
    });

    socket(name: string): Bulk {
      return { givesWayFrom: 16_384, goOn: () => void this.wentOn.push(name) };
    }

    /**
     * Bytes are read from it, and delivered in so many milliseconds, with what its listeners do later on. Returns
     * whether it gives way.
     */
    read(who: Bulk, took: number, { bytes = 65_536, later = 0 } = {}): boolean {
      const isMuch = this.turns.read(who, bytes);
      this.now += took;
      const givesWay = isMuch && this.turns.givesWay(who);
      this.now += later;
      for (const done of this.#done.splice(0)) done();
      return givesWay;
    }

    /** The turn ends. Returns who went on. */
    async end(): Promise<string[]> {
      for (const end of this.#ends.splice(0)) end();
      await new Promise(process.nextTick);
      return this.wentOn.splice(0);
    }

    /** Whether the end of a turn is waited for. */
    get running(): boolean {
      return this.#ends.length > 0;
    }
  }

  test('go on as long as there is time in the turn, and give way after it', async () => {
    const loop = new Loop();
    const a = loop.socket('a');
    expect([0.25, 0.25, 0.5, 0.125].map((took) => loop.read(a, took))).toEqual([false, false, false, true]);
    expect(await loop.end()).toEqual(['a']);
    expect(loop.read(a, 0.5)).toBe(false);
    expect(loop.read(loop.socket('b'), 1)).toBe(true);
    expect(await loop.end()).toEqual(['b']);
  });

  test('go on in their order, as many in a turn as have the time, and others after them', async () => {
    const loop = new Loop();
    const sockets = ['a', 'b', 'c', 'd', 'e'].map((name) => loop.socket(name));
    for (const socket of sockets) loop.read(socket, 0.5);
    // The first two had the time.
    expect(await loop.end()).toEqual(['c', 'd']);
    expect(loop.read(loop.socket('f'), 0.5)).toBe(true);
    expect(await loop.end()).toEqual(['e', 'f']);
    expect(await loop.end()).toEqual([]);
  });

  test('have a quarter of a millisecond each while others wait', async () => {
    const loop = new Loop();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => loop.socket(name)) as [Bulk, Bulk, Bulk];
    for (const socket of [a, b, c]) loop.read(socket, 1.5);
    expect(await loop.end()).toEqual(['a']);
    expect([0.125, 0.125, 0.125].map((took) => loop.read(a, took))).toEqual([false, false, true]);
    expect(loop.read(loop.socket('d'), 0.125)).toBe(false);
    expect([await loop.end(), await loop.end(), await loop.end()].flat()).toEqual(['b', 'c', 'a']);
  });

  test('are those of whom much was read in a row, in one read or in many', async () => {
    const loop = new Loop();
    const [a, b] = ['a', 'b'].map((name) => loop.socket(name)) as [Bulk, Bulk];
    expect(loop.read(a, 2, { bytes: 16_383 })).toBe(false);
    expect(loop.read(b, 2, { bytes: 16_384 })).toBe(true);
    expect(await loop.end()).toEqual(['b']);
    for (let i = 0; i < 4; i++) {
      expect(loop.read(a, 2, { bytes: 8000 })).toBe(false);
      expect(loop.read(b, 2, { bytes: 8000 })).toBe(false);
    }
    expect([8000, 8000, 384].map((bytes) => loop.read(a, 2, { bytes }))).toEqual([false, false, true]);
    // The end of much is little by itself.
    expect(loop.read(a, 0, { bytes: 1 })).toBe(true);
    await loop.end();
    expect(loop.read(a, 2, { bytes: 16_383 })).toBe(false);
  });

  test('are counted from 16 KiB on, also where they give way after more of it', async () => {
    const loop = new Loop();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ ...loop.socket(name), givesWayFrom: 49_152 })) as [
      Bulk,
      Bulk,
      Bulk,
    ];
    expect([16_384, 16_384].map((bytes) => loop.read(a, 0.6, { bytes }))).toEqual([false, false]);
    expect(loop.read(b, 0, { bytes: 49_151 })).toBe(false);
    expect(loop.read(c, 0, { bytes: 49_152 })).toBe(true);
  });

  test('have what their listeners do later on counted, and not what others do', async () => {
    const loop = new Loop();
    expect(loop.read(loop.socket('a'), 0, { later: 2 })).toBe(false);
    expect(loop.read(loop.socket('b'), 0)).toBe(true);
    await loop.end();
    expect(loop.read(loop.socket('a'), 0)).toBe(false);
    loop.now += 2;
    expect(loop.read(loop.socket('b'), 0)).toBe(false);
  });

  test('leave their places when they are gone', async () => {
    const loop = new Loop();
    const sockets = ['a', 'b', 'c'].map((name) => loop.socket(name));
    for (const socket of sockets) loop.read(socket, 1.5);
    loop.turns.leave(sockets[0]!);
    loop.turns.leave(sockets[0]!);
    loop.turns.leave(loop.socket('none of them'));
    expect(await loop.end()).toEqual(['b']);
    expect(await loop.end()).toEqual(['c']);
  });

  test('have half as long as all else takes, if that is longer', async () => {
    const loop = new Loop();
    for (let i = 0; i < 12; i++) loop.read(loop.socket(String(i)), 1.5);
    loop.now += 12;
    expect(await loop.end()).toEqual(['0', '1', '2', '3']);
    // The turn without any has told nothing new of what they take.
    expect(await loop.end()).toEqual(['4']);
  });

  test('are reckoned by many of their reads, not by one that was quick', async () => {
    const loop = new Loop();
    for (let turn = 0; turn < 32; turn++) {
      loop.read(loop.socket('slow'), 1.5);
      await loop.end();
    }
    for (let i = 0; i < 8; i++) loop.read(loop.socket(String(i)), 1.5);
    expect(await loop.end()).toEqual(['0']);
    loop.read(loop.socket('quick'), 0.001);
    expect(await loop.end()).toEqual(['1']);
  });

  test('let the loop rest once there are none', async () => {
    const loop = new Loop();
    expect(loop.running).toBe(false);
    loop.read(loop.socket('a'), 2);
    expect([loop.running, await loop.end()]).toEqual([true, ['a']]);
    expect([loop.running, await loop.end()]).toEqual([true, []]);
    expect(loop.running).toBe(false);
  });

  test('go on, whatever one of them throws', async () => {
    const loop = new Loop();
    const error = new Error('a stream of somebody');
    const throws: Bulk = {
      givesWayFrom: 16_384,
      goOn() {
        throw error;
      },
    };
    const { errors } = uncaught();
    loop.read(loop.socket('a'), 1);
    for (const socket of [throws, loop.socket('b'), throws, loop.socket('c')]) loop.read(socket, 0.01);
    expect(await loop.end()).toEqual(['b', 'c']);
    expect(errors).toEqual([error, error]);
  });
});
