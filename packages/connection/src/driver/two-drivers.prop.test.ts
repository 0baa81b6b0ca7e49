import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnyStep,
  Close,
  End,
  faults,
  Model,
  Move,
  type Real,
  Reset,
  steps,
  Turn,
  Wait,
  Written,
} from './driver-steps.suite.ts';

/** Lets both go on until nothing moves; time stands still. */
function settle(model: Model, real: Real): void {
  const now = (): string =>
    real
      .map(({ told, transport, wire, endMoved }) => [told.length, transport.calls.length, wire.length, endMoved])
      .join();
  for (let before = ''; before !== now(); ) {
    before = now();
    for (const who of [0, 1] as const) {
      new Turn(who, undefined).run(model, real);
      new Written(who, false).run(model, real);
      new Move(who, 1_000_000).run(model, real);
      new Reset(who, undefined).run(model, real);
    }
  }
}

function check(steps: fc.Arbitrary<AnyStep>[], finish: (model: Model, real: Real) => void): void {
  fc.assert(
    fc.property(fc.commands<Model, Real>(steps, { maxCommands: 80, size: 'max' }), (commands) => {
      const model = new Model();
      const real: Real = [new End('client'), new End('server')];
      fc.modelRun(() => ({ model, real }), commands);
      finish(model, real);
      for (const end of real) {
        expect(end.driver.gone).toBe(true);
        expect(end.clock.timers).toBe(0);
        // Legal for the peer to the last byte.
        end.written();
      }
    }),
    { numRuns: 200 },
  );
}

describe('two drivers', () => {
  test('on a pipe that cuts and delays: all that was sent is heard, and both end with the codes of RFC 6455, 7.1.5, without a time limit', () => {
    const closers = new Set<string>();
    check(steps, (model, real) => {
      if (real.every(({ driver }) => driver.state === 'open')) new Close(0, 4999).run(model, real);
      for (const end of real) {
        end.pausesAtMessage = false;
        end.pause(false);
      }
      settle(model, real);
      for (const who of [0, 1] as const) {
        const other = who === 0 ? 1 : 0;
        expect(real[who].messages).toEqual(model.sent[other]);
        const byPeer = model.closedWith[other];
        expect(real[who].told.at(-1)).toBe(
          `close ${byPeer ?? model.closedWith[who]} "${byPeer === undefined ? '' : 'enough'}"`,
        );
        expect(real[who].destroyed).toBe(false);
      }
      // Section 7.1.1.
      expect(model.endedFirst).toBe(1);
      closers.add(model.closedWith.map((code) => (code === undefined ? '-' : 'closes')).join(' '));
    });
    expect([...closers].sort()).toEqual(['- closes', 'closes -', 'closes closes']);
  });

  test('on a pipe that breaks, while time goes by, an end is terminated or breaks rules: both end within the time limits, and say why', () => {
    const ends = new Set<string>();
    check([...steps, ...steps, ...faults], (model, real) => {
      // Both want to leave, and who has paused does not resume.
      for (const who of [0, 1] as const) new Close(who, 4999).run(model, real);
      settle(model, real);
      // The time for what was read before a loss may have begun anew with the last of it that was taken.
      for (const ms of [10_000, 10_000, 1000]) {
        new Wait(0, ms).run(model, real);
        settle(model, real);
      }
      for (const { closes, cause } of real) {
        expect(closes[0]!.startsWith('close 1006')).toBe(cause !== undefined);
        ends.add(cause === undefined ? 'closed' : cause.message.replace(/ \(.*|\d.*/, ''));
      }
    });
    for (const end of [
      'closed',
      'the opcode is a reserved one',
      'the connection was terminated by this end',
      'the peer has not answered our Close for ',
      'the connection ended without a Close frame of the peer',
      'ECONNRESET',
      'ETIMEDOUT',
    ]) {
      expect.soft(ends).toContain(end);
    }
  });
});
