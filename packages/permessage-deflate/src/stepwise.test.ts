import { expect, test } from 'vitest';
import { deflateInSteps } from './stepwise.ts';

test('a zlib that fails at any step is an error, and no message', () => {
  for (let fine = 0; fine < 3; fine++) {
    let steps = 0;
    const zlib = { inputLeft: 0, outputLeft: 0, step: () => steps++ < fine, reset() {} };
    const deflate = () => deflateInSteps(zlib, new Uint8Array(100), new Uint8Array(16), (n) => new Uint8Array(n));
    expect(deflate).toThrow('zlib has failed');
    expect(steps).toBe(fine + 1);
  }
});
