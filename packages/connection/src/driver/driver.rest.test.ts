import type { MaskKernel } from '@ws/codec';
import { rawFrame } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { flat, peerBytes, ping, pong, text, utf8 } from '../endpoint.suite.ts';
import { SendMemory } from '../machine/send-memory.ts';
import { SlowExtension, turned } from '../machine/slow-extension.suite.ts';
import { Driver } from './driver.ts';
import type { DriverHandler } from './driver-options.ts';
import { DriverSettings } from './driver-settings.ts';
import { PauseReason } from './reader.ts';
import { type Bench, type BenchOptions, ManualClock, TestTransport, useBenches } from './test-transport.suite.ts';

const newBench = useBenches();

/** A bench, and how often a decoder has been made for it: each looks at `words` once. */
function makeBench(options: BenchOptions = {}): Bench & { decoders(): number } {
  let made = 0;
  const maskKernel: MaskKernel<Int32Array> = {
    wordBytes: 4,
    get words() {
      made++;
      return (buffer: ArrayBufferLike) => new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    },
    xor(target, start, end, source, away, key) {
      for (let i = start / 4; i < end / 4; i++) target[i] = source[i + away / 4]! ^ key;
    },
  };
  const bench = newBench('server', { platform: { maskKernel }, ...options });
  const before = made;
  return Object.assign(bench, { decoders: () => made - before });
}

/** Whether the driver goes to rest: then the next byte makes a decoder. */
function rests(bench: ReturnType<typeof makeBench>): boolean {
  bench.driver.rest();
  const before = bench.decoders();
  bench.receive(pong('?'));
  return bench.decoders() > before;
}

test('a new driver is at rest, and answers as an open connection without a decoder', () => {
  const bench = makeBench();
  const { driver } = bench;
  expect([driver.state, driver.bufferedAmount, driver.overfull, driver.insideMessage]).toEqual([
    'open',
    0,
    false,
    false,
  ]);
  expect([driver.judgeable, driver.throttled, driver.receivingMessage, driver.writing]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([driver.gone, driver.keepsUntaken, driver.unwritten]).toEqual([false, true, 0]);
  driver.resume();
  driver.taken();
  expect(bench.decoders()).toBe(0);
  bench.receive(text('a'));
  expect([bench.decoders(), bench.told]).toEqual([1, ['text "a"']]);
  bench.receive(text('b'), ping('c'));
  expect(bench.decoders()).toBe(1);
});

test('a peer that has answered the ping of a heartbeat: its driver goes to rest; no other byte has that effect', () => {
  const bench = makeBench({ heartbeat: {} });
  bench.receive(text('a'));
  bench.receive(pong('heartbeat'));
  bench.clock.advance(20_000);
  bench.receive(pong('other'));
  expect(bench.decoders()).toBe(1);
  bench.clock.advance(45_000);
  expect(bench.written()).toEqual(['ping "heartbeat"']);
  bench.receive(pong('other'));
  expect(bench.decoders()).toBe(1);
  bench.receive(pong('heartbeat'));
  bench.receive(pong('again'));
  expect(bench.decoders()).toBe(2);
  bench.clock.advance(45_000);
  expect(bench.written()).toHaveLength(2);
  // The rest of a message is to come.
  bench.receive({ opcode: 1, fin: false }, pong('heartbeat'));
  bench.receive({ opcode: 0, payload: utf8('whole') });
  expect([bench.decoders(), bench.told.at(-1)]).toEqual([2, 'text "whole"']);
});

describe('what goes on keeps a driver from rest', () => {
  const goings: Record<string, (bench: Bench, slow: SlowExtension) => void> = {
    'a part of a header': ({ transport }) => transport.deliver(Uint8Array.of(0x82)),
    'a part of a message': ({ transport }) => transport.deliver(peerBytes('server', text('abc')).subarray(0, 7)),
    'a fragment of a message': (bench) => bench.receive({ opcode: 1, fin: false }),
    'a fragment of ours': ({ driver, clock }) => {
      driver.send('abc', { fin: false });
      clock.turn();
    },
    'a write to come': ({ driver }) => void driver.send('abc', { compress: false }),
    'a write under way': ({ transport, driver, clock }) => {
      transport.fast = false;
      driver.send('abc', { compress: false });
      clock.turn();
    },
    'a pause': ({ driver }) => driver.pause(PauseReason.Queue),
    'a resume to come': ({ driver }) => {
      driver.pause();
      driver.resume();
    },
    'a message that is decoded': (bench) => bench.receive({ opcode: 1, rsv1: true, payload: turned(utf8('slow')) }),
    'a message that is encoded': ({ driver, clock }) => {
      driver.send('abc');
      clock.turn();
    },
    'pings whose answers are not read': (bench) => {
      bench.transport.fast = false;
      bench.receive(...Array.from({ length: 300 }, () => ping('x'.repeat(100))));
      bench.clock.turn();
      bench.receive(...Array.from({ length: 300 }, () => ping('x'.repeat(100))));
    },
    'a Close': ({ driver }) => driver.close(),
    'an end': ({ driver }) => driver.terminate(),
  };

  test.each(Object.entries(goings))('%s', (_, go) => {
    const slow = new SlowExtension();
    const bench = makeBench({ extensions: [slow] });
    bench.receive(pong('!'));
    go(bench, slow);
    const told = [...bench.told];
    bench.driver.rest();
    bench.transport.lag = 10;
    bench.receive(pong('?'));
    expect(bench.decoders()).toBe(1);
    expect(bench.told.slice(0, told.length)).toEqual(told);
  });

  test('a delivery: what follows in its chunk is of the same connection', () => {
    const bench = makeBench({
      on: () => {
        bench.driver.rest();
        bench.driver.send('x');
      },
    });
    bench.receive(text('a'), text('b'), text('c'), { opcode: 3 });
    expect([bench.decoders(), bench.told]).toEqual([1, ['text "a"', 'text "b"', 'text "c"']]);
    bench.transport.lose();
    expect(bench.cause).toMatchObject({ violation: 'reserved-opcode', offset: 3 * 7 });
  });
});

describe('after a rest', () => {
  test('the stream goes on: offsets count from its start', () => {
    const bench = makeBench();
    bench.receive(text('a'), text('bc'));
    expect(rests(bench)).toBe(true);
    expect(rests(bench)).toBe(true);
    bench.receive({ opcode: 3 });
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.cause).toMatchObject({ violation: 'reserved-opcode', offset: 7 + 8 + 7 + 7 });
    expect(bench.cause?.message).toContain('byte 29 of the stream');
  });

  test('so do those of a message that an extension cannot decode', async () => {
    const slow = new SlowExtension();
    const bench = makeBench({ extensions: [slow] });
    bench.receive(text('a'));
    expect(rests(bench)).toBe(true);
    bench.receive({ opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) });
    await slow.answer();
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.cause).toMatchObject({ violation: 'extension-data-illegal', offset: 7 + 7 + 7 - 1 });
    expect(slow.closed).toBe(1);
  });

  test('sends, their callbacks and the end are as before', () => {
    const bench = makeBench({ heartbeat: {} });
    bench.transport.fast = false;
    bench.send('one');
    bench.clock.turn();
    bench.transport.finishWrite();
    expect(rests(bench)).toBe(true);
    bench.send('two');
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'pong "?"']);
    bench.transport.finishWrite();
    expect(bench.told.at(-1)).toBe('sent 2');
    expect(rests(bench)).toBe(true);
    bench.transport.fast = true;
    bench.finish();
    expect(bench.told.at(-1)).toBe('close 1000 ""');
    expect(bench.written()).toEqual(['text "one"', 'text "two"', 'close 1000 ""']);
  });

  test.each([
    ['the transport is lost', (bench: Bench) => bench.transport.lose(new Error('ECONNRESET')), 'ECONNRESET'],
    ['the peer ends its stream', (bench: Bench) => bench.transport.deliverEnd(), 'without a Close frame'],
    ['it is terminated', (bench: Bench) => bench.driver.terminate(), 'terminated by this end'],
  ])('%s: the end is told', (_, end, why) => {
    const bench = makeBench();
    bench.receive(text('a'));
    bench.driver.rest();
    end(bench);
    bench.clock.turn();
    expect(bench.told).toEqual(['text "a"', expect.stringContaining('close 1006')]);
    expect(bench.cause?.message).toContain(why);
    bench.driver.rest();
    expect([bench.driver.state, bench.driver.gone]).toEqual(['closed', true]);
  });
});

describe('settings that drivers share', () => {
  const handler: DriverHandler = { message() {}, ping() {}, pong() {}, drain() {}, close() {}, thrown() {} };
  const options = { role: 'server', clock: new ManualClock() } as const;

  test('are read once, and serve each', () => {
    let read = 0;
    class Limits {
      get maxMessagePayload(): number {
        read++;
        return 3;
      }
    }
    const limits = new Limits();
    const clock = new ManualClock();
    const sendMemory = new SendMemory();
    const settings = new DriverSettings({ role: 'server', limits, clock, sendMemory, heartbeat: {} });
    const before = read;
    const transports = [new TestTransport(clock), new TestTransport(clock)];
    const drivers = transports.map((transport) => new Driver({ transport, handler }, settings));
    for (const [i, driver] of drivers.entries()) {
      transports[i]!.connect(driver);
      transports[i]!.deliver(peerBytes('server', text('abcd')));
      clock.turn();
      expect(flat(transports[i]!.writes)).toEqual(
        rawFrame({ opcode: 8, payload: Uint8Array.of(1009 >> 8, 1009 & 255) }),
      );
    }
    expect(read).toBe(before);
    expect(settings.heartbeat?.size).toBe(2);
    expect(settings.copyUpTo).toBe(sendMemory.copyUpTo);
  });

  test('are their own: what is set on the limits later is not looked at', () => {
    const limits = { maxMessagePayload: 3 };
    const clock = new ManualClock();
    const transport = new TestTransport(clock);
    const told: string[] = [];
    const settings = new DriverSettings({ role: 'server', limits, clock });
    const driver = new Driver({ transport, handler: { ...handler, message: () => told.push('message') } }, settings);
    transport.connect(driver);
    limits.maxMessagePayload = Number.NaN;
    transport.deliver(peerBytes('server', text('abcd')));
    expect([told, driver.state]).toEqual([[], 'closed']);
  });

  test('so are those of one driver: one that wakes finds them as they were', () => {
    const platform: { isUtf8: unknown } = { isUtf8: () => true };
    const slow = new SlowExtension();
    const extensions: unknown[] = [slow];
    const limits = { maxMessagePayload: 3 };
    const bench = newBench('server', { platform, extensions, limits } as BenchOptions);
    platform.isUtf8 = 'no function';
    extensions.push('no extension');
    limits.maxMessagePayload = Number.NaN;
    slow.decode = undefined as never;
    bench.receive(text('abc'));
    expect(bench.told).toEqual(['text "abc"']);
    bench.driver.rest();
    bench.transport.lose(new Error('ECONNRESET'));
    expect(bench.told.at(-1)).toBe('close 1006 "": ECONNRESET');
  });

  test.each([
    [{ limits: { maxMessagePayload: -1 } }, RangeError],
    [{ limits: { maxFramePayload: '1' } }, TypeError],
    [{ limits: { maxMesagePayload: 1 } }, TypeError],
    [{ platform: { memory: {} } }, TypeError],
    [{ platform: { isUtf8: true } }, TypeError],
    [{ sendMemory: {} }, TypeError],
    [{ heartbeat: null }, TypeError],
    [{ overflow: 'never' }, TypeError],
    [{ role: 'client' }, TypeError],
    [{ clock: {} }, TypeError],
  ])('%j is refused when they are made, not when a byte comes', (wrong, kind) => {
    expect(() => new DriverSettings({ ...options, ...wrong } as never)).toThrow(kind);
    const transport = new TestTransport(options.clock);
    expect(() => new Driver({ ...options, transport, handler, ...wrong } as never)).toThrow(kind);
  });

  test.each([[undefined], [null], [{}], [[{ rsv: 0x40 }]]])(
    'extensions of the wrong kind are refused at once: %j',
    (extensions) => {
      const transport = new TestTransport(options.clock);
      const make = () => new Driver({ transport, handler, extensions } as never, new DriverSettings(options));
      if (extensions === undefined) expect(make).not.toThrow();
      else expect(make).toThrow(TypeError);
    },
  );

  test('what are none is said', () => {
    const transport = new TestTransport(options.clock);
    expect(() => new Driver({ transport, handler }, options as never)).toThrow(
      new TypeError('settings must be DriverSettings, got object'),
    );
  });
});
