import { describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, pong, text } from '../endpoint.suite.ts';
import { PauseReason } from './reader.ts';
import { type Bench, useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();

describe('terminate', () => {
  test('ends at once, without a Close', () => {
    const bench = makeBench();
    bench.driver.terminate();
    bench.driver.terminate();
    bench.clock.advance(100_000);
    expect(bench.transport.calls).toEqual(['destroy']);
    expect(bench.told).toEqual(['close 1006 "": the connection was terminated by this end']);
  });

  test('what was queued in the same turn goes out, our Close too, if the transport takes it at once', () => {
    const bench = makeBench();
    bench.send('in time');
    bench.driver.close(4000, 'and out');
    bench.driver.terminate();
    expect(bench.transport.calls).toEqual([`write ${9 + 11}`, 'destroy']);
    expect(bench.told).toEqual([]);
    bench.clock.advance(100_000);
    expect(bench.written()).toEqual(['text "in time"', 'close 4000 "and out"']);
    expect(bench.told).toEqual(['sent 1', 'close 1006 "": the connection was terminated by this end']);
  });

  test('a write that is done since tells nobody that it was', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('x');
    bench.clock.turn();
    bench.driver.terminate();
    bench.transport.finishWrite();
    bench.clock.turn();
    const why = 'the connection was terminated by this end';
    expect(bench.told).toEqual([`unsent 1: ${why}`, `close 1006 "": ${why}`]);
  });

  test('behind a write under way nothing goes out, and what the transport does not take is not waited for', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('on its way');
    bench.clock.turn();
    bench.send('unsent');
    bench.driver.close(1000);
    bench.driver.terminate();
    bench.clock.advance(100_000);
    expect(bench.transport.calls).toEqual(['write 12', 'destroy']);
    const why = 'the connection was terminated by this end';
    expect(bench.told).toEqual([`unsent 1: ${why}`, `unsent 2: ${why}`, `close 1006 "": ${why}`]);
  });

  test('takes a cause', () => {
    const bench = makeBench();
    const cause = new Error('idle');
    bench.driver.terminate(cause);
    bench.clock.turn();
    expect(bench.cause).toBe(cause);
  });

  test('in a delivery, it is the last one, and no Close of the peer is heard', () => {
    const bench = makeBench('server', { on: (line) => line === 'text "a"' && bench.driver.terminate() });
    bench.receive(text('a'), text('b'), ping('c'), closeFrame(1000));
    bench.driver.received(peerBytes('server', text('d')));
    bench.clock.turn();
    expect(bench.told).toEqual(['text "a"', 'close 1006 "": the connection was terminated by this end']);
    expect(bench.transport.calls).toEqual(['destroy']);
  });

  test('in a delivery of what had waited, it is the last one', () => {
    const bench = makeBench('server', { on: (line) => line === 'text "b"' && bench.driver.terminate() });
    bench.transport.lag = 1;
    bench.driver.pause();
    bench.receive(text('a'), text('b'), text('c'));
    bench.driver.resume();
    bench.clock.turn();
    expect(bench.told.slice(0, -1)).toEqual(['text "a"', 'text "b"']);
  });

  test('in the callback of the last send, neither the end of our half nor a drain follows', () => {
    for (const frames of [[], [closeFrame(1000)]]) {
      const bench = makeBench('server', { on: (line) => line === 'sent 1' && bench.driver.terminate() });
      bench.transport.fast = false;
      bench.send(new Uint8Array(70_000));
      bench.transport.finishWrite();
      bench.transport.fast = true;
      bench.receive(...frames);
      bench.clock.turn();
      expect(bench.transport.calls.slice(1)).toEqual(['destroy']);
      expect(bench.told).not.toContain('drain');
    }
    const bench = makeBench('server', { on: (line) => line === 'sent 1' && bench.driver.terminate() });
    bench.send('x');
    bench.receive(closeFrame(1000));
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 7', 'destroy']);
  });

  test('when paused, what waits is not delivered', () => {
    const bench = makeBench('server', { on: (line) => line === 'text "a"' && bench.driver.pause() });
    bench.receive(text('a'), text('b'));
    bench.driver.resume();
    bench.driver.terminate();
    bench.clock.turn();
    expect(bench.told).toHaveLength(2);
  });

  test('after both Closes the end is still a clean one', () => {
    const bench = makeBench();
    bench.receive(closeFrame(1000));
    bench.driver.terminate();
    bench.clock.turn();
    expect(bench.told).toEqual(['close 1000 ""']);
  });

  test('while the transport is destroyed already', () => {
    const bench = makeBench('server', { closeTimeout: 0, closeReplyTimeout: 0 });
    bench.driver.close();
    bench.clock.advance(0);
    bench.driver.terminate();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 2', 'destroy']);
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
    current = makeBench('server', {
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

  test.each([PauseReason.Application, PauseReason.Queue])(
    'while it is paused (%i): the pause ends, so that the Close is heard',
    (reason) => {
      const bench = makeBench('server', {
        on: (line) => {
          if (line !== 'text "x"') return;
          bench.driver.pause(reason);
          throw new Error('bug');
        },
      });
      bench.receive(text('x'), text('late'), closeFrame(1000));
      bench.clock.turn();
      bench.transport.deliverEnd();
      bench.clock.turn();
      expect(bench.told).toEqual(['text "x"', 'thrown bug', 'close 1000 ""']);
    },
  );

  test('at close: told, and that is the end', () => {
    const bench = makeBench('server', {
      on: (line) => {
        if (line.startsWith('close')) throw new Error('bug');
      },
    });
    bench.finish();
    bench.clock.advance(100_000);
    expect(bench.told).toEqual(['close 1000 ""', 'thrown bug']);
  });

  test('every callback is called, also if an earlier one threw', () => {
    const bench = makeBench('server', {
      on: (line) => {
        if (line.includes('sent')) throw new Error('bug');
      },
    });
    bench.send('a');
    bench.send('b');
    bench.clock.turn();
    expect(bench.told).toEqual(['sent 1', 'thrown bug', 'sent 2', 'thrown bug']);
    expect(bench.written()).toEqual(['text "a"', 'text "b"', 'close 1011 ""']);
  });

  test('the application can be called as its handlers are', () => {
    const bench = makeBench();
    const called: string[] = [];
    bench.driver.call(() => called.push('fine'));
    bench.driver.call(() => {
      throw new Error('bug');
    });
    bench.driver.call(() => called.push('not heard'));
    bench.driver.call(() => called.push('must be heard'), true);
    expect(called).toEqual(['fine', 'must be heard']);
    expect(bench.told).toEqual(['thrown bug']);
  });
});

describe('whatever is called from inside whatever', () => {
  const actions: Record<string, (bench: Bench) => void> = {
    send: (bench) => bench.send('again'),
    'a long send': (bench) => bench.send(new Uint8Array(70_000)),
    ping: (bench) => bench.driver.ping('p'),
    close: (bench) => bench.driver.close(1000),
    terminate: (bench) => bench.driver.terminate(),
    pause: (bench) => bench.driver.pause(),
    resume: (bench) => bench.driver.resume(),
    'pause and resume': (bench) => {
      bench.driver.pause();
      bench.driver.resume();
    },
    throw: () => {
      throw new Error('bug');
    },
  };

  test.each(Object.keys(actions))('%s: the end is told once, last, and each callback called once', (name) => {
    for (const event of ['text "x"', 'ping "x"', 'pong "x"', 'sent 1', 'drain', 'close 1000 ""']) {
      for (const fast of [true, false]) {
        let done = false;
        const bench = makeBench('server', {
          on: (line) => {
            if (done || line !== event) return;
            done = true;
            actions[name]!(bench);
          },
        });
        bench.transport.fast = fast;
        bench.send('first');
        bench.clock.turn();
        bench.driver.send(new Uint8Array(70_000), {});
        bench.receive(text('x'), ping('x'), pong('x'));
        for (let i = 0; i < 6; i++) {
          bench.clock.turn();
          bench.transport.finishWrite();
        }
        bench.driver.resume();
        bench.clock.turn();
        bench.finish();
        bench.clock.advance(20_000);
        expect(bench.driver.gone).toBe(true);
        const ends = bench.told.filter((line) => line.startsWith('close'));
        expect(ends).toHaveLength(1);
        const behind = bench.told.slice(bench.told.indexOf(ends[0]!) + 1);
        if (event !== 'close 1000 ""') expect(behind).toEqual([]);
        for (const id of [1, ...(name.includes('send') && done ? [2] : [])]) {
          expect(bench.told.filter((line) => new RegExp(`^(un)?sent ${id}(:|$)`).test(line))).toHaveLength(1);
        }
        if (event !== 'drain' || !fast) expect(done).toBe(true);
      }
    }
  });
});
