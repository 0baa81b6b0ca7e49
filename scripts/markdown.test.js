import assert from 'node:assert/strict';
import test from 'node:test';
import { putSection, tableOf } from './markdown.js';

const table = '| a   | bcde |\n| --- | ---- |\n| 1   | 2    |';

test('a table is as wide as its widest cells, and figures stand at the right', () => {
  assert.equal(tableOf(['a', 'bcde'], [['1', '2']]), table);
  assert.equal(tableOf(['a', 'b'], [['1', '12,345']], 1), '| a   |      b |\n| --- | -----: |\n| 1   | 12,345 |');
  assert.equal(tableOf(['a'], [['1']], 0), '|   a |\n| --: |\n|   1 |');
});

test('a table takes the place of the one that the README has', () => {
  const readme = putSection('before <x> old </x> after <x> </x>', '<x>', '</x>', table);
  assert.equal(readme, `before <x>\n\n${table}\n\n</x> after <x> </x>`);
  assert.equal(putSection(readme, '<x>', '</x>', table), readme);
});

test('without both marks, in their order, there is no place for it', () => {
  for (const text of ['', '<x>', '</x>', '</x> <x>']) {
    assert.throws(() => putSection(text, '<x>', '</x>', table), /put these lines there\n<x>\n<\/x>/);
  }
});
