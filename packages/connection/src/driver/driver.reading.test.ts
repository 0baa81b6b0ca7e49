import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { closeFrame, peerBytes, ping, pong, text } from '../endpoint.suite.ts';
import { Connection } from '../machine/connection.ts';
import { PauseReason } from './reader.ts';
import { useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();

describe('reading', () => {
  test('a hook that decides on the last message holds the end of the stream, and only a hook does', () => {
    for (const alsoPaused of [false, true]) {
      const bench = makeBench('server', { on: () => bench.driver.pause(PauseReason.Hook) });
      bench.receive(text('last'));
      if (alsoPaused) bench.driver.pause();
      bench.driver.receivedEnd();
      bench.clock.turn();
      expect([bench.told, bench.transport.ended]).toEqual([['text "last"'], false]);
      bench.driver.resume(PauseReason.Hook);
      expect(bench.transport.ended).toBe(false);
      bench.clock.turn();
      expect(bench.transport.ended).toBe(true);
    }
  });

  test('delivers what comes, and nothing while paused', () => {
    const bench = makeBench();
    bench.receive(text('a'), ping('b'), pong('c'), { opcode: 2, payload: Uint8Array.of(1) });
    expect(bench.told).toEqual(['text "a"', 'ping "b"', 'pong "c"', 'binary 01']);
    bench.driver.pause();
    bench.driver.pause();
    bench.receive(text('d'));
    expect(bench.transport.paused).toBe(true);
    bench.clock.turn();
    expect(bench.told).toHaveLength(4);
    bench.driver.resume();
    bench.driver.resume();
    expect(bench.told).toHaveLength(4);
    bench.clock.turn();
    expect(bench.told.at(-1)).toBe('text "d"');
    expect(bench.transport.calls.filter((call) => !call.startsWith('write'))).toEqual(['pause', 'resume']);
  });

  test('a pause in a delivery stops before the next, and what is left comes first after it', () => {
    const bench = makeBench('server', { on: (line) => line.startsWith('text') && bench.driver.pause() });
    bench.transport.lag = 2;
    bench.receive(text('a'), text('b'), text('c'));
    bench.receive(text('d'));
    bench.receive(text('e'));
    bench.receive(text('f'));
    for (let i = 1; i <= 6; i++) {
      expect(bench.told).toEqual(['text "a"', 'text "b"', 'text "c"', 'text "d"', 'text "e"', 'text "f"'].slice(0, i));
      bench.driver.resume();
      bench.clock.turn();
    }
    expect(bench.told).toHaveLength(6);
    expect(bench.transport.paused).toBe(false);
  });

  test('bytes that come one by one during a pause are put together: 4 KiB and more in a piece', () => {
    const receive = vi.spyOn(Connection.prototype, 'receive');
    onTestFinished(() => receive.mockRestore());
    const bench = makeBench();
    bench.driver.pause();
    const bytes = peerBytes('server', text('a'.repeat(9000)), ping('b'));
    for (const byte of bytes) bench.driver.received(Uint8Array.of(byte));
    expect([bench.told, receive.mock.calls]).toEqual([[], []]);
    bench.driver.resume();
    bench.clock.turn();
    expect(bench.told).toEqual([`text "${'a'.repeat(9000)}"`, 'ping "b"']);
    expect(receive.mock.calls.map(([chunk]) => chunk.length)).toEqual([4096, 4096, bytes.length - 8192]);
  });

  test('paused and resumed in one delivery, nothing is delayed', () => {
    const bench = makeBench('server', {
      on: () => {
        bench.driver.pause();
        bench.driver.resume();
      },
    });
    bench.receive(text('a'), text('b'));
    expect(bench.told).toEqual(['text "a"', 'text "b"']);
    bench.clock.turn();
    expect(bench.transport.paused).toBe(false);
  });

  test('resumed and paused again, nothing comes', () => {
    const bench = makeBench();
    bench.driver.pause();
    bench.receive(text('a'));
    bench.driver.resume();
    bench.driver.pause();
    bench.clock.turn();
    expect(bench.told).toEqual([]);
    expect(bench.transport.paused).toBe(true);
  });

  test('the transport is not paused for what a closed connection drops', () => {
    const bench = makeBench();
    bench.receive(closeFrame(1000));
    bench.driver.pause();
    expect(bench.transport.calls).toEqual([]);
  });

  test('a peer that ends while its last messages wait is heard to the end', () => {
    const bench = makeBench('server', { on: (line) => line === 'text "a"' && bench.driver.pause() });
    bench.receive(text('a'), text('b'), closeFrame(4000, 'bye'));
    bench.driver.receivedEnd();
    bench.clock.turn();
    expect(bench.told).toEqual(['text "a"']);
    bench.driver.resume();
    bench.clock.turn();
    expect(bench.transport.calls).toEqual(['pause', 'resume', 'write 4', 'end']);
    bench.transport.lose();
    expect(bench.told).toEqual(['text "a"', 'text "b"', 'close 4000 "bye"']);
  });

  test('ends in the middle of what waits', () => {
    const bench = makeBench('server', { on: (line) => line === 'text "a"' && bench.driver.pause() });
    bench.transport.deliver(peerBytes('server', text('a'), text('b')).slice(0, -1));
    bench.driver.receivedEnd();
    bench.driver.resume();
    bench.clock.turn();
    // Known without being told that the transport is gone.
    expect(bench.transport.ended).toBe(true);
    bench.transport.lose();
    expect(bench.told[1]).toContain('close 1006 "": the stream ended inside a frame');
  });

  test('M4: pongs that are not being written stop the reading; written, it goes on', () => {
    const bench = makeBench();
    bench.transport.fast = false;
    bench.driver.send('first', {});
    bench.clock.turn();
    const flood = Array.from({ length: 300 }, (_, i) => ping(String(i).padStart(120)));
    bench.receive(...flood);
    expect(bench.transport.paused).toBe(true);
    expect(bench.told.length).toBeLessThan(140);
    for (let i = 0; i < 10; i++) {
      bench.transport.finishWrite();
      bench.clock.turn();
    }
    expect(bench.told).toHaveLength(300);
    expect(bench.transport.paused).toBe(false);
    expect(bench.written().slice(1)).toEqual(bench.told.map((line) => line.replace('ping', 'pong')));
    expect(bench.clock.timers).toBe(0);
  });

  test('M4: a peer that pings and does not read is given up after closeTimeout', () => {
    const bench = makeBench('server', { closeTimeout: 500 });
    bench.transport.fast = false;
    bench.driver.send('first', {});
    bench.clock.turn();
    bench.receive(...Array.from({ length: 300 }, () => ping('x'.repeat(120))));
    bench.clock.advance(499);
    expect(bench.transport.destroyed).toBe(false);
    bench.clock.advance(1);
    expect(bench.told.at(-1)).toBe('close 1006 "": the peer sends pings and has not read the answers for 500 ms');
    expect(bench.transport.calls.at(-1)).toBe('destroy');
  });

  test('M4: a peer that pings and reads slowly is not given up, as long as it reads', () => {
    const bench = makeBench('server', { closeTimeout: 500 });
    bench.transport.fast = false;
    bench.driver.send(new Uint8Array(8 * 1_048_576), {});
    bench.receive(...Array.from({ length: 300 }, (_, i) => ping(String(i).padStart(120))));
    expect(bench.transport.paused).toBe(true);
    for (let i = 0; i < 12; i++) {
      bench.clock.advance(499);
      bench.transport.finishWrite();
    }
    bench.clock.turn();
    expect(bench.transport.destroyed).toBe(false);
    expect(bench.told.filter((line) => line.startsWith('ping'))).toHaveLength(300);
    expect(bench.clock.timers).toBe(0);
  });
});
