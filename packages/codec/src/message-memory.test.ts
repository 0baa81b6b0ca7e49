import { concat, rawFrame } from '@ws/testkit';
import { expect, test } from 'vitest';
import { bigUint64Kernel } from './mask-biguint64.ts';
import { int32Kernel } from './mask-kernel.ts';
import type { MessageSink } from './message-assembler.ts';
import { MessageDecoder } from './message-decoder.ts';
import { type BytesConstructor, MessageMemory } from './message-memory.ts';

test.each([0, 1, 64, 65, 125, 1024, 4096, 4097, 8192, 100_000])(
  'M6: a message of %i bytes pins at most max(n, 8 KiB)',
  (length) => {
    const memory = new MessageMemory();
    for (let i = 0; i < 100; i++) {
      const bytes = memory.allocate(length);
      expect(bytes.length).toBe(length);
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(Math.max(length, 8192));
    }
  },
);

test('what is handed out never overlaps', () => {
  const memory = new MessageMemory();
  const parts = Array.from({ length: 500 }, (_, i) => memory.allocate((i * 37) % 4097).fill(i));
  parts.forEach((part, i) => {
    expect(part.every((byte) => byte === (i & 0xff))).toBe(true);
  });
});

test('up to 4 KiB arrays share a slab to its last byte, an empty one pins nothing, a longer one has its own memory', () => {
  const memory = new MessageMemory();
  const first = memory.allocate(4096);
  expect(first.buffer.byteLength).toBe(8192);
  expect(memory.allocate(0).buffer.byteLength).toBe(0);
  expect(memory.allocate(4097).buffer.byteLength).toBe(4097);
  expect(memory.allocate(4096).buffer).toBe(first.buffer);
  expect(memory.allocate(1).buffer).not.toBe(first.buffer);
});

test('the slab is made ready for masking once, and anew for another kernel', () => {
  const memory = new MessageMemory();
  memory.allocate(1);
  const slab = memory.slab(int32Kernel);
  expect(memory.slab(int32Kernel)).toBe(slab);
  expect(memory.slab(bigUint64Kernel)).not.toBe(slab);
});

test.each([1, 24, 100, 4000])(
  'who transfers a message of %i bytes takes the others of its slab along, and none that is still to come',
  (size) => {
    const memory = new MessageMemory();
    const received: number[][] = [];
    const decoders = [0, 1].map(
      (number) =>
        new MessageDecoder(
          { role: 'server' },
          {},
          {
            message(payload) {
              received.push([number, ...payload]);
              structuredClone(payload, { transfer: [payload.buffer] });
              expect(payload.length).toBe(0);
            },
            ping() {},
            pong() {},
            close() {},
            violation(error) {
              throw error;
            },
          },
          { memory },
        ),
    );
    const payload = Uint8Array.from({ length: size }, (_, i) => i);
    const frame = rawFrame({ opcode: 2, payload, maskingKey: 0x37fa213d });
    for (let i = 0; i < 2; i++) for (const decoder of decoders) decoder.push(concat([frame, frame]));
    expect(received).toEqual([0, 0, 1, 1, 0, 0, 1, 1].map((number) => [number, ...payload]));
  },
);

test.each([
  ['a short message', [{ opcode: 2, size: 10 }]],
  ['a longer one', [{ opcode: 1, size: 200 }]],
  [
    'a message of fragments',
    [
      { opcode: 1, fin: false, size: 100 },
      { opcode: 0, size: 100 },
    ],
  ],
  ['a ping', [{ opcode: 9, size: 120 }]],
  ['a Close', [{ opcode: 8, size: 2 }]],
])('who transfers a message leaves what is still arriving whole: %s', (_, frames) => {
  const masked = { maskingKey: 0x37fa213d };
  const small = rawFrame({ opcode: 2, payload: Uint8Array.of(1), ...masked });
  const stream = concat(
    frames.map(({ size, ...fields }) =>
      rawFrame({
        ...fields,
        payload: Uint8Array.from({ length: size }, (_, i) =>
          i === 0 ? 3 : fields.opcode === 8 ? 0xe8 : 0x41 + (i % 26),
        ),
        ...masked,
      }),
    ),
  );
  const received = (cut: number): unknown[] => {
    const memory = new MessageMemory();
    const found: unknown[] = [];
    const decoder = new MessageDecoder({ role: 'server' }, {}, recordingSink(found), { memory });
    const other = new MessageDecoder(
      { role: 'server' },
      {},
      { ...recordingSink([]), message: (payload) => structuredClone(payload, { transfer: [payload.buffer] }) },
      { memory },
    );
    decoder.push(stream.subarray(0, cut));
    other.push(small);
    decoder.push(stream.subarray(cut));
    return found;
  };
  for (let cut = 1; cut < stream.length; cut++) expect(received(cut), `cut at ${cut}`).toEqual(received(0));
});

test('messages that come in parts one after another are put together in one slab, and two at a time do not meet', () => {
  const taken: number[] = [];
  const memory = new MessageMemory(Uint8Array, (length) => {
    taken.push(length);
    return new Uint8Array(length);
  });
  const found: unknown[][] = [[], []];
  const [one, other] = found.map(
    (found) => new MessageDecoder({ role: 'client' }, {}, recordingSink(found), { memory }),
  ) as [MessageDecoder, MessageDecoder];
  const frame = (size: number, byte: number) => rawFrame({ opcode: 2, payload: new Uint8Array(size).fill(byte) });
  const message = (size: number, byte: number) => [2, ...new Uint8Array(size).fill(byte)];
  for (let i = 0; i < 100; i++) {
    one.push(frame(80, i).subarray(0, 50));
    other.push(frame(70, i + 100).subarray(0, 9));
    for (const [decoder, size, byte] of i % 2
      ? ([
          [one, 80, i],
          [other, 70, i + 100],
        ] as const)
      : ([
          [other, 70, i + 100],
          [one, 80, i],
        ] as const)) {
      decoder.push(frame(size, byte).subarray(decoder === one ? 50 : 9));
    }
  }
  expect(found[0]).toEqual(Array.from({ length: 100 }, (_, i) => message(80, i)));
  expect(found[1]).toEqual(Array.from({ length: 100 }, (_, i) => message(70, i + 100)));
  const before = taken.length;
  for (let i = 0; i < 1000; i++) {
    one.push(frame(80, 7).subarray(0, 50));
    one.push(frame(80, 7).subarray(50));
  }
  // What is delivered fills ten.
  expect(taken.length - before).toBeLessThanOrEqual(11);
});

test('what was copied out is used again only if nothing lies behind it: not in its slab, nor in a later one', () => {
  const apart = (one: Uint8Array, other: Uint8Array) =>
    one.buffer !== other.buffer ||
    one.byteOffset + one.length <= other.byteOffset ||
    other.byteOffset + other.length <= one.byteOffset;
  const memory = new MessageMemory();
  memory.giveBackUnfinished(new Uint8Array(10));
  const take = () => memory.allocateUnfinished(2048);
  const [first, second] = [take(), take()];
  memory.giveBackUnfinished(first);
  const third = take();
  expect([apart(second, third), third.buffer === second.buffer]).toEqual([true, true]);
  memory.giveBackUnfinished(third);
  expect(apart(take(), third)).toBe(false);
  // The next slab, in which as much is used as there was behind the first.
  take();
  const other = take();
  expect([other.buffer === first.buffer, other.byteOffset]).toEqual([false, first.byteOffset]);
  memory.giveBackUnfinished(first);
  expect(apart(take(), other)).toBe(true);
});

test('what messages will share may be allocated in another way, and each way gets a length and nothing else', () => {
  const asked: [string, ...unknown[]][] = [];
  const allocate =
    (name: string) =>
    (length: number, ...more: unknown[]) => {
      asked.push([name, length, ...more]);
      return new Uint8Array(length);
    };
  const [own, slab] = [allocate('own'), allocate('slab')];
  const take = (memory: MessageMemory) => {
    for (const length of [0, 1, 4096, 4096, 4097, 8192]) memory.allocate(length);
    return asked.splice(0);
  };
  const both = take(new MessageMemory(Uint8Array, own, slab));
  expect(both).toEqual([
    ['slab', 8192],
    ['slab', 8192],
    ['own', 4097],
    ['own', 8192],
  ]);
  expect(take(new MessageMemory(Uint8Array, own))).toEqual(both.map(([, length]) => ['own', length]));
  new MessageMemory(Uint8Array, own, slab).allocateUnfinished(1);
  expect(asked).toEqual([['slab', 8192]]);
});

test('Buffers come out of memory that Node does not zero, also where allocUnsafeSlow has a second parameter', () => {
  const memory = new MessageMemory(Buffer as never, Buffer.allocUnsafeSlow);
  for (const length of [1, 5000]) expect(memory.allocate(length)).toHaveLength(length);
});

test('the class of the arrays is the one that was asked for', () => {
  class Bytes extends Uint8Array<ArrayBuffer> {}
  const Constructor: BytesConstructor = Bytes as never;
  const memory = new MessageMemory(Constructor);
  for (const length of [1, 100, 5000]) expect(memory.allocate(length)).toBeInstanceOf(Bytes);
});

/** Writes down what it is told, as it is then. */
function recordingSink(found: unknown[]): MessageSink {
  return {
    message: (payload, opcode) => found.push([opcode, ...payload]),
    ping: (payload) => found.push(['ping', ...payload]),
    pong: (payload) => found.push(['pong', ...payload]),
    close: (code, reason) => found.push(['close', code, reason]),
    violation: ({ violation, offset }) => found.push([violation, offset]),
  };
}

/** A decoder with a message in progress, of which `arrived` bytes of `declared` have come. */
function progress(arrived: number, declared: number): MessageDecoder {
  const decoder = new MessageDecoder(
    { role: 'client' },
    {},
    { message() {}, ping() {}, pong() {}, close() {}, violation() {} },
  );
  const header = new Uint8Array(10);
  header.set([0x82, 127]);
  new DataView(header.buffer).setUint32(6, declared);
  decoder.push(header);
  decoder.push(new Uint8Array(arrived));
  return decoder;
}

test('a lying header costs at most 16 times what has arrived', () => {
  expect(progress(0, 16_000_000).bufferedBytes).toBe(0);
  for (const arrived of [1, 10, 1000, 65_536, 500_000]) {
    const { bufferedBytes } = progress(arrived, 16_000_000);
    expect(bufferedBytes).toBeGreaterThanOrEqual(arrived);
    expect(bufferedBytes).toBeLessThanOrEqual(arrived * 16);
  }
});

test('a message has all of its memory when a sixteenth of it has come, header included, and before that twice what has', () => {
  expect(progress(62_489, 1_000_000).bufferedBytes).toBe(2 * 62_489);
  expect(progress(62_490, 1_000_000).bufferedBytes).toBe(1_000_000);
  const decoder = progress(10, 1_000_000);
  decoder.push(new Uint8Array(70_000));
  expect(decoder.bufferedBytes).toBe(1_000_000);
});

test('M1: 200,000 fragments of one byte take less than 1 MiB beyond the message', () => {
  let message: Uint8Array | undefined;
  const decoder = new MessageDecoder(
    { role: 'client' },
    {},
    { message: (payload) => (message = payload), ping() {}, pong() {}, close() {}, violation() {} },
  );
  decoder.push(Uint8Array.of(0x02, 1, 7));
  let most = 0;
  for (let i = 0; i < 200_000; i++) {
    decoder.push(Uint8Array.of(0x00, 1, 7));
    most = Math.max(most, decoder.bufferedBytes);
  }
  decoder.push(Uint8Array.of(0x80, 0));
  expect(message?.length).toBe(200_001);
  expect(most).toBeLessThan(2 ** 20 + 200_001);
  expect(decoder.bufferedBytes).toBe(0);
});

test('an unfinished fragment takes no memory beyond the limit, and a message that a Close has cut off none at all', () => {
  const decoder = new MessageDecoder(
    { role: 'client' },
    { maxMessagePayload: 1000 },
    { message() {}, ping() {}, pong() {}, close() {}, violation() {} },
  );
  decoder.push(Uint8Array.of(0x02, 126, 900 >> 8, 900 & 0xff));
  decoder.push(new Uint8Array(900));
  expect(decoder.bufferedBytes).toBe(1000);
  decoder.push(Uint8Array.of(0x88, 0));
  expect(decoder.bufferedBytes).toBe(0);
});
