import { describe, expect, test } from 'vitest';
import { closeFrame, ping, readWritten } from '../endpoint.suite.ts';
import { PreparedMessage } from '../machine/prepared.ts';
import { SendMemory } from '../machine/send-memory.ts';
import { Driver } from './driver.ts';
import type { DriverOptions } from './driver-options.ts';
import { Bench, ManualClock, TestTransport, useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();

describe('writing', () => {
  test('what one turn queues leaves in one write, at its end', () => {
    const bench = makeBench();
    bench.send('a');
    bench.driver.ping('b');
    bench.receive(ping('c'));
    bench.send(new Uint8Array(5000));
    expect(bench.transport.calls).toEqual([]);
    bench.clock.turn();
    expect(bench.transport.calls).toEqual([`write ${3 + 3 + 3 + 5004}`]);
    bench.send('d');
    bench.clock.turn();
    expect(bench.transport.calls).toHaveLength(2);
  });

  test('a turn costs one deferred call, however much it queues', () => {
    const bench = makeBench();
    for (let i = 0; i < 100; i++) bench.driver.send('x', {});
    bench.receive(ping(), ping());
    expect(bench.clock.deferred).toBe(1);
  });

  test('64 KiB do not wait for the end of the turn', () => {
    const bench = makeBench();
    bench.send(new Uint8Array(65_530));
    expect(bench.transport.calls).toEqual([]);
    bench.send('');
    expect(bench.transport.calls).toEqual([`write ${65_530 + 4 + 2}`]);
    bench.clock.turn();
    expect(bench.transport.calls).toHaveLength(1);
  });

  test('behind a write under way nothing waits for the end of the turn', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('a');
    bench.clock.turn();
    bench.send('b');
    expect(bench.clock.deferred).toBe(0);
    bench.transport.finishWrite();
    expect(bench.transport.calls).toHaveLength(2);
  });

  test.each([true, false, undefined])('our memory is used again only where the transport copies: %s', (copies) => {
    for (const fast of [true, false]) {
      const bench = makeBench();
      const taken: Uint8Array[] = [];
      const { transport } = bench;
      const write = transport.write.bind(transport);
      Object.assign(transport, {
        copies,
        fast,
        write(chunks: Uint8Array[]) {
          taken.push(...chunks);
          return write(chunks);
        },
      });
      for (const message of ['first', 'again']) {
        bench.send(message);
        bench.clock.turn();
        transport.finishWrite();
      }
      const [first, again] = taken as [Uint8Array, Uint8Array];
      expect(first.buffer === again.buffer && first.byteOffset === again.byteOffset).toBe(copies === true);
      expect(readWritten('server', again)).toEqual(['text "again"']);
      if (copies !== true) expect(readWritten('server', first)).toEqual(['text "first"']);
    }
  });

  test('M3: what waits behind a write does not keep alive what others were sent meanwhile', () => {
    const sendMemory = new SendMemory();
    const slow = new Bench('server', { sendMemory });
    const other = new Bench('server', { sendMemory });
    const buffers = new Set<ArrayBufferLike>();
    const write = slow.transport.write.bind(slow.transport);
    slow.transport.write = (chunks) => {
      for (const { buffer } of chunks) buffers.add(buffer);
      return write(chunks);
    };
    slow.transport.fast = false;
    slow.send('under way');
    slow.clock.turn();
    buffers.clear();
    for (let i = 0; i < 500; i++) {
      slow.send('it waits'.repeat(10));
      for (let j = 0; j < 10; j++) other.send('is read'.repeat(100));
      other.clock.turn();
    }
    slow.transport.finishWrite();
    expect(readWritten('server', slow.transport.writes.at(-1)!)).toHaveLength(500);
    expect([...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(
      2 * slow.transport.writes.at(-1)!.length,
    );
  });

  test('a write takes 1 MiB at the most', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    const payload = new Uint8Array(3_000_000).map((_, i) => i % 251);
    const done: string[] = [];
    bench.driver.send(payload, {}, (error) => done.push(`3 MB ${error?.message ?? 'written'}`));
    bench.driver.send('x', {}, () => done.push('x written'));
    bench.clock.turn();
    for (const written of [1_048_576, 1_048_576, 3_000_010 + 3 - 2 * 1_048_576]) {
      expect(bench.transport.calls.at(-1)).toBe(`write ${written}`);
      expect(done).toEqual([]);
      bench.transport.finishWrite();
    }
    expect(done).toEqual(['3 MB written', 'x written']);
    expect(Buffer.concat(bench.transport.writes).subarray(10, 3_000_010).equals(payload)).toBe(true);
  });

  test('one write is under way at a time, and the rest follows in one', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('a');
    bench.clock.turn();
    bench.send('b');
    bench.clock.turn();
    bench.send(new Uint8Array(70_000));
    bench.send('c');
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 3']);
    bench.transport.finishWrite();
    expect(bench.transport.calls).toEqual(['write 3', `write ${3 + 70_010 + 3}`]);
  });

  test('bufferedAmount is what was queued and not written, throughout', () => {
    const bench = makeBench();
    const seen: number[] = [];
    const look = (): unknown => seen.push(bench.driver.bufferedAmount);
    bench.transport.fast = false;
    look();
    bench.send('abc');
    look();
    bench.clock.turn();
    look();
    bench.send('de');
    look();
    bench.transport.finishWrite();
    look();
    bench.transport.fast = true;
    bench.transport.finishWrite();
    look();
    expect(seen).toEqual([0, 5, 5, 9, 4, 0]);
  });

  test('send returns false from 64 KiB on, and drain follows once, when all is written', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    expect(bench.send('x'.repeat(1000))).toBe(true);
    expect(bench.send(new Uint8Array(70_000))).toBe(false);
    expect(bench.send('y')).toBe(false);
    bench.transport.finishWrite();
    expect(bench.told).toEqual(['sent 1', 'sent 2']);
    bench.clock.turn();
    expect(bench.driver.bufferedAmount).toBe(3);
    bench.transport.finishWrite();
    expect(bench.told).toEqual(['sent 1', 'sent 2', 'sent 3', 'drain']);
    expect(bench.send('z')).toBe(true);
    bench.clock.turn();
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.told.filter((line) => line === 'drain')).toHaveLength(1);
  });

  test('a transport that is done at once never lets send return false', () => {
    const bench = makeBench();
    expect(bench.send(new Uint8Array(200_000))).toBe(true);
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1']);
  });

  test('with 64 KiB exactly waiting, send returns false', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    expect(bench.send(new Uint8Array(65_529))).toBe(true);
    expect(bench.driver.ping(undefined)).toBe(true);
    expect(bench.driver.bufferedAmount).toBe(65_535);
    const other = makeBench();
    other.transport.fast = false;
    expect(other.send(new Uint8Array(65_530))).toBe(true);
    expect(other.driver.pong(undefined)).toBe(false);
    expect(other.driver.bufferedAmount).toBe(65_536);
  });

  test('a drain that sends again is told again', () => {
    let rounds = 3;
    const bench = makeBench('server', {
      on: (line) => {
        if (line === 'drain' && --rounds > 0) bench.send(new Uint8Array(70_000));
      },
    });
    bench.transport.fast = false;
    bench.send(new Uint8Array(70_000));
    for (let i = 0; i < 5; i++) bench.transport.finishWrite();
    expect(bench.told).toEqual(['sent 1', 'drain', 'sent 2', 'drain', 'sent 3', 'drain']);
  });

  test('callbacks come after the write, in the order of the calls, never from inside send', () => {
    const bench = makeBench();
    bench.send('small');
    bench.send(new Uint8Array(70_000));
    bench.send('after the early write');
    expect(bench.transport.calls).toHaveLength(1);
    expect(bench.told).toEqual([]);
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'sent 2', 'sent 3']);
  });

  test('callbacks of an early write come before those of a later one that takes its time', () => {
    const bench = makeBench();
    bench.send(new Uint8Array(70_000));
    bench.transport.fast = false;
    bench.send(new Uint8Array(70_000));
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'sent 2', 'drain']);
  });

  test('ping and pong have callbacks too', () => {
    const bench = makeBench();
    expect(bench.driver.ping('a', bench.callback())).toBe(true);
    expect(bench.driver.pong(undefined, bench.callback())).toBe(true);
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'sent 2']);
    expect(bench.written()).toEqual(['ping "a"', 'pong ""']);
  });

  test('what cannot be sent is thrown at once: nothing is queued, and no callback is kept', () => {
    const bench = makeBench();
    expect(() => bench.send(5 as unknown as string)).toThrow(TypeError);
    expect(() => bench.driver.ping(new Uint8Array(126), bench.callback())).toThrow(RangeError);
    bench.clock.turn();
    bench.finish();
    expect(bench.told).toEqual(['close 1000 ""']);
  });

  test.each([
    ['closing', (bench: Bench): void => bench.driver.close()],
    ['closed', (bench: Bench): void => bench.receive(closeFrame(1000))],
    ['closed', (bench: Bench): void => bench.finish()],
  ] as const)('when the connection is %s, send returns false and its callback gets the reason', (state, reach) => {
    const bench = makeBench();
    reach(bench);
    const before = bench.told.length;
    expect(bench.send('x')).toBe(false);
    expect(bench.send(5 as unknown as string)).toBe(false);
    expect(bench.driver.ping('x')).toBe(false);
    expect(bench.driver.pong('x')).toBe(false);
    expect(bench.told.length).toBe(before);
    bench.clock.turn();
    const reason = `the connection is ${state}: nothing can be sent`;
    expect(bench.told.filter((line) => line.startsWith('unsent'))).toEqual([
      `unsent 1: ${reason}`,
      `unsent 2: ${reason}`,
    ]);
  });

  test('what is left out has the defaults of a connection', () => {
    const bench = makeBench();
    expect([bench.driver.send('a'), bench.driver.ping(), bench.driver.pong()]).toEqual([true, true, true]);
    bench.clock.turn();
    expect(bench.written()).toEqual(['text "a"', 'ping ""', 'pong ""']);
  });

  test('options or data of the wrong kind are a TypeError that says so, and nothing is sent', () => {
    const bench = makeBench();
    expect(() => bench.driver.send('x', null as never)).toThrow('options must be an object');
    for (const data of [null, undefined])
      expect(() => bench.driver.send(data as never)).toThrow('data must be a string');
    expect(() => bench.driver.ping(null as never)).toThrow('the payload of a control frame must be a string');
    bench.clock.turn();
    expect([bench.transport.calls, bench.driver.insideMessage]).toEqual([[], false]);
  });

  test('a prepared message is whole, whatever options are given with it', () => {
    const bench = makeBench();
    bench.driver.send(new PreparedMessage('a'), { fin: false });
    expect(bench.driver.insideMessage).toBe(false);
    bench.driver.send('b', { fin: false });
    expect(bench.driver.insideMessage).toBe(true);
    bench.driver.send('c');
    expect(bench.driver.insideMessage).toBe(false);
    bench.clock.turn();
    expect(bench.written()).toEqual(['text "a"', 'text "bc"']);
  });

  test('callbacks of bytes that were lost get the reason, before the end is told', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('being written');
    bench.clock.turn();
    bench.send('queued');
    bench.transport.lose(new Error('ECONNRESET'));
    bench.clock.turn();
    expect(bench.told).toEqual(['unsent 1: ECONNRESET', 'unsent 2: ECONNRESET', 'close 1006 "": ECONNRESET']);
    expect(bench.driver.gone).toBe(true);
    expect(bench.driver.bufferedAmount).toBe(0);
  });

  test('a callback that is due is called before the end is told', () => {
    const bench = makeBench();
    bench.send(new Uint8Array(70_000));
    bench.transport.lose(new Error('ECONNRESET'));
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'close 1006 "": ECONNRESET']);
  });
});

test.each(['1000', null, {}, true])('M8: a time limit of %o is a TypeError', (limit) => {
  for (const name of ['closeTimeout', 'closeReplyTimeout']) {
    expect(() => makeBench('server', { [name]: limit } as Partial<DriverOptions>)).toThrow(TypeError);
  }
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
  'M8: a time limit of %d is a RangeError',
  (limit) => {
    for (const name of ['closeTimeout', 'closeReplyTimeout']) {
      const make = (): unknown => makeBench('server', { [name]: limit } as Partial<DriverOptions>);
      expect(make).toThrow(RangeError);
      expect(make).toThrow(`${name} must be an integer from 0 to 2147483647`);
    }
  },
);

test.each([undefined, null])('options that are %o are a TypeError', (options) => {
  expect(() => new Driver(options as never)).toThrow(new TypeError(`options must be an object, got ${options}`));
});

test.each(['transport', 'clock', 'handler'] as const)('%s is required, with its methods', (name) => {
  const clock = new ManualClock();
  const parts = {
    clock,
    transport: new TestTransport(clock),
    handler: { message() {}, ping() {}, pong() {}, drain() {}, close() {}, thrown() {} },
  };
  const make = (part: unknown) => () => new Driver({ role: 'server', ...parts, [name]: part } as DriverOptions);
  expect(make(parts[name])().state).toBe('open');
  const methods = {
    transport: ['write', 'end', 'destroy', 'pause', 'resume'],
    clock: ['after', 'defer'],
    handler: ['message', 'ping', 'pong', 'drain', 'close', 'thrown'],
  }[name];
  const must = `${name} must have the methods ${methods.join(', ')}, got`;
  for (const none of [undefined, null]) expect(make(none)).toThrow(new TypeError(`${must} ${none}`));
  for (const method of methods) {
    const without = { ...Object.fromEntries(methods.map((each) => [each, () => {}])), [method]: undefined };
    expect(make(without)).toThrow(new TypeError(`${must} an object without ${method}`));
  }
});

test.each([true, null, 5, 'x'])('a heartbeat that is %o is a TypeError', (heartbeat) => {
  expect(() => makeBench('server', { heartbeat: heartbeat as never })).toThrow('heartbeat must be a Heartbeat');
});

test('M8: what the connection refuses, the driver refuses', () => {
  expect(() => new Driver({ role: 'observer' } as unknown as DriverOptions)).toThrow(TypeError);
  expect(() => makeBench('server', { limits: { maxMessagePayload: -1 } })).toThrow(RangeError);
});
