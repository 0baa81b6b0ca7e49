import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, pong, text } from './endpoint.suite.ts';
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

const noClose = 'close 1006 "": the connection ended without a Close frame of the peer';

describe('a server', () => {
  test('answers a Close, ends its half, and is closed when the peer has ended its own', () => {
    const it = bench();
    it.receive(closeFrame(4000, 'bye'));
    expect(it.transport.calls).toEqual([]);
    it.clock.turn();
    expect(it.written()).toEqual(['close 4000 ""']);
    expect(it.transport.calls).toEqual(['write 4', 'end']);
    expect(it.told).toEqual([]);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['close 4000 "bye"']);
  });

  test('that closed first ends its half once the peer has answered', () => {
    const it = bench();
    it.driver.close(1000, 'done');
    it.clock.turn();
    it.receive(text('late'), closeFrame(1000));
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8', 'end']);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['text "late"', 'close 1000 ""']);
  });

  test('a Close without a code is told as 1005', () => {
    const it = bench();
    it.receive(closeFrame());
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['close 1005 ""']);
  });

  test('lingers: reads and drops until the peer ends, at most for closeTimeout', () => {
    const it = bench('server', { closeTimeout: 300 });
    it.receive(closeFrame(1000));
    it.clock.turn();
    it.receive(text('dropped'), ping('dropped'));
    it.clock.advance(299);
    it.receive(text('dropped'));
    expect(it.transport.paused).toBe(false);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.transport.calls).toEqual(['write 4', 'end', 'destroy']);
    expect(it.told).toEqual(['close 1000 ""']);
  });

  test('closeTimeout is 1 s and closeReplyTimeout 10 s by default', () => {
    const it = bench();
    it.driver.close();
    it.clock.advance(9_999);
    expect(it.transport.destroyed).toBe(false);
    it.receive(closeFrame());
    it.clock.advance(999);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.transport.destroyed).toBe(true);
    const other = bench();
    other.driver.close();
    other.clock.advance(10_000);
    expect(other.transport.destroyed).toBe(true);
  });

  test('writes what was queued before the Close, also when the peer has ended meanwhile', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('first');
    it.clock.turn();
    it.send('second');
    it.receive(closeFrame(1000));
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 7']);
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 7', `write ${8 + 4}`]);
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.transport.calls.at(-1)).toBe('end');
    expect(it.written()).toEqual(['text "first"', 'text "second"', 'close 1000 ""']);
    expect(it.told).toEqual(['sent 1', 'sent 2', 'close 1000 ""']);
  });

  test('a write that never ends is given up after closeTimeout', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('stuck');
    it.clock.turn();
    it.receive(closeFrame(4000));
    it.clock.advance(1000);
    expect(it.transport.calls).toEqual(['write 7', 'destroy']);
    expect(it.told[0]).toContain('unsent 1');
    expect(it.told.slice(1)).toEqual(['close 4000 ""']);
  });

  test('the Close that tells of a violation is written before the end', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('before');
    it.clock.turn();
    it.receive(text('good'), { opcode: 3 }, text('dropped'));
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8']);
    it.transport.finishWrite();
    it.transport.finishWrite();
    expect(it.transport.calls).toEqual(['write 8', 'write 4', 'end']);
    expect(it.written()).toEqual(['text "before"', 'close 1002 ""']);
    it.receive(text('dropped'));
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told.slice(0, 2)).toEqual(['text "good"', 'sent 1']);
    expect(it.told[2]).toContain('close 1006 "": the opcode is a reserved one');
    expect(it.cause).toMatchObject({ violation: 'reserved-opcode', offset: 10, closeCode: 1002 });
  });
});

describe('a client', () => {
  test('waits for the server to end first, then ends', () => {
    const it = bench('client');
    it.driver.close(1000);
    it.clock.turn();
    it.receive(closeFrame(1000));
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8']);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8', 'end']);
    expect(it.told).toEqual(['close 1000 ""']);
  });

  test('that answers a Close writes its answer, waits, and gives up after closeTimeout', () => {
    const it = bench('client', { closeTimeout: 200 });
    it.receive(closeFrame(4000));
    it.clock.advance(199);
    expect(it.transport.calls).toEqual(['write 8']);
    it.clock.advance(1);
    expect(it.transport.calls).toEqual(['write 8', 'destroy']);
    expect(it.told).toEqual(['close 4000 ""']);
  });

  test('whose server ends while its answer is being written ends after it', () => {
    const it = bench('client');
    it.transport.fast = false;
    it.receive(closeFrame(1000));
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8']);
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8', 'end']);
    expect(it.told).toEqual(['close 1000 ""']);
  });

  test('does not wait for a server that breaks the rules', () => {
    const it = bench('client');
    it.receive({ opcode: 3 });
    it.clock.turn();
    expect(it.transport.calls).toEqual(['write 8', 'end']);
  });
});

describe.each(['server', 'client'] as const)('a %s', (role) => {
  test('that gets no answer to its Close gives up after closeReplyTimeout', () => {
    const it = bench(role, { closeReplyTimeout: 100 });
    it.driver.close(1000);
    it.driver.close(1000);
    it.clock.advance(50);
    it.driver.close(1001);
    it.receive(text('still there'));
    it.clock.advance(49);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.told).toEqual(['text "still there"', 'close 1006 "": the peer has not answered our Close for 100 ms']);
  });

  test('the time for the answer counts from the last write', () => {
    const it = bench(role, { closeReplyTimeout: 100 });
    it.transport.fast = false;
    it.driver.send('long', {});
    it.clock.turn();
    it.driver.close(1000);
    it.clock.advance(90);
    it.transport.finishWrite();
    it.clock.advance(90);
    it.transport.finishWrite();
    it.clock.advance(99);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.transport.destroyed).toBe(true);
  });

  test('whose application has paused, and closes, is not kept for ever', () => {
    const it = bench(role);
    it.driver.pause();
    it.driver.close(1000);
    it.receive(closeFrame(1000));
    it.clock.turn();
    expect(it.told).toEqual([]);
    it.clock.advance(10_000);
    expect(it.told[0]).toContain('close 1006 "": the peer has not answered our Close for 10000 ms');
  });

  test('that is resumed in time sees the answer', () => {
    const it = bench(role);
    it.driver.pause();
    it.driver.close(1000);
    it.receive(text('waits'), closeFrame(1000));
    it.clock.advance(5000);
    it.driver.resume();
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['text "waits"', 'close 1000 ""']);
  });

  test('the end of the stream without a Close is told as 1006, after what is queued was written', () => {
    const it = bench(role);
    it.transport.fast = false;
    it.send('x');
    it.transport.deliverEnd();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.ended).toBe(false);
    it.transport.finishWrite();
    it.clock.turn();
    expect(it.transport.calls.at(-1)).toBe('end');
    expect(it.told).toEqual(['sent 1', noClose]);
  });

  test('the end of the stream in the middle of a frame: the cause says so', () => {
    const it = bench(role);
    const bytes = peerBytes(role, text('cut')).slice(0, -1);
    it.transport.deliver(bytes);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.calls).toEqual(['end']);
    expect(it.told[0]).toContain('close 1006 "": the stream ended inside a frame');
    expect(it.cause).toMatchObject({ violation: 'end-inside-frame', closeCode: 1006, offset: bytes.length });
  });

  test('the end of the stream after our Close, without an answer: 1006', () => {
    const it = bench(role);
    it.driver.close(1000);
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.transport.calls.at(-1)).toBe('end');
    expect(it.told).toEqual([noClose]);
  });

  test('lost with an error: 1006 with that cause, even in the middle of a frame', () => {
    const it = bench(role);
    const error = new Error('ECONNRESET');
    it.transport.deliver(peerBytes(role, text('cut')).slice(0, -1));
    it.transport.lose(error);
    expect(it.told).toEqual(['close 1006 "": ECONNRESET']);
    expect(it.cause).toBe(error);
  });

  test('lost with an error after both Closes: the code of the Close, and no cause', () => {
    const it = bench(role);
    it.receive(closeFrame(4000, 'x'));
    it.transport.lose(new Error('ECONNRESET'));
    it.clock.turn();
    expect(it.told).toEqual(['close 4000 "x"']);
  });

  test('lost after a violation: the violation is the cause', () => {
    const it = bench(role);
    it.receive({ opcode: 3 });
    it.transport.lose(new Error('ECONNRESET'));
    expect(it.cause).toMatchObject({ violation: 'reserved-opcode' });
  });

  test('after the end, whatever the transport still says changes nothing', () => {
    const it = bench(role);
    it.transport.fast = false;
    it.send('x');
    it.clock.turn();
    it.transport.lose();
    const before = [...it.told];
    it.driver.received(peerBytes(role, text('late'), ping('late')));
    it.driver.receivedEnd();
    it.driver.written();
    it.driver.lost(new Error('again'));
    it.driver.pause();
    it.driver.resume();
    it.driver.close(1000);
    it.driver.terminate();
    it.clock.advance(100_000);
    expect(it.told).toEqual(before);
    expect(it.transport.calls).toEqual([`write ${role === 'client' ? 7 : 3}`]);
  });
});

describe('terminate', () => {
  test('ends at once, without a Close', () => {
    const it = bench();
    it.send('unsent');
    it.driver.terminate();
    it.driver.terminate();
    it.clock.advance(100_000);
    expect(it.transport.calls).toEqual(['destroy']);
    expect(it.told).toEqual([
      'unsent 1: the connection was terminated by this end',
      'close 1006 "": the connection was terminated by this end',
    ]);
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

test('two ends that both pause, and one that closes: both end', () => {
  const it = bench();
  const peer = bench('client');
  it.driver.pause();
  peer.driver.pause();
  it.driver.close(1000);
  it.clock.advance(20_000);
  peer.transport.lose(new Error('ECONNRESET'));
  expect(it.told).toHaveLength(1);
  expect(peer.told).toEqual(['close 1006 "": ECONNRESET']);
});
