import { concat } from '@ws/testkit';
import { expect, test } from 'vitest';
import { Pieces } from './pieces.ts';

type Piece = readonly [way: 'add' | 'addCopy', length: number];

/** Every way to come by up to three pieces, empty ones among them. */
function* everyWay(most = 3): Generator<readonly Piece[]> {
  yield [];
  if (most === 0) return;
  for (const rest of everyWay(most - 1))
    for (const way of ['add', 'addCopy'] as const) for (const length of [0, 1, 3]) yield [[way, length], ...rest];
}

test('all pieces in a row, but for what is cut from their end, in memory that is nobody else’s', () => {
  for (const way of everyWay()) {
    const bytes = way.map(([, length], i) => Uint8Array.from({ length }, (_, at) => 1 + 10 * i + at));
    const all = Array.from(concat(bytes));
    for (let without = 0; without <= all.length; without++) {
      const allocated: Uint8Array[] = [];
      const pieces = new Pieces((length) => {
        const memory = new Uint8Array(length);
        allocated.push(memory);
        return memory;
      });
      const given = bytes.map((piece) => piece.slice());
      for (const [i, [how]] of way.entries()) {
        pieces[how](given[i]!);
        // What was copied changes, as the scratch of a step does.
        if (how === 'addCopy') given[i]!.fill(0xff);
      }
      expect(pieces.length).toBe(all.length);
      const whole = pieces.join(without);
      for (const piece of given) piece.fill(0xff);
      const where = `${JSON.stringify(way)} without ${without}`;
      expect(Array.from(whole), where).toEqual(all.slice(0, all.length - without));
      expect(whole.buffer.byteLength, where).toBe(whole.length);
      expect(allocated.includes(whole), where).toBe(true);
      // Nothing is copied that was empty, and what was copied alone not twice.
      const copies = way.filter(([how, length]) => how === 'addCopy' && length > 0).length;
      const isAlone = without === 0 && copies === 1 && way.every(([how]) => how === 'addCopy');
      expect(allocated.length, where).toBe(isAlone ? 1 : copies + 1);
    }
  }
});
