import { expect, test } from 'vitest';
import { Endpoint, flat, readWritten, utf8 } from '../endpoint.suite.ts';
import { Connection } from './connection.ts';
import type { Encoded, Extension } from './extension.ts';
import { PreparedMessage } from './prepared.ts';

/** Marks a message with a byte, and counts how often it was asked. */
class Marks implements Extension {
  readonly rsv = 0x40;
  readonly alike: string | undefined;
  readonly later: boolean;
  asked = 0;

  constructor(alike: string | undefined, later = false) {
    this.alike = alike;
    this.later = later;
  }

  decode = (payload: Uint8Array<ArrayBuffer>) => payload.slice(1);

  encode(payload: Uint8Array): Encoded | Promise<Encoded> {
    this.asked++;
    const encoded = Uint8Array.of(33, ...payload);
    return this.later ? Promise.resolve(encoded) : encoded;
  }
}

const all = (endpoint: Endpoint, rsv = 0x40) => readWritten('server', flat(endpoint.connection.take()), rsv);

test('a prepared message is what the same data and options would be', () => {
  const cases = [
    ['grüße', {}, 'text "grüße"'],
    ['grüße', { binary: true }, `binary ${Buffer.from('grüße').toString('hex')}`],
    [Uint8Array.of(1, 2), {}, 'binary 0102'],
    [utf8('abc'), { binary: false }, 'text "abc"'],
    [Uint8Array.of(1, 2).buffer, {}, 'binary 0102'],
    ['', {}, 'text ""'],
  ] as const;
  for (const role of ['server', 'client'] as const) {
    for (const [data, options, line] of cases) {
      const endpoint = new Endpoint(role);
      endpoint.connection.send(new PreparedMessage(data, options));
      expect(readWritten(role, flat(endpoint.connection.take()))).toEqual([line]);
    }
  }
});

test('data may change once it is prepared, of any size', () => {
  for (const size of [1, 100_000]) {
    const data = new Uint8Array(size).fill(7);
    const prepared = new PreparedMessage(data);
    data.fill(8);
    const endpoint = new Endpoint('server');
    endpoint.connection.send(prepared);
    expect(all(endpoint)).toEqual([`binary ${'07'.repeat(size)}`]);
  }
});

test('servers share one frame of up to 4 KiB, and copy what is longer or masked', () => {
  const taken = (role: 'server' | 'client', prepared: PreparedMessage) => {
    const { connection } = new Endpoint(role);
    connection.send(prepared);
    return connection.take()[0];
  };
  for (const size of [0, 1, 4096]) {
    const prepared = new PreparedMessage(new Uint8Array(size));
    const frame = taken('server', prepared);
    expect(taken('server', prepared)).toBe(frame);
    expect(taken('client', prepared)).not.toBe(frame);
  }
  const long = new PreparedMessage(new Uint8Array(4097));
  expect(taken('server', long)).not.toBe(taken('server', long));
});

test('of one peer that has fallen behind, 64 frames wait as they are, and the others lie side by side', () => {
  const { connection } = new Endpoint('server');
  const prepared = new PreparedMessage('x'.repeat(1000));
  for (let i = 0; i < 100; i++) connection.send(prepared);
  const chunks = connection.take();
  expect(chunks.map(({ length }) => length)).toEqual([...Array<number>(64).fill(1004), 36 * 1004]);
  expect(readWritten('server', flat(chunks))).toHaveLength(100);
});

test('a shared frame keeps its place between others, and is sent in parts like them', () => {
  const { connection } = new Endpoint('server');
  const prepared = new PreparedMessage('both');
  const lines = ['text "a"', 'text "both"', 'text "both"', 'binary 01', 'text "both"', 'text "z"'];
  const bytes: number[] = [];
  for (let most = 1; most <= 20; most++) {
    for (const data of ['a', prepared, prepared, Uint8Array.of(1), prepared, 'z']) connection.send(data);
    const whole: Uint8Array[] = [];
    while (connection.queuedBytes > 0) {
      const before = connection.queuedBytes;
      const part = connection.take(most);
      expect(before - connection.queuedBytes).toBe(Math.min(most, before));
      whole.push(...part.map((chunk) => chunk.slice()));
    }
    bytes.push(flat(whole).length);
    expect(readWritten('server', flat(whole))).toEqual(lines);
  }
  expect(new Set(bytes)).toEqual(new Set([27]));
});

test('what cannot be sent is a TypeError when it is prepared', () => {
  expect(() => new PreparedMessage(5 as never)).toThrow(TypeError);
  expect(() => new PreparedMessage(undefined as never)).toThrow(TypeError);
  expect(() => new PreparedMessage('a', { binary: 'x' as never })).toThrow('binary must be a boolean, got string');
  expect(() => new PreparedMessage('a', { compress: null as never })).toThrow('compress must be a boolean, got null');
  expect(() => new PreparedMessage(Uint8Array.of(0xff), { binary: false })).toThrow('is not UTF-8');
  expect(() => new PreparedMessage(utf8('é').subarray(0, 1), { binary: false })).toThrow('cuts a character');
});

test('within a fragmented message of any kind it is a TypeError', () => {
  for (const first of ['text', Uint8Array.of(1)]) {
    for (const data of ['x', Uint8Array.of(1)]) {
      const { connection } = new Endpoint('server');
      connection.send(first, { fin: false });
      expect(() => connection.send(new PreparedMessage(data))).toThrow('message is open');
    }
  }
});

for (const later of [false, true]) {
  test(`an extension encodes it once for all that are alike${later ? ', also later' : ''}`, async () => {
    const kinds = ['a', 'b', 'a', undefined, 'a', 'b', undefined];
    const extensions = kinds.map((alike) => new Marks(alike, later));
    const endpoints = extensions.map((extension) => new Endpoint('server', { extensions: [extension] }));
    const prepared = new PreparedMessage('abc');
    for (const { connection } of endpoints) {
      connection.send('before');
      connection.send(prepared);
      connection.send('after');
    }
    await new Promise(setImmediate);
    for (const endpoint of endpoints) {
      expect(all(endpoint)).toEqual(['text "!before" rsv=64', 'text "!abc" rsv=64', 'text "!after" rsv=64']);
    }
    expect(extensions.map(({ asked }) => asked)).toEqual([3, 3, 2, 3, 2, 2, 3]);
  });
}

test('what another extension has changed is not shared', () => {
  const first = new Marks(undefined);
  const second = Object.assign(new Marks('same'), { rsv: 0x20 });
  const prepared = new PreparedMessage('abc');
  const none = (): void => {};
  const noSink = {
    ...{ message: none, ping: none, pong: none, close: none },
    ...{ violation: none, output: none, decoded: none },
  };
  const one = new Connection({ role: 'server', extensions: [first, second], sink: noSink });
  one.send(prepared);
  one.send(prepared);
  expect(second.asked).toBe(2);
});

test('compress: false goes with it', () => {
  const seen: boolean[] = [];
  const extension: Extension = {
    rsv: 0x40,
    decode: (payload) => payload,
    encode: (_payload, { compress }) => void seen.push(compress),
  };
  const { connection } = new Endpoint('server', { extensions: [extension] });
  connection.send(new PreparedMessage('abc', { compress: false }), { compress: true });
  connection.send(new PreparedMessage('abc'));
  expect(seen).toEqual([false, true]);
});
