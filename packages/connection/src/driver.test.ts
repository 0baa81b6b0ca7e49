import { afterEach, describe, expect, test } from 'vitest';
import { Driver, type DriverOptions } from './driver.ts';
import { closeFrame, peerBytes, ping, pong, text } from './endpoint.suite.ts';
import { Bench, type BenchOptions } from './test-transport.suite.ts';

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

  test('64 KiB do not wait for the end of the turn', () => {
    const it = bench();
    it.send(new Uint8Array(65_531));
    expect(it.transport.calls).toEqual([]);
    it.send('');
    expect(it.transport.calls).toEqual([`write ${65_531 + 4 + 2}`]);
    it.clock.turn();
    expect(it.transport.calls).toHaveLength(1);
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

describe('reading', () => {
  test('delivers what comes, and nothing while paused', () => {
    const it = bench();
    it.receive(text('a'), ping('b'), pong('c'), { opcode: 2, payload: Uint8Array.of(1) });
    expect(it.told).toEqual(['text "a"', 'ping "b"', 'pong "c"', 'binary 01']);
    it.driver.pause();
    it.driver.pause();
    it.receive(text('d'));
    expect(it.transport.paused).toBe(true);
    it.clock.turn();
    expect(it.told).toHaveLength(4);
    it.driver.resume();
    it.driver.resume();
    expect(it.told).toHaveLength(4);
    it.clock.turn();
    expect(it.told.at(-1)).toBe('text "d"');
    expect(it.transport.calls.filter((call) => !call.startsWith('write'))).toEqual(['pause', 'resume']);
  });

  test('a pause in a delivery stops before the next, and what is left comes first after it', () => {
    const it = bench('server', { on: (line) => line.startsWith('text') && it.driver.pause() });
    it.transport.lag = 2;
    it.receive(text('a'), text('b'), text('c'));
    it.receive(text('d'));
    it.receive(text('e'));
    it.receive(text('f'));
    for (let i = 1; i <= 6; i++) {
      expect(it.told).toEqual(['text "a"', 'text "b"', 'text "c"', 'text "d"', 'text "e"', 'text "f"'].slice(0, i));
      it.driver.resume();
      it.clock.turn();
    }
    expect(it.told).toHaveLength(6);
    expect(it.transport.paused).toBe(false);
  });

  test('paused and resumed in one delivery, nothing is delayed', () => {
    const it = bench('server', {
      on: () => {
        it.driver.pause();
        it.driver.resume();
      },
    });
    it.receive(text('a'), text('b'));
    expect(it.told).toEqual(['text "a"', 'text "b"']);
    it.clock.turn();
    expect(it.transport.paused).toBe(false);
  });

  test('resumed and paused again, nothing comes', () => {
    const it = bench();
    it.driver.pause();
    it.receive(text('a'));
    it.driver.resume();
    it.driver.pause();
    it.clock.turn();
    expect(it.told).toEqual([]);
    expect(it.transport.paused).toBe(true);
  });

  test('the transport is not paused for what a closed connection drops', () => {
    const it = bench();
    it.receive(closeFrame(1000));
    it.driver.pause();
    expect(it.transport.calls).toEqual([]);
    const other = bench('server', { on: (line) => line === 'text "a"' && other.driver.pause() });
    other.receive(text('a'), text('b'));
    other.transport.lose();
    expect(other.transport.paused).toBe(true);
    expect(other.told.at(-1)).toContain('close 1006');
  });

  test('a peer that ends while its last messages wait is heard to the end', () => {
    const it = bench('server', { on: (line) => line === 'text "a"' && it.driver.pause() });
    it.receive(text('a'), text('b'), closeFrame(4000, 'bye'));
    it.driver.receivedEnd();
    it.clock.turn();
    expect(it.told).toEqual(['text "a"']);
    it.driver.resume();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['pause', 'resume', 'write 4', 'end']);
    it.transport.lose();
    expect(it.told).toEqual(['text "a"', 'text "b"', 'close 4000 "bye"']);
  });

  test('ends in the middle of what waits', () => {
    const it = bench('server', { on: (line) => line === 'text "a"' && it.driver.pause() });
    it.transport.deliver(peerBytes('server', text('a'), text('b')).slice(0, -1));
    it.driver.receivedEnd();
    it.driver.resume();
    it.clock.turn();
    it.transport.lose();
    expect(it.told[1]).toContain('close 1006 "": the stream ended inside a frame');
  });

  test('M4: pongs that are not being written stop the reading; written, it goes on', () => {
    const it = bench();
    it.transport.fast = false;
    it.driver.send('first', {});
    it.clock.turn();
    const flood = Array.from({ length: 300 }, (_, i) => ping(String(i).padStart(120)));
    it.receive(...flood);
    expect(it.transport.paused).toBe(true);
    expect(it.told.length).toBeLessThan(140);
    for (let i = 0; i < 10; i++) {
      it.transport.finishWrite();
      it.clock.turn();
    }
    expect(it.told).toHaveLength(300);
    expect(it.transport.paused).toBe(false);
    expect(it.written().slice(1)).toEqual(it.told.map((line) => line.replace('ping', 'pong')));
    expect(it.clock.timers).toBe(0);
  });

  test('M4: a peer that pings and does not read is given up after closeTimeout', () => {
    const it = bench('server', { closeTimeout: 500 });
    it.transport.fast = false;
    it.driver.send('first', {});
    it.clock.turn();
    it.receive(...Array.from({ length: 300 }, () => ping('x'.repeat(120))));
    it.clock.advance(499);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.told.at(-1)).toBe('close 1006 "": the peer sends pings and has not read the answers for 500 ms');
    expect(it.transport.calls.at(-1)).toBe('destroy');
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

test('M8: what the connection refuses, the driver refuses', () => {
  expect(() => new Driver({ role: 'observer' } as unknown as DriverOptions)).toThrow(TypeError);
  expect(() => bench('server', { limits: { maxMessagePayload: -1 } })).toThrow(RangeError);
});
