import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flat, readWritten } from '../endpoint.suite.ts';
import { ModelEnd } from './connection-model.suite.ts';
import {
  Close,
  End,
  FLAWS,
  faults,
  Hold,
  type Model,
  Move,
  ReadEnd,
  type Real,
  RealEnd,
  type Step,
  steps,
  Write,
} from './connection-steps.suite.ts';

const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** Lets both go on until nothing moves. Who is closed ends its stream when it has written all, as a driver does. */
function settle(model: Model, real: Real): void {
  for (const who of [0, 1] as const) if (model[who].held) new Hold(who, undefined).run(model, real);
  for (let moved = true; moved; ) {
    moved = false;
    for (const who of [0, 1] as const) {
      const { state, queued } = model[who];
      const possible: Step[] = [new Write(who, EVERYTHING), new Move(who, EVERYTHING), new ReadEnd(who, undefined)];
      if (state === 'closed' && queued === 0) possible.push(new End(who, EVERYTHING));
      for (const step of possible) {
        if (!step.check(model)) continue;
        step.run(model, real);
        moved = true;
      }
    }
  }
}

/**
 * Runs the steps and then lets both come to their end, comparing them with the model after each; `see` is told what
 * happened.
 */
function check(steps: fc.Arbitrary<Step>[], see: (what: string) => void): void {
  fc.assert(
    fc.property(fc.commands<Model, Real>(steps, { maxCommands: 80, size: 'max' }), (commands) => {
      const model: Model = [new ModelEnd('client'), new ModelEnd('server')];
      const real: Real = [new RealEnd('client'), new RealEnd('server')];
      fc.modelRun(() => ({ model, real }), commands);
      if (model.every(({ state }) => state === 'open')) new Close(0, { code: 4999, reason: '' }).run(model, real);
      settle(model, real);

      for (const who of [0, 1] as const) {
        const { endpoint, written } = real[who];
        // However it went, it is over; that was told at most once, and nothing behind it.
        expect(endpoint.connection.state).toBe('closed');
        const isEnd = (line: string | undefined) => line?.match(/^(close|violation [^ ]+)/)?.[0];
        expect(endpoint.events.slice(0, -1).filter(isEnd)).toEqual([]);
        // Legal for the peer to the last byte, and so is what an end that was cut off could not write any more.
        readWritten(model[who].role, flat([...written, ...endpoint.connection.take()]));

        see(isEnd(endpoint.events.at(-1)) ?? 'told of no end');
        if (model[who].toldWhileClosing > 1) see('told more than a Close while closing');
      }
      see(
        `closed by itself: ${model
          .filter(({ closes }) => closes)
          .map(({ role }) => role)
          .join(' and ')}`,
      );
    }),
    { numRuns: 500 },
  );
}

describe('two connections do what the model of two connections does', () => {
  test('on a pipe that cuts and delays', () => {
    const seen = new Set<string>();
    check(steps, (what) => seen.add(what));
    expect([...seen].sort()).toEqual([
      'close',
      'closed by itself: client',
      'closed by itself: client and server',
      'closed by itself: server',
      'told more than a Close while closing',
    ]);
  });

  test('on a pipe that also breaks, with peers that break rules', () => {
    const seen = new Set<string>();
    check([...steps, ...faults], (what) => seen.add(what));
    const violations = Object.values(FLAWS).flatMap((flaw) =>
      (['client', 'server'] as const).flatMap((role) =>
        (['none', 'text'] as const).map((sending) => `violation ${flaw({ role, sending }).violation}`),
      ),
    );
    for (const end of [
      'close',
      'told of no end',
      'violation end-inside-frame',
      'violation end-inside-message',
      ...violations,
    ]) {
      expect.soft(seen).toContain(end);
    }
  });
});
