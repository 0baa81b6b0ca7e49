import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isPromise } from '@ws/connection';
import { expect, test } from 'vitest';
import { noise, prose } from './backends.suite.ts';
import { nodeZlib } from './node.ts';
import type { Inflater, Zlib } from './zlib.ts';

test.each([undefined, false])(
  'M5: without takeover, all messages share a few contexts (inside: %s)',
  async (inside) => {
    const zlib = nodeZlib({ inside, concurrency: 3 });
    let contexts = 0;
    const hook = createHook({ init: (_, type) => void (type === 'ZLIB' && contexts++) }).enable();
    try {
      const connections = Array.from({ length: 20 }, () => ({
        deflater: zlib.deflater({ takeover: false, windowBits: 15, level: 6, memLevel: 8 }),
        inflater: zlib.inflater({ takeover: false, windowBits: 15 }),
      }));
      for (const size of [100, 2000, 3000, 50_000, 100]) {
        await Promise.all(
          connections.map(async ({ deflater, inflater }, i) => {
            const payload = i % 2 === 0 ? prose(size, i) : noise(size, i + 1);
            const message = Uint8Array.from(await deflater.deflate(payload));
            const inflated = await inflater.inflate(message, size);
            expect(Buffer.compare(inflated as Uint8Array, payload)).toBe(0);
          }),
        );
      }
    } finally {
      hook.disable();
    }
    expect(contexts).toBeGreaterThan(1);
    // Three compress in the thread pool and one decompresses, and one of each kind is for what is done at once. By
    // public means, a stream that has ended is no context any more, and each message that is decompressed ends one.
    const ended = inside === false ? 100 : 0;
    expect(contexts).toBeLessThanOrEqual(6 + ended);
  },
);

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 2],
  [7, 3],
])(
  'with concurrency %i, at most %i messages are decompressed in the thread pool at a time',
  async (concurrency, most) => {
    const zlib = nodeZlib({ concurrency });
    const messages = Array.from({ length: 10 }, (_, i) => noise(50_000, i + 1));
    const deflater = zlib.deflater({ takeover: false, windowBits: 15, level: 6, memLevel: 8 });
    const deflated = await Promise.all(
      messages.map(async (message) => Uint8Array.from(await deflater.deflate(message))),
    );
    let contexts = 0;
    const hook = createHook({ init: (_, type) => void (type === 'ZLIB' && contexts++) }).enable();
    try {
      const inflate = (message: Uint8Array<ArrayBuffer>) =>
        zlib.inflater({ takeover: false, windowBits: 15 }).inflate(message, 50_000);
      const inflated = await Promise.all(deflated.map(inflate));
      for (const [i, message] of messages.entries()) expect(Buffer.compare(inflated[i] as Uint8Array, message)).toBe(0);
    } finally {
      hook.disable();
    }
    expect(contexts).toBe(most);
  },
);

test.each([false, true])(
  'where there are no threads, all else has its turn after each 64 KiB (takeover: %s)',
  async (takeover) => {
    let turns = 0;
    const zlib = nodeZlib({
      giveWay: async () => {
        turns++;
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const deflater = zlib.deflater({ takeover, windowBits: 15, level: 6, memLevel: 8 });
    const inflater = zlib.inflater({ takeover, windowBits: 15 });
    const payload = new Uint8Array(1_000_000);
    const message = Uint8Array.from(await deflater.deflate(payload));
    expect(turns).toBe(15);
    expect(((await inflater.inflate(message, 1_000_000)) as Uint8Array).length).toBe(1_000_000);
    expect([29, 30]).toContain(turns);
    expect(await inflater.inflate(message, 999_999)).toBe('message-too-big');
    deflater.close();
    inflater.close();
  },
);

test('where there are no threads, all else has its turn after each 64 KiB that are read, whatever comes of them', async () => {
  let turns = 0;
  const zlib = nodeZlib({ giveWay: async () => void turns++ });
  // Empty blocks, and a last one with a byte in it.
  const message = new Uint8Array(1_000_008);
  for (let at = 0; at < 1_000_000; at += 5) message.set([0, 0, 0, 0xff, 0xff], at);
  message.set([0, 1, 0, 0xfe, 0xff, 65, 0], 1_000_000);
  const inflated = await zlib.inflater({ takeover: false, windowBits: 15 }).inflate(message.subarray(0, 1_000_007), 10);
  expect(Uint8Array.from(inflated as Uint8Array)).toEqual(Uint8Array.of(65));
  expect(turns).toBe(15);
});

const single = { takeover: false, windowBits: 15 };

/** So many zeros, compressed. */
async function zeros(zlib: Zlib, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const deflater = zlib.deflater({ ...single, level: 6, memLevel: 8 });
  return Uint8Array.from(await deflater.deflate(new Uint8Array(length)));
}

/** The beginning tells nothing of what comes behind it. */
async function deceptive(zlib: Zlib): Promise<Uint8Array<ArrayBuffer>> {
  const deflater = zlib.deflater({ ...single, level: 6, memLevel: 8 });
  const payload = new Uint8Array(2_000_000);
  payload.set(noise(12_000, 1));
  return Uint8Array.from(await deflater.deflate(payload));
}

test.each([
  ['zeros', false],
  ['zeros', true],
  ['deceptive', false],
] as const)(
  'a message that comes to little does not wait for all that come to much (%s, takeover: %s)',
  async (kind, takeover) => {
    const zlib = nodeZlib({ concurrency: 1 });
    const bomb = await (kind === 'zeros' ? zeros(zlib, 2_000_000) : deceptive(zlib));
    let done = 0;
    const inflaters = Array.from({ length: 30 }, () => zlib.inflater({ takeover, windowBits: 15 }));
    const bombs = inflaters.map(async (inflater) => {
      expect(await inflater.inflate(bomb, 2_000_000)).toHaveLength(2_000_000);
      done++;
    });
    const payload = noise(20_000, 1);
    const deflater = zlib.deflater({ ...single, level: 6, memLevel: 8 });
    const message = Uint8Array.from(await deflater.deflate(payload));
    const before = done;
    const inflated = await zlib.inflater(single).inflate(message, 20_000);
    expect(Buffer.compare(inflated as Uint8Array, payload)).toBe(0);
    expect(done - before).toBeLessThanOrEqual(1);
    await Promise.all(bombs);
    for (const inflater of inflaters) inflater.close();
  },
);

test('where nobody waits, a message that comes to much is not begun anew', async () => {
  const zlib = nodeZlib({ concurrency: 1 });
  const message = await deceptive(zlib);
  let contexts = 0;
  const hook = createHook({ init: (_, type) => void (type === 'ZLIB' && contexts++) }).enable();
  try {
    expect(await zlib.inflater(single).inflate(message, 2_000_000)).toHaveLength(2_000_000);
  } finally {
    hook.disable();
  }
  // One that is given up half way is of no use any more.
  expect(contexts).toBe(1);
});

test.each([false, true])(
  'what waits for connections that are over is not decompressed (takeover: %s)',
  async (takeover) => {
    const lengths: number[] = [];
    const allocate = (length: number) => {
      lengths.push(length);
      return new Uint8Array(length);
    };
    const zlib = nodeZlib({ concurrency: 1, allocate });
    const bomb = await zeros(zlib, 2_000_000);
    const inflaters = Array.from({ length: 30 }, () => zlib.inflater({ takeover, windowBits: 15 }));
    const bombs = inflaters.map((inflater) => inflater.inflate(bomb, 2_000_000));
    for (const inflater of inflaters) inflater.close();
    await Promise.all(bombs);
    // One had begun.
    expect(lengths.filter((length) => length === 2_000_000).length).toBeLessThanOrEqual(1);
    expect(await zlib.inflater({ takeover, windowBits: 15 }).inflate(bomb, 2_000_000)).toHaveLength(2_000_000);
  },
);

test.each([false, true])(
  'what is done at once leaves the rest to later turns, and drops it when its connection is over (takeover: %s)',
  async (takeover) => {
    let results = 0;
    const allocate = (length: number) => {
      if (length === 60_000) results++;
      return new Uint8Array(length);
    };
    const zlib = nodeZlib({ allocate });
    const message = await zeros(zlib, 60_000);
    const later = () => {
      for (;;) {
        const inflater: Inflater = zlib.inflater({ takeover, windowBits: 15 });
        const inflated = inflater.inflate(message, 60_000);
        if (isPromise(inflated)) return { inflater, inflated };
        inflater.close();
      }
    };
    const [first, second, third] = [later(), later(), later()];
    second.inflater.close();
    const before = results;
    expect(await first.inflated).toHaveLength(60_000);
    await second.inflated;
    expect(await third.inflated).toHaveLength(60_000);
    expect(results - before).toBe(2);
    for (const { inflater } of [first, third]) inflater.close();
  },
);

test.each([
  [false, 60_000],
  [false, 2_000_000],
  [true, 60_000],
  [true, 2_000_000],
])('M5: what was decompressed is not kept (takeover: %s, %i bytes)', async (takeover, length) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const zlib = nodeZlib();
  const inflater = zlib.inflater({ takeover, windowBits: 15 });
  const message = await zeros(zlib, length);
  const inflate = async () => {
    const payload = message.slice();
    expect(await inflater.inflate(payload, length)).toHaveLength(length);
    return new WeakRef(payload);
  };
  const kept = await inflate();
  // The last input of a context that is done with is kept by it, until it has another.
  await zlib.inflater({ takeover: false, windowBits: 15 }).inflate(message, length);
  for (let turns = 0; turns < 20 && kept.deref() !== undefined; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(kept.deref()).toBe(undefined);
  inflater.close();
});
