import { EventEmitter } from 'node:events';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { leanListeners } from './lean-listeners.ts';

// As names of events, these are what an object with a prototype would have already.
const name = fc.constantFrom('message', 'close', 'constructor', 'toString', '__proto__', 'hasOwnProperty');
const listener = fc.nat({ max: 2 });
const call = fc.oneof(
  fc.tuple(fc.constantFrom('on', 'once', 'prependListener', 'off'), name, listener),
  fc.tuple(fc.constantFrom('emit', 'removeAllListeners'), name),
);

/** What an emitter tells, and says of itself, while these calls are made. */
function transcript(emitter: EventEmitter, calls: readonly (readonly [string, string, number?])[]): unknown[] {
  const lines: unknown[] = [];
  const listeners = [0, 1, 2].map(
    (i) =>
      (...args: unknown[]) =>
        void lines.push([i, ...args]),
  );
  for (const [method, event, which] of calls) {
    const argument = which === undefined ? 'told' : listeners[which];
    const returned = (emitter as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!(event, argument);
    lines.push(returned === emitter ? 'itself' : returned);
    lines.push(emitter.eventNames(), emitter.listenerCount(event), emitter.listeners(event).length);
  }
  return lines;
}

test('an emitter with lean listeners does what any other does', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
      const lean = new EventEmitter();
      leanListeners(lean);
      expect(transcript(lean, calls)).toEqual(transcript(new EventEmitter(), calls));
    }),
    { numRuns: 500 },
  );
});
