import { byteSoup, concat, legalCloseCode, rawFrame } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, flat, ping, pong, type Role, readWritten, text, utf8 } from '../endpoint.suite.ts';
import { SlowExtension, ticks, turned } from '../machine/slow-extension.suite.ts';
import { Bench } from './test-transport.suite.ts';

/** What an application can do at any time, also from inside a handler. */
type Call = (it: Trial) => void;

/** A driver on which anything may happen, and what it must have promised by then. */
class Trial extends Bench {
  /** What the next handlers do once they have written down what they were told. */
  readonly reactions: Call[] = [];
  sends = 0;
  /** A send has returned false and nothing has been told since. */
  owesDrain = false;
  appPaused = false;
  threw = false;
  terminated = false;
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

  receiveEncoded(): void {
    const payload = utf8(`numbered ${this.#texts++}`);
    if (this.slow === undefined) this.receive({ opcode: 1, payload });
    else this.receive({ opcode: 1, rsv1: true, payload: turned(payload) });
  }
}

const size = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(4096, 4097, 65_000, 70_000, 140_000));
const act = <T>(weight: number, argument: fc.Arbitrary<T>, call: (it: Trial, argument: T) => void) => ({
  weight,
  // A counterexample should say what was called.
  arbitrary: argument.map(
    (value): Call =>
      Object.assign((it: Trial) => call(it, value), { toString: () => `${call} ${fc.stringify(value)}` }),
  ),
});
const nothing = fc.constant(undefined);

/** What does not lead to an end comes often, so that much has happened before it. */
const appCalls = [
  act(30, fc.tuple(size, fc.boolean()), (it, [size, compress]) =>
    it.write((callback) => it.driver.send(new Uint8Array(size), { compress }, callback)),
  ),
  act(10, nothing, (it) => it.write((callback) => it.driver.ping('p', callback))),
  act(5, nothing, (it) => it.write((callback) => it.driver.pong('p', callback))),
  act(10, nothing, (it) => {
    it.appPaused = true;
    it.driver.pause();
  }),
  act(20, nothing, (it) => {
    it.appPaused = false;
    it.driver.resume();
  }),
  act(2, legalCloseCode(), (it, code) => it.driver.close(code)),
  act(1, nothing, (it) => {
    it.terminated = true;
    it.driver.terminate();
  }),
];

const reaction = fc.oneof(
  ...appCalls,
  act(2, nothing, (it) => {
    it.threw = true;
    it.appPaused = false;
    throw new Error('bug');
  }),
);

const pings = (count: number) => Array.from({ length: count }, () => ping('x'.repeat(120)));

const outside = (role: Role) =>
  fc.oneof(
    ...appCalls,
    act(40, fc.nat({ max: 3 }), (it, count) => it.receiveTexts(count)),
    act(20, nothing, (it) => it.receiveEncoded()),
    act(40, fc.option(fc.constant(new Error('no memory')), { freq: 20, nil: undefined }), (it, error) =>
      it.slow?.answer(error),
    ),
    act(10, fc.nat({ max: 200 }), (it, count) => it.receive(...pings(count))),
    act(5, nothing, (it) => it.receive(pong('?'))),
    act(40, nothing, (it) => it.transport.finishWrite()),
    act(10, fc.boolean(), (it, fast) => {
      it.transport.fast = fast;
    }),
    act(5, fc.nat({ max: 3 }), (it, lag) => {
      it.transport.lag = lag;
    }),
    act(60, nothing, (it) => {
      it.clock.turn();
      checkAtRest(it);
    }),
    act(10, nothing, (it) => it.clock.settle()),
    act(30, reaction, (it, call) => it.reactions.push(call)),
    act(3, fc.constantFrom(1, 999, 1000, 9_999), (it, ms) => it.clock.advance(ms)),
    act(2, legalCloseCode(), (it, code) => it.receive(closeFrame(code))),
    act(2, byteSoup({ role }), (it, bytes) => it.transport.deliver(bytes)),
    act(2, nothing, (it) => it.transport.deliverEnd()),
    act(1, fc.constantFrom(undefined, new Error('ECONNRESET')), (it, error) => it.transport.lose(error)),
  );

function checkNow(it: Trial): void {
  const { driver, transport, told } = it;
  expect(transport.misuse).toEqual([]);
  expect(driver.bufferedAmount).toBeGreaterThanOrEqual(0);
  if (driver.gone) expect(driver.bufferedAmount).toBe(0);
  const end = told.findIndex((line) => line.startsWith('close'));
  expect(end !== -1).toBe(driver.gone);
  const numbered = told.filter((line) => line.startsWith('text "numbered '));
  expect(numbered).toEqual(numbered.map((_, i) => `text "numbered ${i}"`));
  if (driver.state === 'closed' && !driver.gone && !transport.destroyed) expect(it.clock.timers).toBeGreaterThan(0);
}

/** With nothing left to do in this turn. */
function checkAtRest(it: Trial): void {
  const { driver, transport } = it;
  if (transport.destroyed) return;
  const busy = it.slow?.busy;
  if (!transport.writing && !busy?.encode) {
    expect(driver.bufferedAmount).toBe(0);
    if (!it.threw) expect(it.owesDrain).toBe(false);
  }
  if (driver.state === 'closed') expect(transport.paused).toBe(false);
  else if (it.appPaused) expect(transport.paused).toBe(true);
  // Only a message in the hands of an extension, or pings that cannot be answered, stop the reading otherwise; these are timed.
  else if (transport.paused && !busy?.decode) {
    expect(transport.writing).toBe(true);
    expect(it.clock.timers).toBeGreaterThan(0);
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
      await fc.assert(
        fc.asyncProperty(fc.boolean(), fc.array(outside(role), { maxLength: 80, size: 'max' }), async (fast, calls) => {
          const slow = extended ? new SlowExtension() : undefined;
          const it = new Trial(role, slow);
          it.transport.fast = fast;
          for (const call of calls) {
            call(it);
            if (extended) await ticks();
            checkNow(it);
          }
          // A peer that does nothing any more, and an application that wants to leave: it is over within the two time limits.
          it.reactions.length = 0;
          it.driver.close(1000);
          it.clock.advance(11_000);
          expect(it.driver.gone).toBe(true);
          checkNow(it);
          expect(it.clock.timers).toBe(0);

          const end = it.told.findIndex((line) => line.startsWith('close'));
          expect(it.told.filter((line) => line.startsWith('close'))).toHaveLength(1);
          // What is called from inside the last handler is answered after it.
          for (const line of it.told.slice(end + 1))
            expect(line).toMatch(/^(unsent \d+: the connection is closed|thrown)/);
          const called = it.told
            .filter((line) => /^(un)?sent /.test(line))
            .map((line) => Number.parseInt(line.split('sent ')[1]!, 10));
          expect(called.sort((a, b) => a - b)).toEqual(Array.from({ length: it.sends }, (_, i) => i + 1));
          readWritten(role, flat(it.transport.writes), extended ? 0x40 : 0, !it.transport.destroyed);
          if (slow !== undefined) {
            expect(slow.closed).toBe(1);
            const told = it.told.length;
            while (slow.waiting.length > 0) await slow.answer();
            it.clock.settle();
            expect([it.told.length, it.driver.bufferedAmount]).toEqual([told, 0]);
          }

          const [, kind] = /^(close \d+).*$/.exec(it.told[end]!)!;
          ends.set(kind!, (ends.get(kind!) ?? 0) + 1);
          drains += it.told.filter((line) => line === 'drain').length;
        }),
        { numRuns: 300 },
      );
      // The ways to the end that matter were walked, and so was backpressure.
      const abnormal = ends.get('close 1006')!;
      expect(abnormal).toBeGreaterThan(100);
      expect([...ends.values()].reduce((sum, count) => sum + count) - abnormal).toBeGreaterThan(5);
      expect(drains).toBeGreaterThan(10);
    },
  );
});

test('sent bytes arrive in order, whatever the speed of the writes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.nat({ max: 3 }), fc.boolean()), { maxLength: 30 }), (steps) => {
      const it = new Bench('server');
      const sent: Uint8Array[] = [];
      for (const [i, [size, then, fast]] of steps.entries()) {
        const payload = new Uint8Array(size).fill(i);
        it.transport.fast = fast;
        it.driver.send(payload, {});
        sent.push(rawFrame({ opcode: 2, payload }));
        if (then === 0) it.clock.turn();
        if (then === 1) it.transport.finishWrite();
      }
      while (it.driver.bufferedAmount > 0) {
        it.clock.turn();
        it.transport.finishWrite();
      }
      expect(Buffer.compare(concat(it.transport.writes), concat(sent))).toBe(0);
      expect(it.transport.misuse).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
