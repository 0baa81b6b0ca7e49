import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, text } from '../endpoint.suite.ts';
import { PauseReason } from './reader.ts';
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

  test('a write that never ends is given up after closeReplyTimeout', () => {
    const it = bench();
    it.transport.fast = false;
    it.send('stuck');
    it.clock.turn();
    it.receive(closeFrame(4000));
    it.clock.advance(9_999);
    expect(it.transport.calls).toEqual(['write 7']);
    it.clock.advance(1);
    expect(it.transport.calls).toEqual(['write 7', 'destroy']);
    expect(it.told[0]).toContain('unsent 1');
    expect(it.told.slice(1)).toEqual(['close 4000 ""']);
  });

  test('closeTimeout counts from the last write', () => {
    const it = bench();
    it.transport.fast = false;
    it.receive(closeFrame(4000));
    it.clock.advance(5000);
    it.transport.finishWrite();
    expect(it.transport.calls).toEqual(['write 4', 'end']);
    it.clock.advance(999);
    expect(it.transport.destroyed).toBe(false);
    it.clock.advance(1);
    expect(it.transport.destroyed).toBe(true);
  });

  test.each(['closing', 'closed'])(
    '%s: a peer that reads slowly gets what waits, in steps of 64 KiB, and the Close',
    (state) => {
      const it = bench();
      it.transport.fast = false;
      it.send('on its way');
      it.clock.turn();
      it.send(new Uint8Array(500_000));
      if (state === 'closing') it.driver.close(4000);
      else it.receive(closeFrame(4000));
      while (it.driver.bufferedAmount > 0) {
        it.clock.advance(9_999);
        it.transport.finishWrite();
      }
      expect(it.transport.writes.map(({ length }) => length)).toEqual([12, ...Array(7).fill(65_536), 41_262]);
      expect(it.written().at(-1)).toBe('close 4000 ""');
      expect(it.told.filter((line) => line.startsWith('sent'))).toEqual(['sent 1', 'sent 2']);
      expect(it.driver.gone).toBe(false);
      if (state === 'closing') it.receive(closeFrame(4000));
      it.clock.turn();
      expect(it.transport.calls.at(-1)).toBe('end');
    },
  );

  test.each([false, true])(
    'a peer that pings in place of an answer to our Close has no more time for it (behind a message: %s)',
    (behind) => {
      const it = bench();
      it.transport.fast = false;
      if (behind) it.send('message');
      it.driver.close(4000);
      it.clock.turn();
      it.clock.advance(9000);
      // The peer takes the Close, which is when its time begins.
      it.transport.finishWrite();
      for (let seconds = 0; seconds < 9; seconds++) {
        it.clock.advance(1000);
        it.receive(ping('x'));
        it.clock.turn();
        it.transport.finishWrite();
        expect(it.transport.destroyed).toBe(false);
      }
      it.clock.advance(1000);
      expect(it.transport.destroyed).toBe(true);
      expect(it.told.at(-1)).toContain('the peer has not answered our Close for 10000 ms');
    },
  );

  test('what is read of a peer over its rate is taken once the connection closes', () => {
    const it = bench();
    it.driver.pause(PauseReason.Rate);
    it.receive(text('a'), closeFrame(4000));
    it.clock.turn();
    expect(it.told).toEqual([]);
    it.driver.close(4000);
    it.clock.turn();
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told).toEqual(['text "a"', 'close 4000 ""']);
  });

  test.each(['closing', 'closed'])(
    '%s: where the transport can tell, 16 KiB that leave are a step, and a byte less is none',
    (state) => {
      const it = bench();
      let left = 0;
      Object.assign(it.transport, { unwritten: () => left });
      it.transport.fast = false;
      it.driver.send(new Uint8Array(1_000_000), {});
      left = 1_000_010;
      it.clock.turn();
      if (state === 'closing') it.driver.close(4000);
      else it.receive(closeFrame(4000));
      for (let i = 0; i < 20; i++) {
        it.clock.advance(9_999);
        left -= 16_384;
      }
      expect(it.driver.gone).toBe(false);
      it.clock.advance(10_000);
      expect(it.driver.gone).toBe(false);
      left -= 16_383;
      it.clock.advance(10_000);
      const end = state === 'closing' ? '1006 "": the peer has not answered our Close for 10000 ms' : '4000 ""';
      expect(it.told).toEqual([`close ${end}`]);
    },
  );

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
