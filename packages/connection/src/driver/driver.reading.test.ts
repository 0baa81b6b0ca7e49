import { afterEach, describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, pong, text } from '../endpoint.suite.ts';
import { Bench, type BenchOptions } from './test-transport.suite.ts';

const benches: Bench[] = [];
function bench(role: 'server' | 'client' = 'server', options: BenchOptions = {}): Bench {
  benches.push(new Bench(role, options));
  return benches.at(-1)!;
}

afterEach(() => {
  for (const { transport } of benches.splice(0)) expect(transport.misuse).toEqual([]);
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
    // Known without being told that the transport is gone.
    expect(it.transport.ended).toBe(true);
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

  test('M4: a peer that pings and reads slowly is not given up, as long as it reads', () => {
    const it = bench('server', { closeTimeout: 500 });
    it.transport.fast = false;
    it.driver.send(new Uint8Array(8 * 1_048_576), {});
    it.receive(...Array.from({ length: 300 }, (_, i) => ping(String(i).padStart(120))));
    expect(it.transport.paused).toBe(true);
    for (let i = 0; i < 12; i++) {
      it.clock.advance(499);
      it.transport.finishWrite();
    }
    it.clock.turn();
    expect(it.transport.destroyed).toBe(false);
    expect(it.told.filter((line) => line.startsWith('ping'))).toHaveLength(300);
    expect(it.clock.timers).toBe(0);
  });
});
