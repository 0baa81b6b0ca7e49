/** Where the runtime is not Deno. */
import { afterEach, expect, test, vi } from 'vitest';
import { AcceptPolicy, serve } from './index.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('serve says that the runtime is not Deno, before it says anything of its options', () => {
  vi.stubGlobal('Deno', undefined);
  for (const options of [{ port: 0 }, { port: 'x', perMessageDeflate: 1 }, undefined]) {
    expect(() => serve(options as never, () => {})).toThrow(
      /^serve\(\) listens by Deno\.listen: this runtime is not Deno$/,
    );
  }
});

test('a policy is made also where there is no navigator, as on Node 20', () => {
  vi.stubGlobal('navigator', undefined);
  expect(new AcceptPolicy({ perMessageDeflate: {} })).toBeInstanceOf(AcceptPolicy);
  expect(new AcceptPolicy()).toBeInstanceOf(AcceptPolicy);
});
