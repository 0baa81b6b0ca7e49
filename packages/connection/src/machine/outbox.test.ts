import { bytesOf, maskingKey, rawFrame } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { flat } from '../endpoint.suite.ts';
import { Outbox } from './outbox.ts';
import { COPY_UP_TO, SendMemory } from './send-memory.ts';

const fields = (payload: Uint8Array, key?: number) => ({
  fin: true,
  rsv1: false,
  rsv2: false,
  rsv3: false,
  opcode: 2,
  maskingKey: key,
  payloadLength: payload.length,
});

/** Sizes on both sides of every change: the header's forms, the copy, and what fills a slab. */
const size = fc.oneof(
  fc.nat({ max: 200 }),
  fc.constantFrom(0, 32, 33, 125, 126, COPY_UP_TO - 1, COPY_UP_TO, COPY_UP_TO + 1, 65_522, 65_523, 65_535, 65_536),
);

test('whatever connections share the memory, each takes its own frames, in order, and what it took does not change until given back', () => {
  const add = fc.record({
    box: fc.nat({ max: 2 }),
    bytes: fc.tuple(size, fc.integer()).map(([length, seed]) => bytesOf(length, seed)),
    key: fc.option(maskingKey(), { nil: undefined }),
    behind: fc.boolean(),
    shared: fc.boolean(),
  });
  const copyUpTo = fc.constantFrom(undefined, 10_000, 65_522);
  const take = fc.record({
    box: fc.nat({ max: 2 }),
    most: fc.oneof(fc.nat({ max: 10_000 }), fc.constant(1e9)),
    giveBack: fc.boolean(),
  });
  fc.assert(
    fc.property(
      copyUpTo,
      fc.array(fc.oneof({ weight: 4, arbitrary: add }, take), { maxLength: 60 }),
      (copyUpTo, steps) => {
        const memory = new SendMemory({ copyUpTo });
        const boxes = [0, 1, 2].map(() => ({
          box: new Outbox(memory),
          waiting: [] as Uint8Array[],
          taken: [] as Uint8Array[],
          wire: [] as Uint8Array[],
        }));
        for (const step of steps) {
          const connection = boxes[step.box]!;
          if ('bytes' in step) {
            const frame = rawFrame({ opcode: 2, maskingKey: step.key, payload: step.bytes });
            if (step.shared && step.bytes.length <= COPY_UP_TO) connection.box.addFrame(frame);
            else connection.box.add(fields(step.bytes, step.key), step.bytes);
            if (step.behind) connection.box.unshare();
            connection.waiting.push(frame);
          } else {
            const chunks = connection.box.take(step.most);
            connection.taken.push(...(step.giveBack ? [flat(chunks)] : chunks));
            if (step.giveBack) connection.box.giveBack();
            const waiting = flat(connection.waiting.splice(0));
            const length = Math.min(step.most, waiting.length);
            expect(flat(chunks).length).toBe(length);
            connection.wire.push(waiting.subarray(0, length));
            connection.waiting.push(waiting.subarray(length));
          }
          expect(connection.box.bytes).toBe(flat(connection.waiting).length);
        }
        for (const { box, waiting, taken, wire } of boxes) {
          expect(Buffer.compare(flat([...taken, ...box.take()]), flat([...wire, ...waiting]))).toBe(0);
          expect(box.take()).toEqual([]);
        }
      },
    ),
    { numRuns: 80 },
  );
});

test('small frames of one turn leave as one chunk', () => {
  const box = new Outbox(new SendMemory());
  const bytes = bytesOf(100, 1);
  for (let i = 0; i < 100; i++) box.add(fields(bytes, i), bytes);
  expect(box.take()).toHaveLength(1);
});

test('frames that another connection has come between leave as one chunk, up to 16 KiB, and their memory is free at once', () => {
  const memory = new SendMemory();
  const one = new Outbox(memory);
  const two = new Outbox(memory);
  // A payload that has left by itself is no reason to keep apart what comes later.
  const long = new Uint8Array(COPY_UP_TO + 1);
  one.add(fields(long), long);
  expect(one.take()).toHaveLength(2);
  one.giveBack();
  const payload = bytesOf(4092, 1);
  const frame = rawFrame({ opcode: 2, payload });
  for (const box of [one, two, one, two, one, two, one, two]) box.add(fields(payload), payload);
  const { slab } = memory;
  const [chunk, ...more] = one.take();
  expect(more).toEqual([]);
  expect(Buffer.compare(chunk!, flat([frame, frame, frame, frame]))).toBe(0);
  expect(slab.back).toBe(4 * 4096);
  two.add(fields(payload), payload);
  expect(two.take()).toHaveLength(5);
});

test('what is cleared is gone, without a copy, and its memory is free at once; what was taken before keeps its own', () => {
  const memory = new SendMemory();
  const one = new Outbox(memory);
  const two = new Outbox(memory);
  const payload = bytesOf(4092, 1);
  const frame = rawFrame({ opcode: 2, payload });
  one.add(fields(payload), payload);
  const taken = one.take(100);
  for (const box of [two, one, two, one]) box.add(fields(payload), payload);
  const { slab } = memory;
  const { used } = slab;
  one.clear();
  expect([one.bytes, one.overhead, one.take()]).toEqual([0, 0, []]);
  expect([slab.used, slab.back]).toEqual([used, 2 * 4096]);
  one.giveBack();
  expect(slab.back).toBe(2 * 4096);
  expect(Buffer.compare(flat(taken), frame.subarray(0, 100))).toBe(0);
  expect(Buffer.compare(flat(two.take()), flat([frame, frame]))).toBe(0);
  one.add(fields(payload), payload);
  expect(Buffer.compare(flat(one.take()), frame)).toBe(0);
});

test.each([
  [1, 200],
  [3, 200],
  [50, 200],
  [1, 4000],
])(
  'M3: what waits for one, %d frames of %i bytes a turn, keeps alive no more than twice its bytes, whatever the others are sent',
  (each, size) => {
    const memory = new SendMemory();
    const slow = new Outbox(memory);
    const other = new Outbox(memory);
    const payload = bytesOf(size, 1);
    const frame = rawFrame({ opcode: 2, payload });
    let frames = 0;
    while (slow.bytes < 1_000_000) {
      for (let i = 0; i < each; i++, frames++) {
        slow.add(fields(payload), payload);
        slow.unshare();
      }
      for (let i = 0; i < 100; i++) other.add(fields(payload), payload);
      other.take();
      other.giveBack();
    }
    const { bytes } = slow;
    const chunks = slow.take();
    expect(Buffer.compare(flat(chunks), flat(Array.from({ length: frames }, () => frame)))).toBe(0);
    const kept = [...new Set(chunks.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(kept).toBeLessThan(2 * bytes);
    // Again in the memory of all, until it falls behind anew.
    slow.add(fields(payload), payload);
    slow.unshare();
    expect(slow.take()[0]!.buffer).toBe(memory.slab.bytes.buffer);
  },
);

test('what is moved to memory of its own gives back the slabs that it lay in, and a payload by itself is not copied', () => {
  const memory = new SendMemory();
  const slow = new Outbox(memory);
  const other = new Outbox(memory);
  const payload = bytesOf(4092, 1);
  const long = bytesOf(10_000, 2);
  const frame = rawFrame({ opcode: 2, payload });
  slow.add(fields(payload), payload);
  const { slab } = memory;
  slow.add(fields(long), long);
  slow.unshare();
  expect(slab.back).toBe(0);
  for (let i = 0; i < 15; i++) other.add(fields(payload), payload);
  slow.add(fields(payload), payload);
  slow.unshare();
  expect(slab.used - slab.back).toBe(14 * 4096);
  const chunks = slow.take();
  expect(Buffer.compare(flat(chunks), flat([frame, rawFrame({ opcode: 2, payload: long }), frame]))).toBe(0);
  expect(chunks).toContain(long);
});

test('a slab is filled before the next is made, and an idle memory has none', () => {
  const memory = new SendMemory();
  expect(memory.slab.bytes.length).toBe(0);
  const box = new Outbox(memory);
  const bytes = new Uint8Array(COPY_UP_TO);
  for (let i = 0; i < 15; i++) box.add(fields(bytes), bytes);
  const first = memory.slab;
  expect(memory.slab.used).toBe(15 * (COPY_UP_TO + 4));
  box.add(fields(bytes), bytes);
  expect(memory.slab).not.toBe(first);
  expect(box.take().map((chunk) => chunk.length)).toEqual([15 * (COPY_UP_TO + 4), COPY_UP_TO + 4]);
});

test.each([
  [undefined, 4096],
  [4096, 4096],
  [30_000, 30_000],
  [65_522, 65_522],
])('a memory with copyUpTo %s copies up to %d bytes beside their header, and no more', (copyUpTo, most) => {
  const box = new Outbox(new SendMemory({ copyUpTo }));
  for (const length of [most, most + 1]) box.add(fields(new Uint8Array(length)), new Uint8Array(length));
  expect(box.take().map((chunk) => chunk.length)).toEqual([4 + most + 4, most + 1]);
});

test('for a peer that reads slowly, no more than 64 KiB and a payload are copied; short ones always', () => {
  const memory = new SendMemory({ copyUpTo: 40_000 });
  const [slow, quick] = [new Outbox(memory), new Outbox(memory)];
  const payload = bytesOf(40_000, 1);
  for (let i = 0; i < 5; i++) slow.add(fields(payload), payload);
  slow.add(fields(new Uint8Array(COPY_UP_TO)), new Uint8Array(COPY_UP_TO));
  quick.add(fields(payload), payload);
  const chunks = slow.take();
  expect(chunks.filter((chunk) => chunk === payload)).toHaveLength(3);
  expect(chunks.at(-1)).toHaveLength(4 + COPY_UP_TO);
  expect(quick.take().map((chunk) => chunk.length)).toEqual([40_004]);
});

test('copyUpTo is what has room in a slab, with the longest header', () => {
  for (const copyUpTo of [0, 4095, 65_523, 5000.5]) {
    expect(() => new SendMemory({ copyUpTo })).toThrow(
      RangeError(`copyUpTo must be an integer from 4096 to 65522, got ${copyUpTo}`),
    );
  }
  expect(() => new SendMemory({ copyUpTo: '1' as never })).toThrow(TypeError);
});

test('memory is reserved to the last byte', () => {
  const memory = new SendMemory();
  memory.reserve(1);
  const { slab } = memory;
  memory.slab.used = 65_000;
  memory.reserve(536);
  expect(memory.slab).toBe(slab);
  memory.reserve(537);
  expect([memory.slab === slab, memory.slab.used]).toEqual([false, 0]);
});

test('what was given back is used again: sending for ever takes two slabs', () => {
  const memory = new SendMemory();
  const boxes = [new Outbox(memory), new Outbox(memory)];
  const bytes = new Uint8Array(COPY_UP_TO);
  const slabs = new Set<unknown>();
  for (let round = 0; round < 100; round++) {
    for (const box of boxes) for (let i = 0; i < 10; i++) box.add(fields(bytes), bytes);
    slabs.add(memory.slab);
    for (const box of boxes) {
      box.take();
      box.giveBack();
    }
  }
  expect(slabs.size).toBeLessThanOrEqual(2);
});

test('what was taken and not given back stays as it is, whatever is given back behind it', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 3, maxLength: 10 }), (givesBack) => {
      const box = new Outbox(new SendMemory());
      const [kept, frames]: [Uint8Array[], Uint8Array[]] = [[], []];
      for (const [i, back] of givesBack.entries()) {
        const payload = bytesOf(100, i);
        box.add(fields(payload), payload);
        const chunks = box.take();
        if (back) box.giveBack();
        else {
          kept.push(...chunks);
          frames.push(rawFrame({ opcode: 2, payload }));
        }
      }
      expect(Buffer.compare(flat(kept), flat(frames))).toBe(0);
    }),
  );
});

test('where each write is copied before the next, as much memory is out as there are bytes that wait or are being written', () => {
  const add = fc.record({ length: fc.constantFrom(10, 1000, COPY_UP_TO), count: fc.integer({ min: 1, max: 15 }) });
  const what = fc.oneof({ weight: 2, arbitrary: add }, fc.constant('write' as const));
  const steps = fc.array(fc.record({ box: fc.nat({ max: 2 }), what }), { minLength: 40, maxLength: 60 });
  const property = fc.property(steps, (steps) => {
    const memory = new SendMemory();
    const slabs = new Set<SendMemory['slab']>();
    const connections = [0, 1, 2].map(() => ({
      box: new Outbox(memory),
      waiting: [] as Uint8Array[],
      writing: [] as Uint8Array[],
      frames: new Uint8Array(0),
    }));
    for (const [seed, { box: index, what }] of steps.entries()) {
      const connection = connections[index]!;
      const { box } = connection;
      if (what === 'write') {
        expect(Buffer.compare(flat(connection.writing), connection.frames)).toBe(0);
        box.giveBack();
        connection.frames = flat(connection.waiting.splice(0));
        connection.writing = box.take();
        slabs.add(memory.slab);
      } else {
        for (let i = 0; i < what.count; i++) {
          const payload = bytesOf(what.length, seed + i);
          box.add(fields(payload), payload);
          slabs.add(memory.slab);
          connection.waiting.push(rawFrame({ opcode: 2, payload }));
        }
      }
      const out = [...slabs].reduce((sum, { used, back }) => sum + used - back, 0);
      expect(out).toBe(connections.reduce((sum, { box, frames }) => sum + box.bytes + frames.length, 0));
    }
  });
  fc.assert(property, { numRuns: 20 });
});

test('a take that ends where a chunk does leaves no empty one behind', () => {
  const box = new Outbox(new SendMemory());
  const payload = new Uint8Array(COPY_UP_TO + 1);
  box.add(fields(payload), payload);
  expect(box.take(4)).toHaveLength(1);
  expect(box.take(payload.length)).toEqual([payload]);
  expect(box.take()).toEqual([]);
});

test('a slab of which one byte is still being written is not used again, and no more than 1.5 MiB wait to be', () => {
  const memory = new SendMemory();
  const slow = new Outbox(memory);
  const bytes = bytesOf(1000, 7);
  slow.add(fields(bytes), bytes);
  const [chunk] = slow.take();
  const fast = Array.from({ length: 40 }, () => new Outbox(memory));
  for (let round = 0; round < 10; round++) {
    for (const box of fast)
      for (let i = 0; i < 15; i++) box.add(fields(new Uint8Array(COPY_UP_TO)), new Uint8Array(COPY_UP_TO));
    for (const box of fast) {
      box.take();
      box.giveBack();
    }
  }
  expect(Buffer.compare(chunk!, rawFrame({ opcode: 2, payload: bytes }))).toBe(0);
  // Each of the forty fills a slab; the last and 24 others are there for the next round, the rest is garbage.
  const ready = new Set<unknown>();
  for (let i = 0; i < 25; i++) {
    ready.add(memory.slab);
    memory.slab.used = 65_536;
    memory.reserve(65_536);
  }
  const fresh = memory.slab.bytes[0];
  expect([ready.size, fresh]).toEqual([25, 0]);
});
