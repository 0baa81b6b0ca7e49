import { describe, expect, test } from 'vitest';
import { closeFrame, peerBytes, ping, text } from '../endpoint.suite.ts';
import { PauseReason } from './reader.ts';
import { type Bench, type BenchOptions, useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();
const reset = new Error('ECONNRESET');

/** A driver whose application has paused in the first message, with these behind it, when the transport was lost. */
function losing(frames: Parameters<Bench['receive']>, { on, ...options }: BenchOptions = {}): Bench {
  const bench = makeBench('server', {
    ...options,
    on: (line) => {
      if (line === 'text "first"') bench.driver.pause();
      on?.(line);
    },
  });
  bench.receive(text('first'), ...frames);
  bench.transport.lose(reset);
  bench.clock.turn();
  return bench;
}

function resume(bench: Bench): string[] {
  bench.driver.resume();
  bench.clock.turn();
  return bench.told;
}

describe('what was read before the transport was lost', () => {
  test('is delivered as the pauses are taken back, and the end told behind it, with the cause of the loss', () => {
    const bench = losing([text('b'), ping('p'), text('c')], {
      on: (line) => line === 'text "b"' && bench.driver.pause(),
    });
    const { driver, transport } = bench;
    expect([bench.told, driver.state, driver.gone]).toEqual([['text "first"'], 'closing', false]);
    expect(resume(bench)).toEqual(['text "first"', 'text "b"']);
    expect(resume(bench).slice(2)).toEqual(['ping "p"', 'text "c"', 'close 1006 "": ECONNRESET']);
    expect([transport.calls, driver.gone, driver.bufferedAmount]).toEqual([['pause'], true, 0]);
  });

  test('is told at once to have ended where nothing of it is left, also while the application has paused', () => {
    expect(losing([]).told).toEqual(['text "first"', 'close 1006 "": ECONNRESET']);
  });

  test("has its Close told, if the peer's is among it", () => {
    expect(resume(losing([text('b'), closeFrame(4000, 'bye'), text('c')])).slice(1)).toEqual([
      'text "b"',
      'close 4000 "bye"',
    ]);
  });

  test('has its violation as the cause; a frame that the loss has cut is none', () => {
    expect(resume(losing([{ opcode: 3 }])).at(-1)).toMatch(/^close 1006 "": the opcode is a reserved one/);
    const bench = makeBench('server', { on: () => bench.driver.pause() });
    bench.transport.deliver(peerBytes('server', text('a'), text('cut')).slice(0, -1));
    bench.transport.lose(reset);
    expect(resume(bench)).toEqual(['text "a"', 'close 1006 "": ECONNRESET']);
  });

  test('goes on without what waits for the peer to read: its pongs, and a send over maxBufferedAmount', () => {
    const bench = makeBench('server', { maxBufferedAmount: 10, overflow: 'wait' });
    bench.transport.fast = false;
    bench.send('more than ten bytes');
    bench.clock.turn();
    bench.receive(...Array.from({ length: 300 }, () => ping('x'.repeat(120))), text('last'));
    bench.send('over the limit');
    expect(bench.told.length).toBeLessThan(140);
    bench.transport.lose(reset);
    expect(bench.told.slice(-2)).toEqual(['unsent 1: ECONNRESET', 'unsent 2: ECONNRESET']);
    expect([bench.driver.bufferedAmount, bench.clock.timers]).toEqual([0, 1]);
    bench.clock.turn();
    expect(bench.told).toHaveLength(304);
    expect(bench.told.slice(-2)).toEqual(['text "last"', 'close 1006 "": ECONNRESET']);
  });

  test('has nothing answered to it: what is sent is refused, and no heartbeat beats', () => {
    const bench = losing([text('b')], { heartbeat: { interval: 1000 } });
    bench.send('x');
    bench.driver.close(1000);
    bench.clock.advance(5000);
    bench.transport.finishWrite();
    bench.transport.lose(new Error('again'));
    expect(bench.told).toEqual(['text "first"', 'unsent 1: the connection is closing: nothing can be sent']);
    expect(resume(bench).at(-1)).toBe('close 1006 "": ECONNRESET');
    expect(bench.transport.writes).toEqual([]);
  });

  test('is still to come when a handler is told of the loss; where nothing is, it is not', () => {
    const lost: unknown[] = [];
    for (const behind of [[text('b')], []]) {
      const bench = makeBench('server', { on: () => bench.driver.pause(), lost: (cause) => lost.push(cause) });
      bench.receive(text('a'), ...behind);
      bench.transport.lose(reset);
    }
    expect(lost).toEqual([reset]);
  });

  test('is dropped by terminate, and the end told soon', () => {
    const bench = losing([text('b')]);
    bench.driver.terminate();
    bench.driver.terminate(new Error('again'));
    expect([bench.told, bench.driver.state, bench.clock.timers]).toEqual([['text "first"'], 'closed', 0]);
    bench.clock.turn();
    expect(bench.told).toEqual(['text "first"', 'close 1006 "": ECONNRESET']);
    bench.driver.terminate();
    expect(resume(bench)).toHaveLength(2);
  });

  test('is dropped where the application takes none of it for closeReplyTimeout; with each that it takes, that begins anew', () => {
    const bench = losing([text('b'), text('c'), text('d')], {
      closeReplyTimeout: 500,
      on: (line) => /^text "[b-d]/.test(line) && bench.driver.pause(),
    });
    for (const next of ['text "b"', 'text "c"']) {
      bench.clock.advance(499);
      expect(resume(bench).at(-1)).toBe(next);
    }
    // When the time began anew is a matter of how it is measured: between once and twice that.
    bench.clock.advance(499);
    expect(bench.told).toHaveLength(3);
    bench.clock.advance(501);
    expect(bench.told.slice(3)).toEqual(['close 1006 "": ECONNRESET']);
    expect(resume(bench)).toHaveLength(4);
  });

  test('is not dropped where the application says that it takes something', () => {
    const bench = losing([text('b')], { closeReplyTimeout: 500 });
    for (let i = 0; i < 3; i++) {
      bench.clock.advance(499);
      bench.driver.taken();
      bench.clock.advance(1);
    }
    expect(bench.driver.gone).toBe(false);
    expect(resume(bench).slice(1)).toEqual(['text "b"', 'close 1006 "": ECONNRESET']);
  });

  test('waits for no rate', () => {
    const bench = makeBench('server', { on: () => bench.driver.pause(PauseReason.Rate) });
    bench.receive(text('a'), text('b'));
    bench.transport.lose(reset);
    bench.clock.turn();
    expect(bench.told.slice(0, 2)).toEqual(['text "a"', 'text "b"']);
  });

  test('is to be kept for who takes it later, until this end closes', () => {
    const bench = losing([text('b')]);
    expect(bench.driver.keepsUntaken).toBe(true);
    bench.driver.close(1000);
    expect(bench.driver.keepsUntaken).toBe(false);
    const before = makeBench('server', { on: () => before.driver.pause() });
    before.receive(text('a'), text('b'));
    before.driver.close(1000);
    before.transport.lose(reset);
    expect([before.driver.gone, before.driver.keepsUntaken]).toEqual([false, false]);
  });

  test('is dropped where a Close of ours had begun before, and the application does not go on', () => {
    const bench = makeBench('server', { closeReplyTimeout: 500, on: () => bench.driver.pause() });
    bench.receive(text('a'), text('b'));
    bench.driver.close(1000);
    bench.transport.lose(reset);
    bench.clock.advance(500);
    expect(bench.told).toEqual(['text "a"', 'close 1006 "": ECONNRESET']);
  });

  test.each([
    ['is terminated', (bench: Bench) => bench.driver.terminate(), []],
    [
      'throws',
      () => {
        throw new Error('bug');
      },
      ['thrown bug'],
    ],
  ] as const)('comes no more where it %s in a message', (_, act, told) => {
    const bench: Bench = losing([text('b'), text('c'), ping()], { on: (line) => line === 'text "b"' && act(bench) });
    expect(resume(bench).slice(1)).toEqual(['text "b"', ...told, 'close 1006 "": ECONNRESET']);
  });

  test('waits for each pause by itself, and a pause in the last message holds nothing', () => {
    const bench = losing([text('last')], { on: (line) => line === 'text "last"' && bench.driver.pause() });
    bench.driver.pause(PauseReason.Queue);
    bench.driver.pause(PauseReason.Rate);
    expect(resume(bench)).toHaveLength(1);
    bench.driver.resume(PauseReason.Rate);
    bench.driver.resume(PauseReason.Queue);
    bench.clock.turn();
    expect(bench.told.slice(1)).toEqual(['text "last"', 'close 1006 "": ECONNRESET']);
  });
});
