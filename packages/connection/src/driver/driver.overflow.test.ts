import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, ping, pong, text } from '../endpoint.suite.ts';
import { SlowExtension } from '../machine/slow-extension.suite.ts';
import { Driver } from './driver.ts';
import type { Overflow } from './driver-limits.ts';
import { Bench, type BenchOptions } from './test-transport.suite.ts';

const benches: Bench[] = [];
/** A driver whose transport takes nothing until it is told to. */
function bench(overflow?: Overflow, options: BenchOptions = {}): Bench {
  const it = new Bench('server', { maxBufferedAmount: 1000, overflow, ...options });
  it.transport.fast = false;
  benches.push(it);
  return it;
}

afterEach(() => {
  for (const { transport } of benches.splice(0)) expect(transport.misuse).toEqual([]);
});

/** Sends 100 bytes at a time, each message named by its first. */
const send = (it: Bench, name: string) => it.send(name.padEnd(98, '.'));
const names = (it: Bench) => it.written().map((line) => line.replace(/^text "(.).*/, '$1'));

function drain(it: Bench): void {
  it.clock.turn();
  while (it.transport.writing) {
    it.transport.finishWrite();
    it.clock.turn();
  }
}

const ten = [...'0123456789'];
const why = 'not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000';
const reason = 'messages are not read fast enough';

describe('M3: with maxBufferedAmount waiting', () => {
  test.each(['close', 'wait'] as const)('%s: whoever is told finds it so, and may send', (policy) => {
    const told: string[] = [];
    const it = bench(policy, {
      overflowed: () => {
        told.push(it.driver.state);
        if (told.length < 3) send(it, 'again');
      },
    });
    for (const name of [...ten, 'x']) send(it, name);
    expect(told).toEqual(policy === 'close' ? ['closing'] : ['open', 'open', 'open']);
  });

  test('whoever is told and throws: 1011, as from any handler', () => {
    const it = bench('drop', {
      overflowed: () => {
        throw new Error('told');
      },
    });
    for (const name of [...ten, 'x']) send(it, name);
    expect([it.driver.state, it.told]).toEqual(['closing', ['thrown told']]);
  });

  test('close, the default: the message and all that waits is dropped, and a Close 1013 goes out behind the write under way', () => {
    const it = bench();
    for (const name of '012') send(it, name);
    it.clock.turn();
    for (const name of '3456789') send(it, name);
    expect(it.driver.state).toBe('open');
    expect(send(it, 'x')).toBe(false);
    expect([it.driver.state, it.driver.bufferedAmount]).toEqual(['closing', 300 + 4 + reason.length]);
    drain(it);
    expect(names(it)).toEqual(['0', '1', '2', `close 1013 "${reason}"`]);
    expect(it.told.filter((line) => line.startsWith('unsent'))).toEqual(
      [4, 5, 6, 7, 8, 9, 10, 11].map((n) => `unsent ${n}: ${why}`),
    );
    expect(it.told.filter((line) => line.startsWith('sent'))).toEqual(['sent 1', 'sent 2', 'sent 3']);
    it.receive(closeFrame(1013));
    drain(it);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told.at(-1)).toBe('close 1013 ""');
  });

  test.each(['server', 'client'] as const)('close: a %s ends the frame that it has begun, and no message', (role) => {
    const it = new Bench(role, { maxBufferedAmount: 2_500_000 });
    benches.push(it);
    it.transport.fast = false;
    // One write takes 1 MiB of it.
    it.driver.send(new Uint8Array(2_000_000), {});
    it.driver.send(new Uint8Array(70_000), {});
    for (let i = 0; i < 3; i++) it.driver.send(new Uint8Array(300_000), { fin: false });
    expect([it.driver.state, it.driver.insideMessage]).toEqual(['closing', true]);
    drain(it);
    expect(it.written().map((line) => line.slice(0, 10))).toEqual(['binary 000', 'close 1013']);
    const header = role === 'client' ? 4 : 0;
    const written = it.transport.writes.reduce((sum, { length }) => sum + length, 0);
    expect(written).toBe(10 + 2_000_000 + 4 + reason.length + 2 * header);
  });

  test.each(['server', 'client'] as const)(
    'close: whatever a %s has sent, the first messages of it are whole, and the Close is next',
    (role) => {
      const sent = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(4096, 4097, 65_000, 70_000, 1_100_000));
      const fate = fc.constantFrom('goes on', 'goes on', 'goes on', 'turn', 'written');
      let begun = 0;
      fc.assert(
        fc.property(
          fc.array(fc.tuple(sent, fate), { maxLength: 40, size: 'max' }),
          fc.nat({ max: 3 }),
          (steps, more) => {
            const it = new Bench(role, { maxBufferedAmount: 1_500_000 });
            it.transport.fast = false;
            const lines: string[] = [];
            const send = (size: number): void => {
              const name = String(lines.length).padEnd(size, '.');
              it.send(name);
              lines.push(`text ${JSON.stringify(name)}`);
            };
            for (const [size, then] of steps) {
              if (then === 'turn') it.clock.turn();
              if (then === 'written') it.transport.finishWrite();
              send(size);
            }
            for (let i = 0; i < more; i++) it.transport.finishWrite();
            for (let i = 0; it.driver.state === 'open'; i++) send(i % 2 === 0 ? 1_100_000 : 3);
            const waited = it.driver.bufferedAmount;
            drain(it);
            const written = it.written();
            expect(written.pop()).toBe(`close 1013 "${reason}"`);
            expect(written.length).toBeLessThan(lines.length);
            expect(written).toEqual(lines.slice(0, written.length));
            const told = it.told.filter((line) => /^(un)?sent/.test(line));
            expect(told.filter((line) => line.startsWith('sent'))).toHaveLength(written.length);
            expect(told).toHaveLength(lines.length);
            expect(it.transport.misuse).toEqual([]);
            if (waited > 1_048_576 + 200) begun++;
          },
        ),
        { numRuns: 12 },
      );
      expect(begun).toBeGreaterThan(0);
    },
  );

  test('close: a message that an extension is encoding is dropped, and its callback told', async () => {
    const slow = new SlowExtension();
    const it = bench('close', { extensions: [slow] });
    for (const name of ten) send(it, name);
    send(it, 'x');
    expect(it.driver.state).toBe('closing');
    drain(it);
    await slow.answer();
    drain(it);
    expect(it.written()).toEqual([`close 1013 "${reason}"`]);
    expect(it.told.filter((line) => line.startsWith('unsent'))).toHaveLength(11);
  });

  test('close: pongs that wait are dropped as well, and the peer is read again', () => {
    const it = bench('close', { maxBufferedAmount: 20_000 });
    send(it, '0');
    it.clock.turn();
    for (let i = 0; i < 100; i++) it.receive(ping('x'.repeat(125)));
    expect(it.transport.paused).toBe(true);
    for (let i = 0; i < 100; i++) send(it, 'x');
    expect(it.driver.state).toBe('closing');
    it.clock.turn();
    expect(it.transport.paused).toBe(false);
    it.clock.advance(1000);
    expect(it.driver.gone).toBe(false);
    it.receive(closeFrame(1013));
    drain(it);
    // Those that are still to be read are answered behind it.
    expect(names(it).slice(0, 2)).toEqual(['0', `close 1013 "${reason}"`]);
    expect(it.written().length).toBeLessThan(30);
  });

  test('pings and pongs of the application count, and are treated as messages are', () => {
    for (const policy of ['close', 'drop'] as const) {
      const it = bench(policy);
      for (const name of ten) send(it, name);
      const [ping, pong] = [it.callback(), it.callback()];
      expect([it.driver.ping('', ping), it.driver.pong('', pong)]).toEqual([false, false]);
      expect(it.driver.state).toBe(policy === 'close' ? 'closing' : 'open');
      it.clock.turn();
      const after = policy === 'close' ? 'the connection is closing: nothing can be sent' : why;
      expect(it.told.filter((line) => /^unsent 1[12]/.test(line))).toEqual([
        `unsent 11: ${why}`,
        `unsent 12: ${after}`,
      ]);
    }
  });

  test('a ping may be missed out in the middle of a message', () => {
    const it = bench('drop');
    it.driver.send('begun', { fin: false });
    for (const name of ten) it.driver.send(name.padEnd(98, '.'), { fin: false });
    expect([it.driver.ping('x'), it.driver.state]).toEqual([false, 'open']);
    drain(it);
    expect(it.written()).toHaveLength(0);
  });

  test('a flood of pings at a peer that does not read is bounded', () => {
    const it = bench('close', { maxBufferedAmount: 100_000 });
    for (let i = 0; i < 10_000; i++) it.driver.ping('x'.repeat(100));
    expect(it.driver.bufferedAmount).toBeLessThan(100_200);
    expect(it.driver.state).toBe('closing');
  });

  test('what one turn sends is tried before it is refused', () => {
    const it = bench();
    it.transport.fast = true;
    for (let i = 0; i < 100; i++) send(it, 'x');
    drain(it);
    expect([it.driver.state, it.written().length]).toEqual(['open', 100]);
  });

  test('close: who goes on reading nothing is ended after closeReplyTimeout, and what waited is let go', () => {
    const it = bench('close', { closeReplyTimeout: 5000 });
    for (const name of [...ten, 'x', 'y']) send(it, name);
    it.clock.advance(5000);
    expect([it.driver.gone, it.driver.bufferedAmount]).toEqual([true, 0]);
  });

  test('drop: the message is refused, and later ones are taken again; drain follows', () => {
    const it = bench('drop');
    for (const name of ten) send(it, name);
    expect([send(it, 'x'), send(it, 'y'), it.driver.bufferedAmount]).toEqual([false, false, 1000]);
    drain(it);
    expect(it.told.filter((line) => line === 'drain' || line.startsWith('unsent'))).toEqual([
      'unsent 11: not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000',
      'unsent 12: not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000',
      'drain',
    ]);
    expect(send(it, 'z')).toBe(true);
    drain(it);
    expect(names(it)).toEqual([...ten, 'z']);
  });

  test('drop: a fragment cannot be missed out: close', () => {
    for (const before of [{ fin: false }, {}]) {
      const it = bench('drop');
      it.driver.send('begun', before);
      for (const _ of ten) it.driver.send('.'.repeat(98), before);
      it.driver.send('end', { fin: before.fin !== false ? false : undefined });
      expect(it.driver.state).toBe('closing');
    }
  });

  test('wait: all is taken, and nothing more of the peer until all has been written', () => {
    const it = bench('wait', { on: (line) => line.startsWith('text') && send(it, line[6]!) });
    for (const name of ten) send(it, name);
    it.receive(text('a'), text('b'));
    it.receive(text('c'));
    expect(it.told).toEqual(['text "a"']);
    expect(it.transport.paused).toBe(true);
    drain(it);
    expect(it.told.filter((line) => line.startsWith('text'))).toEqual(['text "a"', 'text "b"', 'text "c"']);
    expect(names(it)).toEqual([...ten, 'a', 'b', 'c']);
    expect(it.transport.paused).toBe(false);
  });

  test('wait: the pause of the application is another', () => {
    const it = bench('wait');
    for (const name of [...ten, 'x']) send(it, name);
    it.driver.pause();
    drain(it);
    it.receive(text('a'));
    it.clock.turn();
    expect(it.told.some((line) => line.startsWith('text'))).toBe(false);
    for (const name of [...ten, 'y', 'z']) send(it, name);
    it.driver.resume();
    it.clock.turn();
    expect(it.told.some((line) => line.startsWith('text'))).toBe(false);
    drain(it);
    expect(it.told.at(-1)).toBe('text "a"');
  });

  test('wait: a peer that neither reads nor answers is found by the heartbeat', () => {
    const it = bench('wait', { heartbeat: { interval: 1000, timeout: 1000 } });
    for (const name of [...ten, 'x']) send(it, name);
    it.receive(pong('unread'));
    it.clock.advance(5000);
    expect(it.driver.gone).toBe(true);
  });

  test('a send that cannot be sends nothing and changes nothing', () => {
    const it = bench('drop');
    it.driver.send('begun', { fin: false });
    expect(() => it.driver.send(5 as never, {})).toThrow(TypeError);
    for (const _ of [...ten, 'x']) it.driver.send('.'.repeat(98), { fin: false });
    expect(it.driver.state).toBe('closing');
  });
});

test('the default is 64 MiB', () => {
  const it = bench(undefined, { maxBufferedAmount: undefined });
  const payload = new Uint8Array(16 * 1024 * 1024);
  for (let i = 0; i < 4; i++) it.driver.send(payload, {});
  expect(it.driver.state).toBe('open');
  it.driver.send('', {});
  expect(it.driver.state).toBe('closing');
});

test('M8: maxBufferedAmount and overflow: options of the wrong kind are said by their name', () => {
  const make = (options: object) => () => new Driver({ role: 'server', ...options } as never);
  for (const maxBufferedAmount of ['1mb', null, true]) expect(make({ maxBufferedAmount })).toThrow(TypeError);
  for (const maxBufferedAmount of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(make({ maxBufferedAmount })).toThrow(RangeError);
  }
  for (const overflow of ['terminate', null, 1]) expect(make({ overflow })).toThrow("overflow must be 'close'");
});
