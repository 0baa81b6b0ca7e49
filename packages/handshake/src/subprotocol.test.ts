import { expect, test } from 'vitest';
import { selectSubprotocol } from './subprotocol.ts';

test("the server's preference decides", () => {
  expect(selectSubprotocol(['a', 'b'], ['b', 'a'])).toBe('b');
  expect(selectSubprotocol(['a'], ['c', 'a'])).toBe('a');
  expect(selectSubprotocol(['a'], ['A', 'constructor'])).toBe(undefined);
  expect(selectSubprotocol([], ['a'])).toBe(undefined);
  expect(selectSubprotocol(['a'], [])).toBe(undefined);
});
