import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, pong, text } from '../endpoint.suite.ts';
import { Bench, type BenchOptions } from './test-transport.suite.ts';

const benches: Bench[] = [];
function bench(role: 'server' | 'client' = 'server', options: BenchOptions = {}): Bench {
  benches.push(new Bench(role, options));
  return benches.at(-1)!;
}

afterEach(() => {
  for (const it of benches.splice(0)) {
    expect(it.transport.misuse).toEqual([]);
    expect(it.told.filter((line) => line.startsWith('close')).length).toBeLessThanOrEqual(1);
    // Nothing is left behind that could still happen.
    if (it.driver.gone) expect(it.clock.timers).toBe(0);
  }
});

describe('terminate', () => {
  test('ends at once, without a Close', () => {
    const it = bench();
    it.driver.terminate();
    it.driver.terminate();
    it.clock.advance(100_000);
    expect(it.transport.calls).toEqual(['destroy']);
    expect(it.told).toEqual(['close 1006 "": the connection was terminated by this end']);
  });

  test('what was queued in the same turn goes out, our Close too, if the transport takes it at once', () => {
    const it = bench();
    it.send('in time');
    it.driver.close(4000, 'and out');
    it.driver.terminate();
    expect(it.transport.calls).toEqual([`write ${9 + 11}`, 'destroy']);
    expect(it.told).toEqual([]);
    it.clock.advance(100_000);
    expect(it.written()).toEqual(['text "in time"', 'close 4000 "and out"']);
    expect(it.told).toEqual(['sent 1', 'close 1006 "": the connection was terminated by this end']);
  });

  test('behind a write under way nothing goes out, and what the transport does not take is not waited for', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('on its way');
    it.clock.turn();
    it.send('unsent');
    it.driver.close(1000);
    it.driver.terminate();
    it.clock.advance(100_000);
    expect(it.transport.calls).toEqual(['write 12', 'destroy']);
    const why = 'the connection was terminated by this end';
    expect(it.told).toEqual([`unsent 1: ${why}`, `unsent 2: ${why}`, `close 1006 "": ${why}`]);
  });

  test('takes a cause', () => {
    const it = bench();
    const cause = new Error('idle');
    it.driver.terminate(cause);
    it.clock.turn();
    expect(it.cause).toBe(cause);
  });

  test('in a delivery, it is the last one, and no Close of the peer is heard', () => {
    const it = bench('server', { on: (line) => line === 'text "a"' && it.driver.terminate() });
    it.receive(text('a'), text('b'), ping('c'), closeFrame(1000));
    it.driver.received(peerBytes('server', text('d')));
    it.clock.turn();
    expect(it.told).toEqual(['text "a"', 'close 1006 "": the connection was terminated by this end']);
    expect(it.transport.calls).toEqual(['destroy']);
  });

  test('in a delivery of what had waited, it is the last one', () => {
    const it = bench('server', { on: (line) => line === 'text "b"' && it.driver.terminate() });
    it.transport.lag = 1;
    it.driver.pause();
    it.receive(text('a'), text('b'), text('c'));
    it.driver.resume();
    it.clock.turn();
    expect(it.told.slice(0, -1)).toEqual(['text "a"', 'text "b"']);
  });

  test('in the callback of the last send, neither the end of our half nor a drain follows', () => {
    for (const frames of [[], [closeFrame(1000)]]) {
      const it = bench('server', { on: (line) => line === 'sent 1' && it.driver.terminate() });
      it.transport.fast = false;
      it.send(new Uint8Array(70_000));
      it.transport.finishWrite();
      it.transport.fast = true;
      it.receive(...frames);
      it.clock.turn();
      expect(it.transport.calls.slice(1)).toEqual(['destroy']);
      expect(it.told).not.toContain('drain');
    }
    const it = bench('server', { on: (line) => line === 'sent 1' && it.driver.terminate() });
    it.send('x');
    it.receive(closeFrame(1000));
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 7', 'destroy']);
  });

  test('when paused, what waits is not delivered', () => {
    const it = bench('server', { on: (line) => line === 'text "a"' && it.driver.pause() });
    it.receive(text('a'), text('b'));
    it.driver.resume();
    it.driver.terminate();
    it.clock.turn();
    expect(it.told).toHaveLength(2);
  });

  test('after both Closes the end is still a clean one', () => {
    const it = bench();
    it.receive(closeFrame(1000));
    it.driver.terminate();
    it.clock.turn();
    expect(it.told).toEqual(['close 1000 ""']);
  });

  test('while the transport is destroyed already', () => {
    const it = bench('server', { closeTimeout: 0, closeReplyTimeout: 0 });
    it.driver.close();
    it.clock.advance(0);
    it.driver.terminate();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 2', 'destroy']);
  });
});

describe('an application that throws', () => {
  const lines: Record<string, () => void> = {
    'text "x"': () => current.receive(text('x'), text('late'), ping('late')),
    'ping "x"': () => current.receive(ping('x'), text('late')),
    'pong "x"': () => current.receive(pong('x'), text('late')),
    'sent 1': () => {
      current.send('x');
      current.clock.turn();
      current.receive(text('late'));
    },
    drain: () => {
      current.transport.fast = false;
      current.driver.send(new Uint8Array(70_000), {});
      current.transport.finishWrite();
      current.receive(text('late'));
    },
  };
  let current: Bench;

  test.each(Object.keys(lines))('at %s: told once, 1011 is sent, nothing more is heard but the end', (line) => {
    current = bench('server', {
      on: (told) => {
        if (told === line) throw new Error('bug');
      },
    });
    lines[line]!();
    current.transport.fast = true;
    current.clock.turn();
    expect(current.driver.state).toBe('closing');
    expect(current.written().filter((frame) => frame.startsWith('close'))).toEqual(['close 1011 ""']);
    current.receive(text('later'), ping('later'), pong('later'), closeFrame(1011));
    current.clock.turn();
    current.transport.deliverEnd();
    current.clock.turn();
    expect(current.told).toEqual([line, 'thrown bug', 'close 1011 ""']);
  });

  test('while it is paused: the pause ends, so that the Close is heard', () => {
    const it = bench('server', {
      on: (line) => {
        if (line !== 'text "x"') return;
        it.driver.pause();
        throw new Error('bug');
      },
    });
    it.receive(text('x'), text('late'), closeFrame(1000));
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['text "x"', 'thrown bug', 'close 1000 ""']);
  });

  test('at close: told, and that is the end', () => {
    const it = bench('server', {
      on: (line) => {
        if (line.startsWith('close')) throw new Error('bug');
      },
    });
    it.finish();
    it.clock.advance(100_000);
    expect(it.told).toEqual(['close 1000 ""', 'thrown bug']);
  });

  test('every callback is called, also if an earlier one threw', () => {
    const it = bench('server', {
      on: (line) => {
        if (line.includes('sent')) throw new Error('bug');
      },
    });
    it.send('a');
    it.send('b');
    it.clock.turn();
    expect(it.told).toEqual(['sent 1', 'thrown bug', 'sent 2', 'thrown bug']);
    expect(it.written()).toEqual(['text "a"', 'text "b"', 'close 1011 ""']);
  });

  test('the application can be called as its handlers are', () => {
    const it = bench();
    const called: string[] = [];
    it.driver.call(() => called.push('fine'));
    it.driver.call(() => {
      throw new Error('bug');
    });
    it.driver.call(() => called.push('not heard'));
    it.driver.call(() => called.push('must be heard'), true);
    expect(called).toEqual(['fine', 'must be heard']);
    expect(it.told).toEqual(['thrown bug']);
  });
});

describe('whatever is called from inside whatever', () => {
  const actions: Record<string, (it: Bench) => void> = {
    send: (it) => it.send('again'),
    'a long send': (it) => it.send(new Uint8Array(70_000)),
    ping: (it) => it.driver.ping('p'),
    close: (it) => it.driver.close(1000),
    terminate: (it) => it.driver.terminate(),
    pause: (it) => it.driver.pause(),
    resume: (it) => it.driver.resume(),
    'pause and resume': (it) => {
      it.driver.pause();
      it.driver.resume();
    },
    throw: () => {
      throw new Error('bug');
    },
  };

  test.each(Object.keys(actions))('%s: the end is told once, last, and each callback called once', (name) => {
    for (const event of ['text "x"', 'ping "x"', 'pong "x"', 'sent 1', 'drain', 'close 1000 ""']) {
      for (const fast of [true, false]) {
        let done = false;
        const it = bench('server', {
          on: (line) => {
            if (done || line !== event) return;
            done = true;
            actions[name]!(it);
          },
        });
        it.transport.fast = fast;
        it.send('first');
        it.clock.turn();
        it.driver.send(new Uint8Array(70_000), {});
        it.receive(text('x'), ping('x'), pong('x'));
        for (let i = 0; i < 6; i++) {
          it.clock.turn();
          it.transport.finishWrite();
        }
        it.driver.resume();
        it.clock.turn();
        it.finish();
        it.clock.advance(20_000);
        expect(it.driver.gone).toBe(true);
        const ends = it.told.filter((line) => line.startsWith('close'));
        expect(ends).toHaveLength(1);
        const behind = it.told.slice(it.told.indexOf(ends[0]!) + 1);
        if (event !== 'close 1000 ""') expect(behind).toEqual([]);
        for (const id of [1, ...(name.includes('send') && done ? [2] : [])]) {
          expect(it.told.filter((line) => new RegExp(`^(un)?sent ${id}(:|$)`).test(line))).toHaveLength(1);
        }
        if (event !== 'drain' || !fast) expect(done).toBe(true);
      }
    }
  });
});
