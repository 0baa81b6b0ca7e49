import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { checkBytes } from './check.ts';

test('a Uint8Array of another realm is one, no other array is', () => {
  for (const bytes of [new Uint8Array(1), Buffer.alloc(1), runInNewContext('new Uint8Array(1)')]) {
    expect(() => checkBytes(bytes, 'bytes')).not.toThrow();
  }
  for (const other of [
    new Int8Array(1),
    new Uint8ClampedArray(1),
    new ArrayBuffer(1),
    new DataView(new ArrayBuffer(1)),
  ]) {
    expect(() => checkBytes(other, 'bytes')).toThrow(TypeError);
  }
});
