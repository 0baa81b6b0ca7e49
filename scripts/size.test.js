import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { problemOf, sizeOf } from './size.js';

test('an export alone weighs nothing of what it does not use, and of a dependency the import', () => {
  const dir = mkdtempSync(join(tmpdir(), 'size-'));
  try {
    const module = join(dir, 'index.js');
    const words = Array.from({ length: 100 }, (_, i) => `word ${i * i}`).join();
    writeFileSync(
      module,
      `import { used } from 'a-package-that-is-not-there';
       const words = ${JSON.stringify(words)};
       export const small = () => 1;
       export const large = () => used(words);`,
    );
    const [small, large, whole] = [sizeOf(module, ['small']), sizeOf(module, ['large']), sizeOf(module)];
    assert.ok(small.min < 100, `small: ${small.min}`);
    assert.ok(large.min > words.length && large.min < words.length + 120, `large: ${large.min} of ${words.length}`);
    assert.ok(whole.min > large.min && whole.gzip < whole.min, `whole: ${whole.min}, ${whole.gzip}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what is over its limit is told, and by how much; what is at it, or has none, is not', () => {
  const part = { name: 'a part', of: 'codec', limit: 1000 };
  assert.match(problemOf(part, { min: 3000, gzip: 1001 }) ?? '', /^a part is 1 bytes over its limit of 1000: /);
  assert.equal(problemOf(part, { min: 3000, gzip: 1000 }), undefined);
  assert.equal(problemOf({ name: 'another', of: 'codec' }, { min: 1e9, gzip: 1e9 }), undefined);
});
