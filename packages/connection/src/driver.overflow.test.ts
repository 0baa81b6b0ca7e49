import { afterEach, describe, expect, test } from 'vitest';
import { Driver } from './driver.ts';
import { closeFrame, pong, text } from './endpoint.suite.ts';
import type { Overflow } from './output-limit.ts';
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

  test('close, the default: the message is refused, and a Close 1013 stands behind what waits', () => {
    const it = bench();
    for (const name of ten) send(it, name);
    expect(it.driver.state).toBe('open');
    expect(send(it, 'x')).toBe(false);
    expect([it.driver.state, it.driver.bufferedAmount < 1100]).toEqual(['closing', true]);
    drain(it);
    expect(names(it)).toEqual([...ten, 'close 1013 "messages are not read fast enough"']);
    const refused = it.told.find((line) => line.startsWith('unsent'));
    expect(refused).toBe('unsent 11: not sent: 1000 bytes wait for the peer, and maxBufferedAmount is 1000');
    it.receive(closeFrame(1013));
    drain(it);
    it.transport.deliverEnd();
    it.clock.turn();
    expect(it.told.at(-1)).toBe('close 1013 ""');
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
