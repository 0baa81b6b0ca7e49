import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, ping, pong, text } from '../endpoint.suite.ts';
import { SendMemory } from '../machine/send-memory.ts';
import { SlowExtension } from '../machine/slow-extension.suite.ts';
import { Driver } from './driver.ts';
import type { Overflow } from './driver-limits.ts';
import { Bench, type BenchOptions, useBenches } from './test-transport.suite.ts';

const newBench = useBenches();

/** A driver whose transport takes nothing until it is told to. */
function makeBench(overflow?: Overflow, options: BenchOptions = {}): Bench {
  const bench = newBench('server', { maxBufferedAmount: 1000, overflow, ...options });
  bench.transport.fast = false;
  return bench;
}

/** Sends 100 bytes at a time, each message named by its first. */
const send = (bench: Bench, name: string) => bench.send(name.padEnd(98, '.'));
const names = (bench: Bench) => bench.written().map((line) => line.replace(/^text "(.).*/, '$1'));

function drain(bench: Bench): void {
  bench.clock.turn();
  while (bench.transport.writing) {
    bench.transport.finishWrite();
    bench.clock.turn();
  }
}

const ten = [...'0123456789'];
const why = 'not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000';
const reason = 'messages are not read fast enough';

describe('M3: with maxBufferedAmount waiting', () => {
  test.each(['close', 'wait'] as const)('%s: whoever is told finds it so, and may send', (policy) => {
    const told: string[] = [];
    const bench = makeBench(policy, {
      overflowed: () => {
        told.push(bench.driver.state);
        if (told.length < 3) send(bench, 'again');
      },
    });
    for (const name of [...ten, 'x']) send(bench, name);
    expect(told).toEqual(policy === 'close' ? ['closing'] : ['open', 'open', 'open']);
  });

  test('whoever is told and throws: 1011, as from any handler', () => {
    const bench = makeBench('drop', {
      overflowed: () => {
        throw new Error('told');
      },
    });
    for (const name of [...ten, 'x']) send(bench, name);
    expect([bench.driver.state, bench.told]).toEqual(['closing', ['thrown told']]);
  });

  test('close, the default: the message and all that waits is dropped, and a Close 1013 goes out behind the write under way', () => {
    const bench = makeBench();
    for (const name of '012') send(bench, name);
    bench.clock.turn();
    for (const name of '3456789') send(bench, name);
    expect(bench.driver.state).toBe('open');
    expect(send(bench, 'x')).toBe(false);
    expect([bench.driver.state, bench.driver.bufferedAmount]).toEqual(['closing', 300 + 4 + reason.length]);
    drain(bench);
    expect(names(bench)).toEqual(['0', '1', '2', `close 1013 "${reason}"`]);
    expect(bench.told.filter((line) => line.startsWith('unsent'))).toEqual(
      [4, 5, 6, 7, 8, 9, 10, 11].map((n) => `unsent ${n}: ${why}`),
    );
    expect(bench.told.filter((line) => line.startsWith('sent'))).toEqual(['sent 1', 'sent 2', 'sent 3']);
    bench.receive(closeFrame(1013));
    drain(bench);
    bench.transport.deliverEnd();
    bench.clock.turn();
    expect(bench.told.at(-1)).toBe('close 1013 ""');
  });

  test.each(['server', 'client'] as const)('close: a %s ends the frame that it has begun, and no message', (role) => {
    const bench = newBench(role, { maxBufferedAmount: 2_500_000 });
    bench.transport.fast = false;
    // One write takes 1 MiB of it.
    bench.driver.send(new Uint8Array(2_000_000), {});
    bench.driver.send(new Uint8Array(70_000), {});
    for (let i = 0; i < 3; i++) bench.driver.send(new Uint8Array(300_000), { fin: false });
    expect([bench.driver.state, bench.driver.insideMessage]).toEqual(['closing', true]);
    drain(bench);
    expect(bench.written().map((line) => line.slice(0, 10))).toEqual(['binary 000', 'close 1013']);
    const header = role === 'client' ? 4 : 0;
    const written = bench.transport.writes.reduce((sum, { length }) => sum + length, 0);
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
            const bench = new Bench(role, { maxBufferedAmount: 1_500_000 });
            bench.transport.fast = false;
            const lines: string[] = [];
            const send = (size: number): void => {
              const name = String(lines.length).padEnd(size, '.');
              bench.send(name);
              lines.push(`text ${JSON.stringify(name)}`);
            };
            for (const [size, then] of steps) {
              if (then === 'turn') bench.clock.turn();
              if (then === 'written') bench.transport.finishWrite();
              send(size);
            }
            for (let i = 0; i < more; i++) bench.transport.finishWrite();
            for (let i = 0; bench.driver.state === 'open'; i++) send(i % 2 === 0 ? 1_100_000 : 3);
            const waited = bench.driver.bufferedAmount;
            drain(bench);
            const written = bench.written();
            expect(written.pop()).toBe(`close 1013 "${reason}"`);
            expect(written.length).toBeLessThan(lines.length);
            expect(written).toEqual(lines.slice(0, written.length));
            const told = bench.told.filter((line) => /^(un)?sent/.test(line));
            expect(told.filter((line) => line.startsWith('sent'))).toHaveLength(written.length);
            expect(told).toHaveLength(lines.length);
            expect(bench.transport.misuse).toEqual([]);
            if (waited > 1_048_576 + 200) begun++;
          },
        ),
        { numRuns: 24 },
      );
      expect(begun).toBeGreaterThan(0);
    },
  );

  test('close: a message that an extension is encoding is dropped, and its callback told', async () => {
    const slow = new SlowExtension();
    const bench = makeBench('close', { extensions: [slow] });
    for (const name of ten) send(bench, name);
    send(bench, 'x');
    expect(bench.driver.state).toBe('closing');
    drain(bench);
    await slow.answer();
    drain(bench);
    expect(bench.written()).toEqual([`close 1013 "${reason}"`]);
    expect(bench.told.filter((line) => line.startsWith('unsent'))).toHaveLength(11);
  });

  test('close: pongs that wait are dropped as well, and the peer is read again', () => {
    const bench = makeBench('close', { maxBufferedAmount: 20_000 });
    send(bench, '0');
    bench.clock.turn();
    for (let i = 0; i < 100; i++) bench.receive(ping('x'.repeat(125)));
    expect(bench.transport.paused).toBe(true);
    for (let i = 0; i < 100; i++) send(bench, 'x');
    expect(bench.driver.state).toBe('closing');
    bench.clock.turn();
    expect(bench.transport.paused).toBe(false);
    bench.clock.advance(1000);
    expect(bench.driver.gone).toBe(false);
    bench.receive(closeFrame(1013));
    drain(bench);
    // Those that are still to be read are answered behind it.
    expect(names(bench).slice(0, 2)).toEqual(['0', `close 1013 "${reason}"`]);
    expect(bench.written().length).toBeLessThan(30);
  });

  test('pings and pongs of the application count, and are treated as messages are', () => {
    for (const policy of ['close', 'drop'] as const) {
      const bench = makeBench(policy);
      for (const name of ten) send(bench, name);
      const [ping, pong] = [bench.callback(), bench.callback()];
      expect([bench.driver.ping('', ping), bench.driver.pong('', pong)]).toEqual([false, false]);
      expect(bench.driver.state).toBe(policy === 'close' ? 'closing' : 'open');
      bench.clock.turn();
      const after = policy === 'close' ? 'the connection is closing: nothing can be sent' : why;
      expect(bench.told.filter((line) => /^unsent 1[12]/.test(line))).toEqual([
        `unsent 11: ${why}`,
        `unsent 12: ${after}`,
      ]);
    }
  });

  test('a ping may be missed out in the middle of a message', () => {
    const bench = makeBench('drop');
    bench.driver.send('begun', { fin: false });
    for (const name of ten) bench.driver.send(name.padEnd(98, '.'), { fin: false });
    expect([bench.driver.ping('x'), bench.driver.state]).toEqual([false, 'open']);
    drain(bench);
    expect(bench.written()).toHaveLength(0);
  });

  test('a flood of pings at a peer that does not read is bounded', () => {
    const bench = makeBench('close', { maxBufferedAmount: 100_000 });
    for (let i = 0; i < 10_000; i++) bench.driver.ping('x'.repeat(100));
    expect(bench.driver.bufferedAmount).toBeLessThan(100_200);
    expect(bench.driver.state).toBe('closing');
  });

  test('what one turn sends is tried before it is refused', () => {
    const bench = makeBench();
    bench.transport.fast = true;
    for (let i = 0; i < 100; i++) send(bench, 'x');
    drain(bench);
    expect([bench.driver.state, bench.written().length]).toEqual(['open', 100]);
  });

  test('close: who goes on reading nothing is ended after closeReplyTimeout, and what waited is let go', () => {
    const bench = makeBench('close', { closeReplyTimeout: 5000 });
    for (const name of [...ten, 'x', 'y']) send(bench, name);
    bench.clock.advance(5000);
    expect([bench.driver.gone, bench.driver.bufferedAmount]).toEqual([true, 0]);
  });

  test('drop: the message is refused, and later ones are taken again; drain follows', () => {
    const bench = makeBench('drop');
    for (const name of ten) send(bench, name);
    expect([send(bench, 'x'), send(bench, 'y'), bench.driver.bufferedAmount]).toEqual([false, false, 1000]);
    drain(bench);
    expect(bench.told.filter((line) => line === 'drain' || line.startsWith('unsent'))).toEqual([
      'unsent 11: not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000',
      'unsent 12: not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000',
      'drain',
    ]);
    expect(send(bench, 'z')).toBe(true);
    drain(bench);
    expect(names(bench)).toEqual([...ten, 'z']);
  });

  test('drop: what waits behind the write under way is sent', () => {
    const bench = makeBench('drop');
    send(bench, '0');
    bench.clock.turn();
    for (const name of ten.slice(1)) send(bench, name);
    expect(send(bench, 'x')).toBe(false);
    drain(bench);
    expect(names(bench)).toEqual(ten);
  });

  test('drop: a fragment cannot be missed out: close', () => {
    for (const before of [{ fin: false }, {}]) {
      const bench = makeBench('drop');
      bench.driver.send('begun', before);
      for (const _ of ten) bench.driver.send('.'.repeat(98), before);
      bench.driver.send('end', { fin: before.fin !== false ? false : undefined });
      expect(bench.driver.state).toBe('closing');
    }
  });

  test('wait: all is taken, and nothing more of the peer until all has been written', () => {
    const bench = makeBench('wait', { on: (line) => line.startsWith('text') && send(bench, line[6]!) });
    for (const name of ten) send(bench, name);
    bench.receive(text('a'), text('b'));
    bench.receive(text('c'));
    expect(bench.told).toEqual(['text "a"']);
    expect(bench.transport.paused).toBe(true);
    drain(bench);
    expect(bench.told.filter((line) => line.startsWith('text'))).toEqual(['text "a"', 'text "b"', 'text "c"']);
    expect(names(bench)).toEqual([...ten, 'a', 'b', 'c']);
    expect(bench.transport.paused).toBe(false);
  });

  test('wait: fragments are taken as well', () => {
    const bench = makeBench('wait');
    bench.driver.send('begun', { fin: false });
    for (const _ of [...ten, 'x']) bench.driver.send('.'.repeat(98), { fin: false });
    bench.driver.send('end', {});
    expect(bench.driver.state).toBe('open');
    drain(bench);
    expect(bench.written()).toEqual([`text "begun${'.'.repeat(98 * 11)}end"`]);
  });

  test.each(['close', 'drop', 'wait'] as const)('%s: a handler need not hear of it', (policy) => {
    const bench = makeBench(policy, { overflowed: null });
    for (const name of [...ten, 'x']) send(bench, name);
    bench.clock.turn();
    expect(bench.told.filter((line) => line.startsWith('thrown'))).toEqual([]);
  });

  test('wait: the pause of the application is another', () => {
    const bench = makeBench('wait');
    for (const name of [...ten, 'x']) send(bench, name);
    bench.driver.pause();
    drain(bench);
    bench.receive(text('a'));
    bench.clock.turn();
    expect(bench.told.some((line) => line.startsWith('text'))).toBe(false);
    for (const name of [...ten, 'y', 'z']) send(bench, name);
    bench.driver.resume();
    bench.clock.turn();
    expect(bench.told.some((line) => line.startsWith('text'))).toBe(false);
    drain(bench);
    expect(bench.told.at(-1)).toBe('text "a"');
  });

  test('wait: a peer that neither reads nor answers is found by the heartbeat', () => {
    const bench = makeBench('wait', { heartbeat: { interval: 1000, timeout: 1000 } });
    for (const name of [...ten, 'x']) send(bench, name);
    bench.receive(pong('unread'));
    bench.clock.advance(5000);
    expect(bench.driver.gone).toBe(true);
  });

  test('a send that cannot be sends nothing and changes nothing', () => {
    const bench = makeBench('drop');
    bench.driver.send('begun', { fin: false });
    expect(() => bench.driver.send(5 as never, {})).toThrow(TypeError);
    for (const _ of [...ten, 'x']) bench.driver.send('.'.repeat(98), { fin: false });
    expect(bench.driver.state).toBe('closing');
  });
});

test('messages that wait count with what they cost: behind one that is being compressed, 512 bytes each', () => {
  const bench = makeBench('drop', { extensions: [new SlowExtension()], maxBufferedAmount: 51_200 });
  let sent = 0;
  while (bench.driver.send('', {}) && sent < 1000) sent++;
  expect(sent).toBe(101);
});

test('... and where several connections are sent to in turn, 128 bytes for the view of each frame', () => {
  const sendMemory = new SendMemory();
  const [one, other] = [1, 2].map(() => makeBench('drop', { sendMemory, maxBufferedAmount: 130 * 20_000 }));
  let sent = 0;
  while (one!.driver.send('', {}) && sent < 1_000_000) {
    other!.driver.send('', {});
    sent++;
  }
  // The last frame is in no chunk until the write begins.
  expect(sent).toBe(20_001);
});

test('the default is 64 MiB', () => {
  const bench = makeBench(undefined, { maxBufferedAmount: undefined });
  const payload = new Uint8Array(16 * 1024 * 1024);
  for (let i = 0; i < 4; i++) bench.driver.send(payload, {});
  expect(bench.driver.state).toBe('open');
  bench.driver.send('', {});
  expect(bench.driver.state).toBe('closing');
});

test('M8: maxBufferedAmount and overflow: options of the wrong kind are said by their name', () => {
  const make = (options: object) => () => new Driver({ role: 'server', ...options } as never);
  for (const maxBufferedAmount of ['1mb', null, true]) expect(make({ maxBufferedAmount })).toThrow(TypeError);
  for (const maxBufferedAmount of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(make({ maxBufferedAmount })).toThrow(RangeError);
  }
  for (const overflow of ['terminate', null, 1]) expect(make({ overflow })).toThrow("overflow must be 'close'");
});
