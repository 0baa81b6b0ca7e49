import { constants, deflateRawSync } from 'node:zlib';
import { concat } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { backends, hex, noise, prose, unhex, utf8 } from './backends.suite.ts';
import { inflateNaively, readNaively } from './naive-inflate.suite.ts';
import { nodeZlib } from './node.ts';
import { pureZlib } from './pure.ts';
import type { Zlib } from './zlib.ts';

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const MAX = 10_000_000;
const WINDOWS = [8, 9, 10, 11, 12, 13, 14, 15];
/** On both sides of what is done at once, 2 KiB to be compressed, and 16 KiB that come to 64 KiB; and of a window. */
const SIZES = [
  1, 2, 100, 2047, 2048, 2049, 4096, 16_300, 16_384, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 100_000,
];

const deflaterOf = (zlib: Zlib, takeover: boolean, windowBits = 15, level = 6) =>
  zlib.deflater({ takeover, windowBits, level, memLevel: 8 });

const NOTHING = new Uint8Array(0);

/** A stream of just that many bytes, of blocks that are not compressed. */
function storedStream(length: number): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (let left = length; left > 0; ) {
    const size = Math.min(left - 5, 50_000);
    left -= size + 5;
    blocks.push(Uint8Array.of(left === 0 ? 1 : 0, size, size >> 8, ~size, ~size >> 8), noise(size));
  }
  return concat(blocks);
}

/** A message as another implementation compresses it. */
const deflated = (payload: Uint8Array, options = {}): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4));

test('what is too long, and not legal behind that, is too long to whichever works step by step', async () => {
  // Behind it stands a block of the type that does not exist (RFC 1951, section 3.2.3).
  const stepwise = backends.filter(([name]) => name !== 'zlib of Node by public means');
  for (const [name, zlib] of stepwise) {
    for (const length of [1002, 5000, 40_000, 70_000, 140_000]) {
      for (const takeover of [false, true]) {
        const payload = concat([deflated(prose(length)), TAIL, Uint8Array.of(7)]);
        if (payload.length > 16_384) continue;
        const inflater = zlib.inflater({ takeover, windowBits: 15 });
        expect(await inflater.inflate(payload, 1000), `${name}, ${length}`).toBe('message-too-big');
        inflater.close();
        const legal = zlib.inflater({ takeover, windowBits: 15 });
        expect(await legal.inflate(payload, length), `${name}, ${length}`).toBe('extension-data-illegal');
        legal.close();
      }
    }
  }
});

test.each([
  ['allocate', 5],
  ['allocate', 'x'],
  ['allocate', null],
  ['giveWay', 5],
  ['inside', 'no'],
])('%s: %o is a TypeError when the zlib is made', (option, value) => {
  const message = new RegExp(`^${option} must be a (function|boolean), got (number|string|null)$`);
  expect(() => nodeZlib({ [option]: value })).toThrow(TypeError);
  expect(() => nodeZlib({ [option]: value })).toThrow(message);
  if (option === 'allocate') expect(() => pureZlib({ allocate: value as never })).toThrow(message);
});

describe.each(backends)('%s', (_, zlib) => {
  const inflateAlone = (payload: Uint8Array<ArrayBuffer>, maxLength = MAX) =>
    zlib.inflater({ takeover: false, windowBits: 15 }).inflate(payload, maxLength);

  for (const takeover of [false, true]) {
    test.each(WINDOWS)(
      `${takeover ? 'with' : 'without'} takeover, every size comes back, and no reference goes back over 2^%i bytes`,
      async (windowBits) => {
        const deflater = deflaterOf(zlib, takeover, windowBits);
        const inflater = zlib.inflater({ takeover, windowBits });
        let before = new Uint8Array(0);
        let farthest = 0;
        for (const size of [...SIZES, ...SIZES]) {
          for (const payload of [prose(size, size), noise(size)]) {
            const message = Uint8Array.from(await deflater.deflate(payload));
            const inflated = await inflater.inflate(message, payload.length);
            expect(Buffer.compare(inflated as Uint8Array, payload)).toBe(0);
            if (size > 40_000) continue;
            const naive = inflateNaively(concat([message, TAIL]), takeover ? before : undefined);
            expect(Buffer.compare(naive.output, payload)).toBe(0);
            farthest = Math.max(farthest, naive.farthest);
            before = concat([before, payload]).slice(-32_768);
          }
          if (size > 40_000) before = concat([prose(size, size), noise(size)]).slice(-32_768);
        }
        expect(farthest).toBeLessThanOrEqual(2 ** windowBits);
        expect(farthest).toBeGreaterThan(2 ** windowBits / 2 - 300);
        deflater.close();
        inflater.close();
      },
    );
  }

  test('level 0 to 9 and memLevel 1 to 9 are taken', async () => {
    const payload = prose(3000);
    const lengths: number[] = [];
    for (let level = 0; level <= 9; level++) {
      for (let memLevel = 1; memLevel <= 9; memLevel++) {
        const message = await zlib.deflater({ takeover: false, windowBits: 15, level, memLevel }).deflate(payload);
        expect(hex(await inflateAlone(Uint8Array.from(message)))).toBe(hex(payload));
        if (memLevel === 8) lengths.push(message.length);
      }
    }
    expect(lengths[0]).toBeGreaterThan(3000);
    expect(lengths[9]).toBeLessThan(lengths[1]!);
  });

  test('without takeover, messages of many connections at a time do not meet', async () => {
    const sizes = [10, 5000, 100, 50_000, 1000, 200_000, 17_000];
    const all = sizes.flatMap((size) => sizes.map((other) => prose(size + other, size)));
    const deflater = deflaterOf(zlib, false);
    const back = await Promise.all(
      all.map(async (payload) => {
        const inflater = zlib.inflater({ takeover: false, windowBits: 15 });
        return inflater.inflate(Uint8Array.from(await deflater.deflate(payload)), MAX);
      }),
    );
    for (const [i, payload] of all.entries()) expect(Buffer.compare(back[i] as Uint8Array, payload)).toBe(0);
  });

  test('up to 4 KiB, a payload may change once the call has returned', async () => {
    for (const [takeover, payload] of [false, true].flatMap((takeover) => [
      [takeover, prose(4096)] as const,
      [takeover, Buffer.from(prose(4096))] as const,
    ])) {
      const deflater = deflaterOf(zlib, takeover);
      // With these, the thread pool is full.
      const before = Array.from({ length: 4 }, () => deflaterOf(zlib, false).deflate(prose(100_000)));
      const message = deflater.deflate(payload);
      payload.fill(0);
      await Promise.all(before);
      expect(hex(await inflateAlone(Uint8Array.from(await message)))).toBe(hex(prose(4096)));
      deflater.close();
    }
  });

  describe('what a message may come to', () => {
    test.each([false, true])('takeover %s: the limit itself, and not a byte more, at any size', async (takeover) => {
      for (const size of SIZES) {
        const message = deflated(prose(size));
        for (const [limit, legal] of [
          [size, true],
          [size - 1, false],
          [0, false],
          [size + 1, true],
        ] as const) {
          const inflater = zlib.inflater({ takeover, windowBits: 15 });
          const inflated = await inflater.inflate(message, limit);
          expect(typeof inflated === 'string' ? inflated : inflated.length).toBe(legal ? size : 'message-too-big');
          inflater.close();
        }
      }
    });

    test.each([false, true])(
      'M2: takeover %s: 100 KB that would become 100 MiB stop at the limit, which bounds the memory',
      async (takeover) => {
        const bomb = deflated(new Uint8Array(100 * 2 ** 20));
        expect(bomb.length).toBeLessThan(110_000);
        let allocated = 0;
        for (const limit of [0, 1000, 100_000, 2 ** 20]) {
          const inflater = zlib.inflater({ takeover, windowBits: 15 });
          const before = process.memoryUsage();
          expect(await inflater.inflate(bomb, limit)).toBe('message-too-big');
          const after = process.memoryUsage();
          allocated = Math.max(allocated, after.arrayBuffers - before.arrayBuffers - limit);
          inflater.close();
        }
        // A step, and what a stream has waiting.
        expect(allocated).toBeLessThan(600_000);
      },
    );
  });

  describe('a message that ends with a final block', () => {
    // Nothing, the first byte of an empty block (section 7.2.3.4), of one that is final, and an empty stream.
    const BEHIND = ['', '00', '01', '0300'];

    for (const takeover of [false, true]) {
      test(`takeover ${takeover}: is whole, at any size, whatever empty block is behind it`, async () => {
        const inflater = zlib.inflater({ takeover, windowBits: 15 });
        for (const payload of [NOTHING, ...SIZES.flatMap((size) => [prose(size), noise(size)])]) {
          for (const behind of BEHIND) {
            const message = concat([deflateRawSync(payload), unhex(behind)]);
            expect(Buffer.compare((await inflater.inflate(message, payload.length)) as Uint8Array, payload)).toBe(0);
          }
        }
        inflater.close();
      });

      test(`takeover ${takeover}: is whole wherever it ends between two turns, or two ways of working`, async () => {
        const inflater = zlib.inflater({ takeover, windowBits: 15 });
        for (const border of [16_384, 65_536, 131_072]) {
          for (const length of [border - 1, border, border + 1]) {
            const stream = storedStream(length);
            const { output } = inflateNaively(stream);
            for (const behind of BEHIND) {
              const inflated = await inflater.inflate(concat([stream, unhex(behind)]), MAX);
              expect(Buffer.compare(inflated as Uint8Array, output)).toBe(0);
            }
          }
        }
        inflater.close();
      });

      test(`takeover ${takeover}: may have 16 before it, whatever the last message has ended with`, async () => {
        const stream = deflateRawSync(prose(10));
        for (const last of BEHIND) {
          const inflater = zlib.inflater({ takeover, windowBits: 15 });
          for (let round = 0; round < 3; round++) {
            const message = concat([...Array.from({ length: 16 }, () => stream), unhex(last)]);
            expect(hex(await inflater.inflate(message, MAX))).toBe(hex(prose(10)).repeat(16));
          }
          inflater.close();
        }
      });

      test(`takeover ${takeover}: is not legal with anything else behind it`, async () => {
        for (const size of [10, 20_000, 70_000]) {
          // A cut, a type of block that does not exist, a byte that is stored, and a reference to what was before.
          for (const behind of ['f248', '07', '000100feff78', 'f2001100']) {
            const inflater = zlib.inflater({ takeover, windowBits: 15 });
            const message = concat([deflateRawSync(noise(size)), unhex(behind)]);
            expect(await inflater.inflate(message, MAX)).toBe('extension-data-illegal');
            inflater.close();
          }
        }
      });
    }

    test.each(BEHIND)(
      'with takeover, is one that nothing refers to, and the window starts anew (%j)',
      async (behind) => {
        const hello = unhex('f2 48 cd c9 c9 07 00');
        const again = unhex('f2 00 11 00 00');
        const long = concat([noise(50_000), prose(50_000)]);
        for (const payload of [utf8('Hello'), long]) {
          const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
          const deflater = deflaterOf(zlib, true);
          const read = async (message: Uint8Array) => hex(await inflater.inflate(Uint8Array.from(message), MAX));
          expect(await read(hello)).toBe(hex(utf8('Hello')));
          expect(await read(again)).toBe(hex(utf8('Hello')));
          expect(await read(concat([deflateRawSync(payload), unhex(behind)]))).toBe(hex(payload));
          for (const next of [prose(100), prose(100), long, long, prose(100)]) {
            expect(await read(await deflater.deflate(next))).toBe(hex(next));
          }
          expect(await read(concat([deflateRawSync(payload), unhex(behind)]))).toBe(hex(payload));
          expect(await read(again)).toBe('extension-data-illegal');
          deflater.close();
          inflater.close();
        }
      },
    );
  });

  describe('what is not legal', () => {
    const messages: [string, Uint8Array<ArrayBuffer>][] = [
      ['fixed codes', deflated(utf8('Hello, hello, hello! What is this?'), { strategy: constants.Z_FIXED })],
      ['code tables', deflated(prose(2000))],
      ['no compression', deflated(noise(300))],
      [
        'no compression, of the bytes of a tail',
        deflated(concat([unhex('0000ffff'), noise(40), unhex('0000ffff')]), { level: 0 }),
      ],
      ['many blocks', concat([deflated(prose(90)), TAIL, deflated(prose(90, 5)), TAIL, deflated(noise(20))])],
      ['over the border', deflated(noise(20_000))],
      ['a final block', Uint8Array.from(deflateRawSync(prose(200)))],
      ['final blocks', concat([deflateRawSync(prose(90)), deflateRawSync(noise(20)), deflateRawSync(utf8('hello'))])],
    ];

    test.each(messages)('without takeover, no message is taken that was cut anywhere: %s', async (_, message) => {
      expect(typeof (await inflateAlone(message))).toBe('object');
      for (let length = 1; length < message.length; length += message.length > 5000 ? 97 : 1) {
        const cut = await inflateAlone(message.slice(0, length));
        // Cut behind the end of a block, it is a message: an empty one, or that block.
        const whole = typeof cut === 'object' && readNaively(message.slice(0, length)) !== undefined;
        expect(whole ? 'legal' : cut).toBe(whole ? 'legal' : 'extension-data-illegal');
      }
    });

    test.each(messages)('with takeover, a cut is not seen in code tables alone: %s', async (_, message) => {
      const { tables } = readNaively(message)!;
      for (let length = 1; length < message.length; length += message.length > 5000 ? 97 : 1) {
        const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
        const cut = await inflater.inflate(message.slice(0, length), MAX);
        inflater.close();
        if (typeof cut === 'string' || readNaively(message.slice(0, length)) !== undefined) continue;
        expect(tables.some(([from, to]) => length * 8 > from && length * 8 < to)).toBe(true);
      }
    });

    test('final blocks: a few streams in a message are read, each with a window of its own; a flood is not', async () => {
      for (const takeover of [false, true]) {
        for (const size of [10, 40_000]) {
          const stream = Uint8Array.from(deflateRawSync(prose(size)));
          const inflater = zlib.inflater({ takeover, windowBits: 15 });
          const message = concat([...Array.from({ length: 16 }, () => stream), Uint8Array.of(0)]);
          const inflated = (await inflater.inflate(message, MAX)) as Uint8Array;
          expect(inflated.length).toBe(16 * size);
          expect(hex(inflated.subarray(15 * size))).toBe(hex(prose(size)));
          const flood = concat([...Array.from({ length: 17 }, () => stream), Uint8Array.of(0)]);
          expect(await inflater.inflate(flood, MAX)).toBe('extension-data-illegal');
          inflater.close();
        }
      }
    });

    test('after it, messages without takeover are read as before', async () => {
      for (const bad of [unhex('ff'), unhex('07'), unhex('f2 00 11 00 00'), noise(50_000)]) {
        expect(await inflateAlone(bad)).toBe('extension-data-illegal');
        expect(hex(await inflateAlone(deflated(utf8('good'))))).toBe(hex(utf8('good')));
      }
    });

    test('with takeover, the window goes on over messages of both ways, and starts anew after a final block', async () => {
      const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
      const deflater = deflaterOf(zlib, true);
      for (const size of [100, 50_000, 200, 3000, 70_000, 10]) {
        const message = Uint8Array.from(await deflater.deflate(prose(size)));
        expect(Buffer.compare((await inflater.inflate(message, MAX)) as Uint8Array, prose(size))).toBe(0);
      }
      const final = concat([Uint8Array.from(deflateRawSync(prose(10))), Uint8Array.of(0)]);
      expect(hex(await inflater.inflate(final, MAX))).toBe(hex(prose(10)));
      expect(hex(await inflater.inflate(deflated(prose(500)), MAX))).toBe(hex(prose(500)));
      deflater.close();
      inflater.close();
    });
  });
});

test.each([undefined, false])(
  'inside %s: an inflater closed under a message, legal or not, leaves its place in the thread pool',
  async (inside) => {
    const zlib = nodeZlib({ inside, concurrency: 1 });
    for (const message of [deflated(noise(50_000)), Uint8Array.of(7, ...noise(50_000))]) {
      const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
      const inflated = inflater.inflate(message, MAX);
      inflater.close();
      // It is for nobody, but it comes.
      await inflated;
      const other = await zlib.inflater({ takeover: false, windowBits: 15 }).inflate(deflated(prose(50_000)), MAX);
      expect(other.length).toBe(50_000);
    }
  },
);

test('at once, no more than 64 KiB and a byte are decompressed, whatever the message comes to', async () => {
  const allocated: number[] = [];
  const allocate = (length: number): Uint8Array<ArrayBuffer> => {
    allocated.push(length);
    return new Uint8Array(length);
  };
  const zlib = nodeZlib({ allocate });
  for (const [length, most] of [
    [65_536, 2 * 65_536],
    [65_537, 65_537],
    [1_000_000, 65_537],
  ] as const) {
    for (const takeover of [false, true]) {
      // Each in a turn of its own, since one has time for the first.
      await new Promise((resolve) => setImmediate(resolve));
      allocated.length = 0;
      const inflated = zlib.inflater({ takeover, windowBits: 15 }).inflate(deflated(new Uint8Array(length)), MAX);
      expect(inflated instanceof Promise).toBe(length > 65_536);
      expect(allocated.reduce((sum, each) => sum + each, 0)).toBe(most);
    }
  }
});
