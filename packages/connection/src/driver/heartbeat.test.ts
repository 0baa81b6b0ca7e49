import { describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, pong, text } from '../endpoint.suite.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import { PauseReason } from './reader.ts';
import { type Bench, ManualClock, useBenches } from './test-transport.suite.ts';

const newBench = useBenches();
const makeBench = (heartbeat: HeartbeatOptions = { interval: 4000, timeout: 4000 }): Bench =>
  newBench('server', { heartbeat });

const PING = 'ping "heartbeat"';
const GONE = 'close 1006 "": the peer has sent nothing, and has not answered a ping for 4000 ms';

test('H13: a silent peer is pinged after the interval, and given up when it has not answered for the timeout', () => {
  const bench = makeBench();
  bench.clock.advance(3999);
  expect(bench.written()).toEqual([]);
  bench.clock.advance(2001);
  expect(bench.written()).toEqual([PING]);
  bench.clock.advance(1999);
  expect(bench.told).toEqual([]);
  bench.clock.advance(2001);
  expect(bench.told).toEqual([GONE]);
  expect(bench.written()).toEqual([PING]);
});

test('the defaults: a ping within 30 to 35 s of silence, the end 20 to 25 s later', () => {
  const bench = makeBench({});
  bench.clock.advance(29_999);
  expect(bench.written()).toEqual([]);
  bench.clock.advance(5001);
  expect(bench.written()).toEqual([PING]);
  bench.clock.advance(14_999);
  expect(bench.told).toEqual([]);
  bench.clock.advance(5001);
  expect(bench.told).toHaveLength(1);
});

test('without the option there is no timer, and no ping', () => {
  const bench = newBench('server');
  expect(bench.clock.timers).toBe(0);
  expect(newBench('server', { heartbeat: false }).clock.timers).toBe(0);
});

test('H13: an answered ping begins the interval again; the pong is not told, another is', () => {
  const bench = makeBench();
  for (let round = 1; round <= 5; round++) {
    while (bench.written().length < round) bench.clock.advance(1000);
    bench.receive(pong('other'), pong('heartbeat'), pong('heartbeat'));
  }
  // The second was not asked for.
  expect(bench.told).toEqual(Array.from({ length: 5 }, () => ['pong "other"', 'pong "heartbeat"']).flat());
  expect(bench.driver.state).toBe('open');
});

test('a pong is the answer by its whole payload, and only to a ping', () => {
  const bench = makeBench();
  bench.receive(pong('heartbeat'));
  expect(bench.told).toEqual(['pong "heartbeat"']);
  while (bench.written().length === 0) bench.clock.advance(1000);
  const others = ['', 'heartbea', 'heartbeat!', 'heartbeaT', 'Heartbeat'];
  bench.receive(...others.map((payload) => pong(payload)), pong('heartbeat'));
  expect(bench.told.slice(1)).toEqual(others.map((payload) => `pong ${JSON.stringify(payload)}`));
});

test('H13: any byte is life: a message that comes a byte at a time needs no ping', () => {
  const bench = makeBench();
  const bytes = peerBytes('server', text('slow but there'));
  for (const byte of bytes) {
    bench.transport.deliver(Uint8Array.of(byte));
    bench.clock.advance(3000);
  }
  expect(bench.written()).toEqual([]);
  expect(bench.told).toEqual(['text "slow but there"']);
});

test('H13: what the system has received while the event loop was blocked is read before the connection is judged', () => {
  const bench = makeBench();
  bench.clock.advance(7950);
  expect(bench.written()).toEqual([PING]);
  // The timer that would end it comes first, then what was received, then what was deferred: as in Node after a long
  // block.
  const { after } = bench.clock;
  bench.clock.after = (ms, callback) =>
    after.call(bench.clock, ms, () => {
      callback();
      bench.clock.soon(() => bench.receive(pong('heartbeat')));
    });
  bench.clock.advance(500);
  expect(bench.driver.state).toBe('open');
});

test('H13: a blocked event loop is one visit late, however long it was blocked', () => {
  // A clock whose timers all come late, by far more than the timeout.
  const clock = new ManualClock();
  const late: (() => void)[] = [];
  const heartbeat = new Heartbeat(
    { interval: 4000, timeout: 4000 },
    {
      after: (_ms, callback) => {
        late.push(callback);
        return () => {};
      },
      defer: (callback) => clock.defer(callback),
    },
  );
  const bench = newBench('server', { heartbeat });
  const step = () => {
    late.shift()!();
    clock.turn();
    bench.clock.turn();
  };
  for (let visit = 0; visit < 10 * 5; visit++) step();
  expect(bench.written()).toEqual([PING]);
  for (let visit = 0; visit < 10 * 3; visit++) step();
  expect(bench.driver.state).toBe('open');
  while (late.length > 0) step();
  expect(bench.told).toEqual([GONE]);
});

describe('H13: while this end has paused', () => {
  test('nothing is judged, and pings go on: a proxy may listen', () => {
    const bench = makeBench();
    bench.driver.pause();
    bench.clock.advance(60_000);
    expect(bench.driver.state).toBe('open');
    expect(bench.written().length).toBeGreaterThanOrEqual(60_000 / 6000 - 1);
  });

  test('after it, the peer has the whole timeout again', () => {
    const bench = makeBench();
    bench.clock.advance(8000);
    bench.driver.pause();
    bench.clock.advance(30_000);
    bench.driver.resume();
    bench.clock.advance(3999);
    expect(bench.driver.state).toBe('open');
    bench.clock.advance(5001);
    expect(bench.told).toEqual([GONE]);
  });
});

describe('H13: a large message on its way to a slow peer', () => {
  test('each finished write is life', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.driver.send(new Uint8Array(8 * 1024 * 1024), {});
    for (let written = 0; written < 8; written++) {
      bench.clock.advance(7000);
      expect(bench.driver.state).toBe('open');
      bench.transport.finishWrite();
    }
  });

  test('one that only took its turn, as each does where writing is a promise, is none', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    for (let ms = 0; ms < 60_000 && bench.driver.state === 'open'; ms += 100) {
      bench.driver.send('x', {});
      bench.clock.turn();
      bench.transport.finishWrite();
      bench.clock.advance(100);
      bench.transport.finishWrite();
    }
    expect(bench.told).toEqual([GONE]);
  });

  test('so are the bytes of one, where the transport can tell; none for the timeout is the end', () => {
    const bench = makeBench();
    let left = 1_000_000;
    Object.assign(bench.transport, { unwritten: () => left });
    bench.transport.fast = false;
    bench.driver.send(new Uint8Array(1_000_000), {});
    for (let i = 0; i < 10; i++) {
      bench.clock.advance(7000);
      left -= 1000;
    }
    expect(bench.told).toEqual([]);
    bench.clock.advance(12_000);
    expect(bench.told).toEqual([GONE]);
  });
});

test('a closing connection is left to its own time limits', () => {
  const bench = newBench('server', { heartbeat: { interval: 100, timeout: 100 }, closeReplyTimeout: 5000 });
  bench.driver.close(1000);
  bench.clock.advance(4999);
  expect(bench.written()).toEqual(['close 1000 ""']);
  expect(bench.driver.gone).toBe(false);
});

describe('idleTimeout', () => {
  const idle = (options: HeartbeatOptions = {}) =>
    makeBench({ interval: 1000, timeout: 1000, idleTimeout: 10_000, ...options });
  const alive = (bench: Bench, ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      bench.receive(pong('heartbeat'));
      bench.clock.advance(500);
    }
  };

  test('closes with 1001 where no message comes or goes, though the peer is there', () => {
    const bench = idle();
    alive(bench, 9500);
    expect(bench.written()).not.toContain('close 1001 "no message for 10000 ms"');
    alive(bench, 2000);
    expect(bench.written().at(-1)).toBe('close 1001 "no message for 10000 ms"');
    bench.receive(closeFrame(1001));
  });

  test('a ping begins nothing again, also where its write takes a while', () => {
    const bench = idle();
    bench.transport.fast = false;
    for (let passed = 0; passed < 12_000; passed += 500) {
      bench.driver.ping('');
      bench.clock.advance(250);
      bench.transport.finishWrite();
      alive(bench, 250);
    }
    expect(bench.written().at(-1)).toBe('close 1001 "no message for 10000 ms"');
    bench.receive(closeFrame(1001));
  });

  test('does not count while more has come than the rate allows', () => {
    const bench = idle();
    bench.driver.pause(PauseReason.Rate);
    alive(bench, 30_000);
    expect(bench.driver.state).toBe('open');
    bench.driver.resume(PauseReason.Rate);
    alive(bench, 12_000);
    expect(bench.written().at(-1)).toBe('close 1001 "no message for 10000 ms"');
    bench.receive(closeFrame(1001));
  });

  test('a message of either end begins it again', () => {
    const bench = idle();
    for (let i = 0; i < 5; i++) {
      alive(bench, 8000);
      if (i % 2 === 0) bench.driver.send('x', {});
      else bench.receive(text('x'));
    }
    expect(bench.driver.state).toBe('open');
  });

  test('so does a part of a message, from the peer or to it', () => {
    const bench = idle();
    bench.receive({ ...text('part'), fin: false });
    for (let i = 0; i < 5; i++) {
      bench.receive({ opcode: 0, fin: false, payload: Uint8Array.of(65) });
      bench.clock.advance(900);
      alive(bench, 5000);
    }
    bench.receive({ opcode: 0, payload: Uint8Array.of(65) });
    bench.transport.fast = false;
    bench.driver.send(new Uint8Array(5 * 1024 * 1024), {});
    for (let i = 0; i < 4; i++) {
      alive(bench, 8000);
      bench.transport.finishWrite();
    }
    expect(bench.driver.state).toBe('open');
  });

  test('bounds a pause, in which neither the peer’s end nor a reset is seen', () => {
    const bench = idle();
    bench.driver.pause();
    bench.clock.advance(12_000);
    expect(bench.driver.state).toBe('closing');
    bench.clock.advance(10_000);
    expect(bench.driver.gone).toBe(true);
  });

  test('alone, it sends no pings and does not judge the peer', () => {
    const clock = new ManualClock();
    const bench = newBench('server', { heartbeat: new Heartbeat({ ping: false, idleTimeout: 10_000 }, clock) });
    for (let i = 0; i < 20; i++) {
      bench.driver.send('x', {});
      clock.advance(5000);
      bench.clock.turn();
    }
    expect(new Set(bench.written())).toEqual(new Set(['text "x"']));
    clock.advance(15_000);
    expect(bench.driver.state).toBe('closing');
  });
});

test('one timer for all connections, which are not all pinged in one turn; none once all are gone', () => {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat({ interval: 4000, timeout: 4000 }, clock);
  const all = Array.from({ length: 100 }, () => newBench('server', { heartbeat }));
  expect([clock.timers, heartbeat.size]).toEqual([1, 100]);
  const pinged = () => {
    for (const bench of all) bench.clock.turn();
    return all.filter((bench) => bench.written().length > 0).length;
  };
  let most = 0;
  for (let before = 0; before < 100; ) {
    clock.advance(100);
    const now = pinged();
    most = Math.max(most, now - before);
    before = now;
  }
  expect(most).toBe(10);
  for (const bench of all.slice(1)) bench.transport.lose();
  expect([clock.timers, heartbeat.size]).toEqual([1, 1]);
  all[0]!.transport.lose();
  expect([clock.timers, heartbeat.size]).toEqual([0, 0]);
  const later = newBench('server', { heartbeat });
  expect(clock.timers).toBe(1);
  later.transport.lose();
  expect(clock.timers).toBe(0);
});

test('a connection that comes or goes while a visit is due does not stop the visits, or leave a timer', () => {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat({ interval: 4000, timeout: 4000 }, clock);
  const due: (() => void)[] = [];
  const { defer } = clock;
  clock.defer = (callback) => void due.push(callback);
  const first = newBench('server', { heartbeat });
  clock.advance(100);
  first.transport.lose();
  const second = newBench('server', { heartbeat });
  expect(clock.timers).toBe(0);
  for (const callback of due.splice(0)) callback();
  expect(clock.timers).toBe(1);
  clock.advance(100);
  second.transport.lose();
  for (const callback of due.splice(0)) callback();
  expect(clock.timers).toBe(0);
  clock.defer = defer;
});

test('M8: a time is a whole number of milliseconds from 1 on', () => {
  const clock = new ManualClock();
  for (const name of ['interval', 'timeout', 'idleTimeout']) {
    const make = (value: unknown) => () => new Heartbeat({ [name]: value }, clock);
    for (const value of ['1', null, true]) expect(make(value), String(value)).toThrow(TypeError);
    for (const value of [0, -1, 0.5, Number.NaN, 2 ** 31]) expect(make(value), String(value)).toThrow(RangeError);
    for (const value of [1, 2 ** 31 - 1, undefined]) expect(make(value), String(value)).not.toThrow();
  }
});

test('M8: the error has the range of a time, and how to have no idleTimeout', () => {
  const clock = new ManualClock();
  const range = 'must be an integer from 1 to 2147483647 milliseconds';
  expect(() => new Heartbeat({ interval: 0 }, clock)).toThrow(new RangeError(`heartbeat.interval ${range}, got 0`));
  expect(() => new Heartbeat({ timeout: -1 }, clock)).toThrow(new RangeError(`heartbeat.timeout ${range}, got -1`));
  expect(() => new Heartbeat({ idleTimeout: 0 }, clock)).toThrow(
    new RangeError(`idleTimeout ${range}, got 0; leave it out to have none`),
  );
});
