import { isUtf8 } from 'node:buffer';
import { byteSoup, concat, decodeNaively, legalCloseCode, rawFrame } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, eventLine, flat, ping, pong, type Role, readWritten, text, utf8 } from '../endpoint.suite.ts';
import { SlowExtension, ticks, turned } from '../machine/slow-extension.suite.ts';
import { PauseReason } from './reader.ts';
import { Bench } from './test-transport.suite.ts';

/** What an application can do at any time, also from inside a handler. */
type Call = (trial: Trial) => void;

/** A driver on which anything may happen, and what it must have promised by then. */
class Trial extends Bench {
  /** What the next handlers do once they have written down what they were told. */
  readonly reactions: Call[] = [];
  sends = 0;
  /** A send has returned false and nothing has been told since. */
  owesDrain = false;
  appPaused = false;
  hookDecides = false;
  threw = false;
  terminated = false;
  /** The time was up for what had been read before a loss and was held back. */
  timeWasUp = false;
  /** An extension has failed: there may be less to tell than what has come. */
  failed = false;
  /** How much of the peer's had been told when the transport was lost, and something was left. */
  toldBeforeLoss = Number.POSITIVE_INFINITY;
  /** Undefined: there is no extension. */
  readonly slow: SlowExtension | undefined;
  #texts = 0;

  constructor(role: Role, slow: SlowExtension | undefined) {
    super(role, {
      extensions: slow === undefined ? [] : [slow],
      on: (line) => {
        if (line === 'drain') this.owesDrain = false;
        this.reactions.shift()?.(this);
      },
    });
    this.slow = slow;
  }

  write(submit: (callback: (error?: Error) => void) => boolean): void {
    this.sends++;
    const callback = this.callback();
    let inside = true;
    const ok = submit((error) => {
      if (inside) this.transport.misuse.push('called back from inside send');
      callback(error);
    });
    inside = false;
    if (!ok && this.driver.state === 'open' && !this.terminated) this.owesDrain = true;
  }

  /** Messages that say which they are. */
  receiveTexts(count: number): void {
    for (let i = 0; i < count; i++) this.receive(text(`numbered ${this.#texts++}`));
  }

  lose(error: Error | undefined): void {
    const before = this.transport.gone;
    this.transport.lose(error);
    if (!before && !this.driver.gone) this.toldBeforeLoss = this.owed().heard.length;
  }

  wait(ms: number): void {
    this.clock.turn();
    const isHeld = this.transport.gone && !this.driver.gone;
    this.clock.advance(ms);
    if (isHeld && this.driver.gone) this.timeWasUp = true;
  }

  /** What of the peer's is to be told, in the end, if nothing but its own bytes ends it; and what was told of it. */
  owed(): { due: string[]; heard: string[] } {
    const rules = { role: this.role, allowedRsv: this.slow?.rsv ?? 0 };
    const due: string[] = [];
    for (const event of decodeNaively(flat(this.transport.given), rules).events) {
      if (event.type === 'close') break;
      if (event.type !== 'message' || event.rsv === 0) {
        due.push(eventLine(event));
        continue;
      }
      const payload = turned(event.payload);
      if (event.payload[0] === 0xff || (event.opcode === 1 && !isUtf8(payload))) break;
      due.push(eventLine({ ...event, payload, rsv: 0 }));
    }
    return { due, heard: this.told.filter((line) => /^(text|binary|ping|pong) /.test(line)) };
  }

  /** The application takes its pauses back, and the extension answers, until nothing is left to tell. */
  async goOn(): Promise<void> {
    for (
      let before = -1;
      before !== this.told.length || this.appPaused || this.hookDecides || this.slow?.busy.decode;
    ) {
      before = this.told.length;
      this.appPaused = false;
      this.driver.resume();
      this.decided();
      await this.slow?.answer();
      this.clock.turn();
    }
  }

  decided(): void {
    this.hookDecides = false;
    this.driver.resume(PauseReason.Hook);
  }

  receiveEncoded(): void {
    const payload = utf8(`numbered ${this.#texts++}`);
    if (this.slow === undefined) this.receive({ opcode: 1, payload });
    else this.receive({ opcode: 1, rsv1: true, payload: turned(payload) });
  }
}

const size = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(4096, 4097, 65_000, 70_000, 140_000));
const act = <T>(weight: number, argument: fc.Arbitrary<T>, call: (trial: Trial, argument: T) => void) => ({
  weight,
  // A counterexample should say what was called.
  arbitrary: argument.map(
    (value): Call =>
      Object.assign((trial: Trial) => call(trial, value), { toString: () => `${call} ${fc.stringify(value)}` }),
  ),
});
const nothing = fc.constant(undefined);

/** What does not lead to an end comes often, so that much has happened before it. */
const pause: Call = (trial) => {
  trial.appPaused = true;
  trial.driver.pause();
};

const appCalls = [
  act(30, fc.tuple(size, fc.boolean()), (trial, [size, compress]) =>
    trial.write((callback) => trial.driver.send(new Uint8Array(size), { compress }, callback)),
  ),
  act(10, nothing, (trial) => trial.write((callback) => trial.driver.ping('p', callback))),
  act(5, nothing, (trial) => trial.write((callback) => trial.driver.pong('p', callback))),
  act(10, nothing, pause),
  act(20, nothing, (trial) => {
    trial.appPaused = false;
    trial.driver.resume();
  }),
  act(3, nothing, (trial) => {
    trial.hookDecides = true;
    trial.driver.pause(PauseReason.Hook);
  }),
  act(10, nothing, (trial) => trial.decided()),
  act(30, nothing, (trial) => trial.driver.rest()),
  act(2, legalCloseCode(), (trial, code) => trial.driver.close(code)),
  act(1, nothing, (trial) => {
    trial.terminated = true;
    trial.driver.terminate();
  }),
];

const reaction = fc.oneof(
  ...appCalls,
  act(2, nothing, (trial) => {
    trial.threw = true;
    trial.appPaused = false;
    throw new Error('bug');
  }),
);

const loss = fc.constantFrom(undefined, new Error('ECONNRESET'));
const pings = (count: number) => Array.from({ length: count }, () => ping('x'.repeat(120)));

const outside = (role: Role) =>
  fc.oneof(
    ...appCalls,
    act(40, fc.nat({ max: 3 }), (trial, count) => trial.receiveTexts(count)),
    act(20, nothing, (trial) => trial.receiveEncoded()),
    act(40, fc.option(fc.constant(new Error('no memory')), { freq: 20, nil: undefined }), (trial, error) => {
      if (error !== undefined && (trial.slow?.waiting.length ?? 0) > 0) trial.failed = true;
      return trial.slow?.answer(error);
    }),
    act(10, fc.nat({ max: 200 }), (trial, count) => trial.receive(...pings(count))),
    act(5, nothing, (trial) => trial.receive(pong('?'))),
    act(40, nothing, (trial) => trial.transport.finishWrite()),
    act(10, fc.boolean(), (trial, fast) => {
      trial.transport.fast = fast;
    }),
    act(5, fc.nat({ max: 3 }), (trial, lag) => {
      trial.transport.lag = lag;
    }),
    act(60, nothing, (trial) => {
      trial.clock.turn();
      checkAtRest(trial);
    }),
    act(10, nothing, (trial) => trial.clock.settle()),
    act(30, reaction, (trial, call) => trial.reactions.push(call)),
    act(3, fc.constantFrom(1, 999, 1000, 9_999), (trial, ms) => trial.wait(ms)),
    act(2, legalCloseCode(), (trial, code) => trial.receive(closeFrame(code))),
    act(2, byteSoup({ role }), (trial, bytes) => trial.transport.deliver(bytes)),
    act(2, nothing, (trial) => trial.transport.deliverEnd()),
    act(1, loss, (trial, error) => trial.lose(error)),
    act(2, loss, (trial, error) => {
      trial.reactions.unshift(pause);
      trial.receiveTexts(3);
      trial.lose(error);
    }),
  );

function checkNow(trial: Trial): void {
  const { driver, transport, told } = trial;
  expect(transport.misuse).toEqual([]);
  expect(driver.bufferedAmount).toBeGreaterThanOrEqual(0);
  if (transport.gone) expect([driver.bufferedAmount, driver.state === 'open']).toEqual([0, false]);
  const end = told.findIndex((line) => line.startsWith('close'));
  expect(end !== -1).toBe(driver.gone);
  const numbered = told.filter((line) => line.startsWith('text "numbered '));
  expect(numbered).toEqual(numbered.map((_, i) => `text "numbered ${i}"`));
  if (driver.state === 'closed' && !driver.gone && !transport.destroyed) expect(trial.clock.timers).toBeGreaterThan(0);
}

/** With nothing left to do in this turn. */
function checkAtRest(trial: Trial): void {
  const { driver, transport } = trial;
  if (transport.destroyed) return;
  const busy = trial.slow?.busy;
  if (!transport.writing && !busy?.encode) {
    expect(driver.bufferedAmount).toBe(0);
    if (!trial.threw) expect(trial.owesDrain).toBe(false);
  }
  if (driver.state === 'closed') expect(transport.paused).toBe(false);
  else if (trial.appPaused || trial.hookDecides) expect(transport.paused).toBe(true);
  // Only a message in the hands of an extension, or pings that cannot be answered, stop the reading otherwise; these
  // are timed.
  else if (transport.paused && !busy?.decode) {
    expect(transport.writing).toBe(true);
    expect(trial.clock.timers).toBeGreaterThan(0);
  }
}

describe.each(['server', 'client'] as const)('a %s', (role) => {
  test.each([
    ['no extension', false],
    ['one that takes its time', true],
  ])(
    'with %s: whatever happens, in any order: the end comes, once and last, no callback is lost, and the transport is used as it must be',
    async (_, extended) => {
      const ends = new Map<string, number>();
      let drains = 0;
      let late = 0;
      const anyCalls = fc.array(outside(role), { maxLength: 80, size: 'max' });
      await fc.assert(
        fc.asyncProperty(anyCalls, fc.boolean(), fc.boolean(), async (calls, fast, lost) => {
          const slow = extended ? new SlowExtension() : undefined;
          const trial = new Trial(role, slow);
          trial.transport.fast = fast;
          for (const call of calls) {
            call(trial);
            if (extended) await ticks();
            checkNow(trial);
          }
          if (lost) {
            trial.lose(new Error('ECONNRESET'));
            await trial.goOn();
            expect(trial.driver.gone).toBe(true);
          }
          // What was read is told, up to the peer's end, however that came; not what this end has given up.
          const { due, heard } = trial.owed();
          expect(heard).toEqual(due.slice(0, heard.length));
          const { terminated, threw, failed, timeWasUp, transport } = trial;
          const gaveUp = terminated || threw || failed || timeWasUp || transport.calls.includes('destroy');
          if (trial.driver.gone && !gaveUp) expect(heard).toEqual(due);
          if (heard.length > trial.toldBeforeLoss) late++;
          // A peer that does nothing any more, and an application that wants to leave: it is over within the two time
          // limits.
          trial.reactions.length = 0;
          trial.driver.close(1000);
          trial.clock.advance(21_000);
          expect(trial.driver.gone).toBe(true);
          checkNow(trial);
          expect(trial.clock.timers).toBe(0);

          const end = trial.told.findIndex((line) => line.startsWith('close'));
          expect(trial.told.filter((line) => line.startsWith('close'))).toHaveLength(1);
          // What is called from inside the last handler is answered after it.
          for (const line of trial.told.slice(end + 1))
            expect(line).toMatch(/^(unsent \d+: the connection is closed|thrown)/);
          const called = trial.told
            .filter((line) => /^(un)?sent /.test(line))
            .map((line) => Number.parseInt(line.split('sent ')[1]!, 10));
          expect(called.sort((a, b) => a - b)).toEqual(Array.from({ length: trial.sends }, (_, i) => i + 1));
          readWritten(role, flat(trial.transport.writes), extended ? 0x40 : 0, !trial.transport.destroyed);
          if (slow !== undefined) {
            expect(slow.closed).toBe(1);
            const told = trial.told.length;
            while (slow.waiting.length > 0) await slow.answer();
            trial.clock.settle();
            expect([trial.told.length, trial.driver.bufferedAmount]).toEqual([told, 0]);
          }

          const [, kind] = /^(close \d+).*$/.exec(trial.told[end]!)!;
          ends.set(kind!, (ends.get(kind!) ?? 0) + 1);
          drains += trial.told.filter((line) => line === 'drain').length;
        }),
        { numRuns: 300 },
      );
      // The ways to the end that matter were walked, and so was backpressure.
      const abnormal = ends.get('close 1006')!;
      expect(abnormal).toBeGreaterThan(100);
      expect([...ends.values()].reduce((sum, count) => sum + count) - abnormal).toBeGreaterThan(0);
      expect(drains).toBeGreaterThan(0);
      // So were losses behind which something was told.
      expect(late).toBeGreaterThan(2);
    },
  );
});

test('sent bytes arrive in order, whatever the speed of the writes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.nat({ max: 3 }), fc.boolean()), { maxLength: 30 }), (steps) => {
      const bench = new Bench('server');
      const sent: Uint8Array[] = [];
      for (const [i, [size, then, fast]] of steps.entries()) {
        const payload = new Uint8Array(size).fill(i);
        bench.transport.fast = fast;
        bench.driver.send(payload, {});
        sent.push(rawFrame({ opcode: 2, payload }));
        if (then === 0) bench.clock.turn();
        if (then === 1) bench.transport.finishWrite();
      }
      while (bench.driver.bufferedAmount > 0) {
        bench.clock.turn();
        bench.transport.finishWrite();
      }
      expect(Buffer.compare(concat(bench.transport.writes), concat(sent))).toBe(0);
      expect(bench.transport.misuse).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
