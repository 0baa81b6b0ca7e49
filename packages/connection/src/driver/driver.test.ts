import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, ping } from '../endpoint.suite.ts';
import { Driver } from './driver.ts';
import type { DriverOptions } from './driver-options.ts';
import { Bench, type BenchOptions, ManualClock, TestTransport } from './test-transport.suite.ts';

const benches: Bench[] = [];
function bench(role: 'server' | 'client' = 'server', options: BenchOptions = {}): Bench {
  benches.push(new Bench(role, options));
  return benches.at(-1)!;
}

afterEach(() => {
  for (const { transport } of benches.splice(0)) expect(transport.misuse).toEqual([]);
});

describe('writing', () => {
  test('what one turn queues leaves in one write, at its end', () => {
    const it = bench();
    it.send('a');
    it.driver.ping('b');
    it.receive(ping('c'));
    it.send(new Uint8Array(5000));
    expect(it.transport.calls).toEqual([]);
    it.clock.turn();
    expect(it.transport.calls).toEqual([`write ${3 + 3 + 3 + 5004}`]);
    it.send('d');
    it.clock.turn();
    expect(it.transport.calls).toHaveLength(2);
  });

  test('a turn costs one deferred call, however much it queues', () => {
    const it = bench();
    for (let i = 0; i < 100; i++) it.driver.send('x', {});
    it.receive(ping(), ping());
    expect(it.clock.deferred).toBe(1);
  });

  test('64 KiB do not wait for the end of the turn', () => {
    const it = bench();
    it.send(new Uint8Array(65_531));
    expect(it.transport.calls).toEqual([]);
    it.send('');
    expect(it.transport.calls).toEqual([`write ${65_531 + 4 + 2}`]);
    it.clock.turn();
    expect(it.transport.calls).toHaveLength(1);
  });

  test('a write takes 1 MiB at the most', () => {
    const it = bench();
    it.transport.fast = false;
    const payload = new Uint8Array(3_000_000).map((_, i) => i % 251);
    const done: string[] = [];
    it.driver.send(payload, {}, (error) => done.push(`3 MB ${error?.message ?? 'written'}`));
    it.driver.send('x', {}, () => done.push('x written'));
    it.clock.turn();
    for (const written of [1_048_576, 1_048_576, 3_000_010 + 3 - 2 * 1_048_576]) {
      expect(it.transport.calls.at(-1)).toBe(`write ${written}`);
      expect(done).toEqual([]);
      it.transport.finishWrite();
    }
    expect(done).toEqual(['3 MB written', 'x written']);
    expect(Buffer.concat(it.transport.writes).subarray(10, 3_000_010).equals(payload)).toBe(true);
  });

  test('one write is under way at a time, and the rest follows in one', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('a');
    it.clock.turn();
    it.send('b');
    it.clock.turn();
    it.send(new Uint8Array(70_000));
    it.send('c');
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 3']);
    it.transport.finishWrite();
    expect(it.transport.calls).toEqual(['write 3', `write ${3 + 70_010 + 3}`]);
  });

  test('bufferedAmount is what was queued and not written, throughout', () => {
    const it = bench();
    const seen: number[] = [];
    const look = (): unknown => seen.push(it.driver.bufferedAmount);
    it.transport.fast = false;
    look();
    it.send('abc');
    look();
    it.clock.turn();
    look();
    it.send('de');
    look();
    it.transport.finishWrite();
    look();
    it.transport.fast = true;
    it.transport.finishWrite();
    look();
    expect(seen).toEqual([0, 5, 5, 9, 4, 0]);
  });

  test('send returns false from 64 KiB on, and drain follows once, when all is written', () => {
    const it = bench();
    it.transport.fast = false;
    expect(it.send('x'.repeat(1000))).toBe(true);
    expect(it.send(new Uint8Array(70_000))).toBe(false);
    expect(it.send('y')).toBe(false);
    it.transport.finishWrite();
    expect(it.told).toEqual(['sent 1', 'sent 2']);
    it.clock.turn();
    expect(it.driver.bufferedAmount).toBe(3);
    it.transport.finishWrite();
    expect(it.told).toEqual(['sent 1', 'sent 2', 'sent 3', 'drain']);
    expect(it.send('z')).toBe(true);
    it.clock.turn();
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.told.filter((line) => line === 'drain')).toHaveLength(1);
  });

  test('a transport that is done at once never lets send return false', () => {
    const it = bench();
    expect(it.send(new Uint8Array(200_000))).toBe(true);
    it.clock.turn();
    expect(it.told).toEqual(['sent 1']);
  });

  test('with 64 KiB exactly waiting, send returns false', () => {
    const it = bench();
    it.transport.fast = false;
    expect(it.send(new Uint8Array(65_531))).toBe(true);
    expect(it.driver.ping(undefined)).toBe(false);
    expect(it.driver.pong(undefined)).toBe(false);
    expect(it.driver.bufferedAmount).toBe(65_539);
  });

  test('a drain that sends again is told again', () => {
    let rounds = 3;
    const it = bench('server', {
      on: (line) => {
        if (line === 'drain' && --rounds > 0) it.send(new Uint8Array(70_000));
      },
    });
    it.transport.fast = false;
    it.send(new Uint8Array(70_000));
    for (let i = 0; i < 5; i++) it.transport.finishWrite();
    expect(it.told).toEqual(['sent 1', 'drain', 'sent 2', 'drain', 'sent 3', 'drain']);
  });

  test('callbacks come after the write, in the order of the calls, never from inside send', () => {
    const it = bench();
    it.send('small');
    it.send(new Uint8Array(70_000));
    it.send('after the early write');
    expect(it.transport.calls).toHaveLength(1);
    expect(it.told).toEqual([]);
    it.clock.turn();
    expect(it.told).toEqual(['sent 1', 'sent 2', 'sent 3']);
  });

  test('callbacks of an early write come before those of a later one that takes its time', () => {
    const it = bench();
    it.send(new Uint8Array(70_000));
    it.transport.fast = false;
    it.send(new Uint8Array(70_000));
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.told).toEqual(['sent 1', 'sent 2', 'drain']);
  });

  test('ping and pong have callbacks too', () => {
    const it = bench();
    expect(it.driver.ping('a', it.callback())).toBe(true);
    expect(it.driver.pong(undefined, it.callback())).toBe(true);
    it.clock.turn();
    expect(it.told).toEqual(['sent 1', 'sent 2']);
    expect(it.written()).toEqual(['ping "a"', 'pong ""']);
  });

  test('what cannot be sent is thrown at once: nothing is queued, and no callback is kept', () => {
    const it = bench();
    expect(() => it.send(5 as unknown as string)).toThrow(TypeError);
    expect(() => it.driver.ping(new Uint8Array(126), it.callback())).toThrow(RangeError);
    it.clock.turn();
    it.finish();
    expect(it.told).toEqual(['close 1000 ""']);
  });

  test.each([
    ['closing', (it: Bench): void => it.driver.close()],
    ['closed', (it: Bench): void => it.receive(closeFrame(1000))],
    ['closed', (it: Bench): void => it.finish()],
  ] as const)('when the connection is %s, send returns false and its callback gets the reason', (state, reach) => {
    const it = bench();
    reach(it);
    const before = it.told.length;
    expect(it.send('x')).toBe(false);
    expect(it.send(5 as unknown as string)).toBe(false);
    expect(it.driver.ping('x')).toBe(false);
    expect(it.driver.pong('x')).toBe(false);
    expect(it.told.length).toBe(before);
    it.clock.turn();
    const reason = `the connection is ${state}: nothing can be sent`;
    expect(it.told.filter((line) => line.startsWith('unsent'))).toEqual([`unsent 1: ${reason}`, `unsent 2: ${reason}`]);
  });

  test('what is left out has the defaults of a connection', () => {
    const it = bench();
    expect([it.driver.send('a'), it.driver.ping(), it.driver.pong()]).toEqual([true, true, true]);
    it.clock.turn();
    expect(it.written()).toEqual(['text "a"', 'ping ""', 'pong ""']);
  });

  test('options or data of the wrong kind are a TypeError that says so, and nothing is sent', () => {
    const it = bench();
    expect(() => it.driver.send('x', null as never)).toThrow('options must be an object');
    for (const data of [null, undefined]) expect(() => it.driver.send(data as never)).toThrow('data must be a string');
    expect(() => it.driver.ping(null as never)).toThrow('the payload of a control frame must be a string');
    it.clock.turn();
    expect([it.transport.calls, it.driver.insideMessage]).toEqual([[], false]);
  });

  test('callbacks of bytes that were lost get the reason, before the end is told', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('being written');
    it.clock.turn();
    it.send('queued');
    it.transport.lose(new Error('ECONNRESET'));
    it.clock.turn();
    expect(it.told).toEqual(['unsent 1: ECONNRESET', 'unsent 2: ECONNRESET', 'close 1006 "": ECONNRESET']);
    expect(it.driver.gone).toBe(true);
    expect(it.driver.bufferedAmount).toBe(0);
  });

  test('a callback that is due is called before the end is told', () => {
    const it = bench();
    it.send(new Uint8Array(70_000));
    it.transport.lose(new Error('ECONNRESET'));
    it.clock.turn();
    expect(it.told).toEqual(['sent 1', 'close 1006 "": ECONNRESET']);
  });
});

test.each(['1000', null, {}, true])('M8: a time limit of %o is a TypeError', (limit) => {
  for (const name of ['closeTimeout', 'closeReplyTimeout']) {
    expect(() => bench('server', { [name]: limit } as Partial<DriverOptions>)).toThrow(TypeError);
  }
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
  'M8: a time limit of %d is a RangeError',
  (limit) => {
    for (const name of ['closeTimeout', 'closeReplyTimeout']) {
      const make = (): unknown => bench('server', { [name]: limit } as Partial<DriverOptions>);
      expect(make).toThrow(RangeError);
      expect(make).toThrow(`${name} must be an integer from 0 to 2147483647`);
    }
  },
);

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

test('M8: what the connection refuses, the driver refuses', () => {
  expect(() => new Driver({ role: 'observer' } as unknown as DriverOptions)).toThrow(TypeError);
  expect(() => bench('server', { limits: { maxMessagePayload: -1 } })).toThrow(RangeError);
});
