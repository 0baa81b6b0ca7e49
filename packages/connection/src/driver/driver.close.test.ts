import { describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, text } from '../endpoint.suite.ts';
import { PauseReason } from './reader.ts';
import { useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();

const noClose = 'close 1006 "": the connection ended without a Close frame of the peer';

describe('a server', () => {
  test('answers a Close, ends its half, and is closed when the peer has ended its own', () => {
    const bench = makeBench();
    bench.receive(closeFrame(4000, 'bye'));
    expect(bench.transport.calls).toEqual([]);
    bench.clock.turn();
    expect(bench.written()).toEqual(['close 4000 ""']);
    expect(bench.transport.calls).toEqual(['write 4', 'end']);
    expect(bench.told).toEqual([]);
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['close 4000 "bye"']);
  });

  test('that closed first ends its half once the peer has answered', () => {
    const bench = makeBench();
    bench.driver.close(1000, 'done');
    bench.clock.turn();
    bench.receive(text('late'), closeFrame(1000));
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8', 'end']);
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['text "late"', 'close 1000 ""']);
  });

  test('a Close without a code is told as 1005', () => {
    const bench = makeBench();
    bench.receive(closeFrame());
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['close 1005 ""']);
  });

  test('lingers: reads and drops until the peer ends, at most for closeTimeout', () => {
    const bench = makeBench('server', { closeTimeout: 300 });
    bench.receive(closeFrame(1000));
    bench.clock.turn();
    bench.receive(text('dropped'), ping('dropped'));
    bench.clock.advance(299);
    bench.receive(text('dropped'));
    expect(bench.transport.paused).toBe(false);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.transport.calls).toEqual(['write 4', 'end', 'destroy']);
    expect(bench.told).toEqual(['close 1000 ""']);
  });

  test('closeTimeout is 1 s and closeReplyTimeout 10 s by default', () => {
    const bench = makeBench();
    bench.driver.close();
    bench.clock.advance(9_999);
    expect(bench.transport.destroyed).toBe(false);
    bench.receive(closeFrame());
    bench.clock.advance(999);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.transport.destroyed).toBe(true);
    const other = makeBench();
    other.driver.close();
    other.clock.advance(10_000);
    expect(other.transport.destroyed).toBe(true);
  });

  test('writes what was queued before the Close, also when the peer has ended meanwhile', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('first');
    bench.clock.turn();
    bench.send('second');
    bench.receive(closeFrame(1000));
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 7']);
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 7', `write ${8 + 4}`]);
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.transport.calls.at(-1)).toBe('end');
    expect(bench.written()).toEqual(['text "first"', 'text "second"', 'close 1000 ""']);
    expect(bench.told).toEqual(['sent 1', 'sent 2', 'close 1000 ""']);
  });

  test('a write that never ends is given up after closeReplyTimeout', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('stuck');
    bench.clock.turn();
    bench.receive(closeFrame(4000));
    bench.clock.advance(9_999);
    expect(bench.transport.calls).toEqual(['write 7']);
    bench.clock.advance(1);
    expect(bench.transport.calls).toEqual(['write 7', 'destroy']);
    expect(bench.told[0]).toContain('unsent 1');
    expect(bench.told.slice(1)).toEqual(['close 4000 ""']);
  });

  test('closeTimeout counts from the last write', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.receive(closeFrame(4000));
    bench.clock.advance(5000);
    bench.transport.finishWrite();
    expect(bench.transport.calls).toEqual(['write 4', 'end']);
    bench.clock.advance(999);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.transport.destroyed).toBe(true);
  });

  test.each(['closing', 'closed'])(
    '%s: a peer that reads slowly gets what waits, in steps of 64 KiB, and the Close',
    (state) => {
      const bench = makeBench();
      bench.transport.fast = false;
      bench.send('on its way');
      bench.clock.turn();
      bench.send(new Uint8Array(500_000));
      if (state === 'closing') bench.driver.close(4000);
      else bench.receive(closeFrame(4000));
      while (bench.driver.bufferedAmount > 0) {
        bench.clock.advance(9_999);
        bench.transport.finishWrite();
      }
      expect(bench.transport.writes.map(({ length }) => length)).toEqual([12, ...Array(7).fill(65_536), 41_262]);
      expect(bench.written().at(-1)).toBe('close 4000 ""');
      expect(bench.told.filter((line) => line.startsWith('sent'))).toEqual(['sent 1', 'sent 2']);
      expect(bench.driver.gone).toBe(false);
      if (state === 'closing') bench.receive(closeFrame(4000));
      bench.clock.turn();
      expect(bench.transport.calls.at(-1)).toBe('end');
    },
  );

  test.each([false, true])(
    'a peer that pings in place of an answer to our Close has no more time for it (behind a message: %s)',
    (behind) => {
      const bench = makeBench();
      bench.transport.fast = false;
      if (behind) bench.send('message');
      bench.driver.close(4000);
      bench.clock.turn();
      bench.clock.advance(9000);
      // The peer takes the Close, which is when its time begins.
      bench.transport.finishWrite();
      for (let seconds = 0; seconds < 9; seconds++) {
        bench.clock.advance(1000);
        bench.receive(ping('x'));
        bench.clock.turn();
        bench.transport.finishWrite();
        expect(bench.transport.destroyed).toBe(false);
      }
      bench.clock.advance(1000);
      expect(bench.transport.destroyed).toBe(true);
      expect(bench.told.at(-1)).toContain('the peer has not answered our Close for 10000 ms');
    },
  );

  test('nor has one whose pings come before the answers to the last ones are written', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.driver.close(4000);
    bench.clock.turn();
    bench.receive(ping('x'));
    bench.clock.advance(9000);
    bench.transport.finishWrite();
    for (let seconds = 0; seconds < 9; seconds++) {
      bench.receive(ping('x'));
      bench.clock.advance(1000);
      bench.transport.finishWrite();
      expect(bench.transport.writing).toBe(true);
      expect(bench.transport.destroyed).toBe(false);
    }
    bench.clock.advance(1000);
    expect(bench.transport.destroyed).toBe(true);
  });

  test('what is read of a peer over its rate is taken once the connection closes', () => {
    const bench = makeBench();
    bench.driver.pause(PauseReason.Rate);
    bench.receive(text('a'), closeFrame(4000));
    bench.clock.turn();
    expect(bench.told).toEqual([]);
    bench.driver.close(4000);
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['text "a"', 'close 4000 ""']);
  });

  test.each(['closing', 'closed'])(
    '%s: where the transport can tell, 16 KiB that leave are a step, and a byte less is none',
    (state) => {
      const bench = makeBench();
      let left = 0;
      Object.assign(bench.transport, { unwritten: () => left });
      bench.transport.fast = false;
      bench.driver.send(new Uint8Array(1_000_000), {});
      left = 1_000_010;
      bench.clock.turn();
      if (state === 'closing') bench.driver.close(4000);
      else bench.receive(closeFrame(4000));
      for (let i = 0; i < 20; i++) {
        bench.clock.advance(9_999);
        left -= 16_384;
      }
      expect(bench.driver.gone).toBe(false);
      bench.clock.advance(10_000);
      expect(bench.driver.gone).toBe(false);
      left -= 16_383;
      bench.clock.advance(10_000);
      const end = state === 'closing' ? '1006 "": the peer has not answered our Close for 10000 ms' : '4000 ""';
      expect(bench.told).toEqual([`close ${end}`]);
    },
  );

  test('the Close that tells of a violation is written before the end', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.send('before');
    bench.clock.turn();
    bench.receive(text('good'), { opcode: 3 }, text('dropped'));
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8']);
    bench.transport.finishWrite();
    bench.transport.finishWrite();
    expect(bench.transport.calls).toEqual(['write 8', 'write 4', 'end']);
    expect(bench.written()).toEqual(['text "before"', 'close 1002 ""']);
    bench.receive(text('dropped'));
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told.slice(0, 2)).toEqual(['text "good"', 'sent 1']);
    expect(bench.told[2]).toContain('close 1006 "": the opcode is a reserved one');
    expect(bench.cause).toMatchObject({ violation: 'reserved-opcode', offset: 10, closeCode: 1002 });
  });
});

describe('a client', () => {
  test('waits for the server to end first, then ends', () => {
    const bench = makeBench('client');
    bench.driver.close(1000);
    bench.clock.turn();
    bench.receive(closeFrame(1000));
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8']);
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8', 'end']);
    expect(bench.told).toEqual(['close 1000 ""']);
  });

  test('that answers a Close writes its answer, waits, and gives up after closeTimeout', () => {
    const bench = makeBench('client', { closeTimeout: 200 });
    bench.receive(closeFrame(4000));
    bench.clock.advance(199);
    expect(bench.transport.calls).toEqual(['write 8']);
    bench.clock.advance(1);
    expect(bench.transport.calls).toEqual(['write 8', 'destroy']);
    expect(bench.told).toEqual(['close 4000 ""']);
  });

  test('whose server ends while its answer is being written ends after it', () => {
    const bench = makeBench('client');
    bench.transport.fast = false;
    bench.receive(closeFrame(1000));
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8']);
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8', 'end']);
    expect(bench.told).toEqual(['close 1000 ""']);
  });

  test('does not wait for a server that breaks the rules', () => {
    const bench = makeBench('client');
    bench.receive({ opcode: 3 });
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['write 8', 'end']);
  });
});

describe.each(['server', 'client'] as const)('a %s', (role) => {
  test('that gets no answer to its Close gives up after closeReplyTimeout', () => {
    const bench = makeBench(role, { closeReplyTimeout: 100 });
    bench.driver.close(1000);
    bench.driver.close(1000);
    bench.clock.advance(50);
    bench.driver.close(1001);
    bench.receive(text('still there'));
    bench.clock.advance(49);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.told).toEqual(['text "still there"', 'close 1006 "": the peer has not answered our Close for 100 ms']);
  });

  test('the time for the answer counts from the last write', () => {
    const bench = makeBench(role, { closeReplyTimeout: 100 });
    bench.transport.fast = false;
    bench.driver.send('long', {});
    bench.clock.turn();
    bench.driver.close(1000);
    bench.clock.advance(90);
    bench.transport.finishWrite();
    bench.clock.advance(90);
    bench.transport.finishWrite();
    bench.clock.advance(99);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.transport.destroyed).toBe(true);
  });

  test('whose application has paused, and closes, is not kept for ever', () => {
    const bench = makeBench(role);
    bench.driver.pause();
    bench.driver.close(1000);
    bench.receive(closeFrame(1000));
    bench.clock.turn();
    expect(bench.told).toEqual([]);
    bench.clock.advance(10_000);
    expect(bench.told[0]).toContain('close 1006 "": the peer has not answered our Close for 10000 ms');
  });

  test('that is resumed in time sees the answer', () => {
    const bench = makeBench(role);
    bench.driver.pause();
    bench.driver.close(1000);
    bench.receive(text('waits'), closeFrame(1000));
    bench.clock.advance(5000);
    bench.driver.resume();
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['text "waits"', 'close 1000 ""']);
  });

  test('the end of the stream without a Close is told as 1006, after what is queued was written', () => {
    const bench = makeBench(role);
    bench.transport.fast = false;
    bench.send('x');
    bench.transport.deliverEnd();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.ended).toBe(false);
    bench.transport.finishWrite();
    bench.clock.turn();
    expect(bench.transport.calls.at(-1)).toBe('end');
    expect(bench.told).toEqual(['sent 1', noClose]);
  });

  test('the end of the stream in the middle of a frame: the cause says so', () => {
    const bench = makeBench(role);
    const bytes = peerBytes(role, text('cut')).slice(0, -1);
    bench.transport.deliver(bytes);
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['end']);
    expect(bench.told[0]).toContain('close 1006 "": the stream ended inside a frame');
    expect(bench.cause).toMatchObject({ violation: 'end-inside-frame', closeCode: 1006, offset: bytes.length });
  });

  test('the end of the stream after our Close, without an answer: 1006', () => {
    const bench = makeBench(role);
    bench.driver.close(1000);
    bench.clock.turn();
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.transport.calls.at(-1)).toBe('end');
    expect(bench.told).toEqual([noClose]);
  });

  test('the end of the stream without a Close, over a transport that does not end: after closeTimeout, with that cause', () => {
    const bench = makeBench(role);
    bench.transport.end = () => {};
    bench.transport.deliverEnd();
    bench.clock.advance(999);
    expect(bench.told).toEqual([]);
    bench.clock.advance(1);
    expect(bench.told).toEqual([noClose]);
  });

  test.each([false, true])('who sends after both Closes is told of no cause (terminated since: %s)', (terminated) => {
    const bench = makeBench(role);
    bench.finish();
    if (!bench.driver.gone) bench.transport.lose();
    if (terminated) bench.driver.terminate(new Error('too late'));
    const errors: (Error | undefined)[] = [];
    bench.driver.send('late', {}, (error) => errors.push(error));
    bench.clock.turn();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: 'not-open', message: 'the connection is closed: nothing can be sent' });
    expect(errors[0]?.cause).toBeUndefined();
  });

  test('lost with an error: 1006 with that cause, even in the middle of a frame', () => {
    const bench = makeBench(role);
    const error = new Error('ECONNRESET');
    bench.transport.deliver(peerBytes(role, text('cut')).slice(0, -1));
    bench.transport.lose(error);
    expect(bench.told).toEqual(['close 1006 "": ECONNRESET']);
    expect(bench.cause).toBe(error);
  });

  test('lost with an error after both Closes: the code of the Close, and no cause', () => {
    const bench = makeBench(role);
    bench.receive(closeFrame(4000, 'x'));
    bench.transport.lose(new Error('ECONNRESET'));
    bench.clock.turn();
    expect(bench.told).toEqual(['close 4000 "x"']);
  });

  test('lost after a violation: the violation is the cause', () => {
    const bench = makeBench(role);
    bench.receive({ opcode: 3 });
    bench.transport.lose(new Error('ECONNRESET'));
    expect(bench.cause).toMatchObject({ violation: 'reserved-opcode' });
  });

  test.each([
    ['an Error', new Error('broken pipe'), 'broken pipe'],
    ['anything', 'EPIPE', 'the transport cannot write'],
  ])('a transport whose write throws %s has failed', (_name, thrown, why) => {
    const bench = makeBench(role);
    bench.transport.write = () => {
      throw thrown;
    };
    bench.send('x');
    bench.send('y');
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['destroy']);
    expect(bench.driver.state).toBe('closed');
    expect(bench.told).toEqual([`unsent 1: ${why}`, `unsent 2: ${why}`, `close 1006 "": ${why}`]);
    expect(bench.cause).toEqual(thrown instanceof Error ? thrown : expect.objectContaining({ cause: thrown }));
    expect(bench.clock.timers).toBe(0);
  });

  test('once it is terminated it is closed, also before the transport says so', () => {
    const bench = makeBench(role);
    bench.driver.terminate();
    expect([bench.driver.state, bench.driver.gone]).toEqual(['closed', false]);
    expect(bench.send('x')).toBe(false);
    bench.clock.turn();
    expect(bench.driver.gone).toBe(true);
    expect(bench.told[0]).toMatch(/^unsent 1: the connection is closed: nothing can be sent$/);
  });

  test('after the end, whatever the transport still says changes nothing', () => {
    const bench = makeBench(role);
    bench.transport.fast = false;
    bench.send('x');
    bench.clock.turn();
    bench.transport.lose();
    const before = [...bench.told];
    bench.driver.received(peerBytes(role, text('late'), ping('late')));
    bench.driver.receivedEnd();
    bench.driver.written();
    bench.driver.lost(new Error('again'));
    bench.driver.pause();
    bench.driver.resume();
    bench.driver.close(1000);
    bench.driver.terminate();
    bench.clock.advance(100_000);
    expect(bench.told).toEqual(before);
    expect(bench.transport.calls).toEqual([`write ${role === 'client' ? 7 : 3}`]);
  });
});
