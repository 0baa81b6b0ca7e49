import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFENCES } from '../rows/defences.js';
import { ROOT } from './run.js';

for (const { row, file, find, replace } of DEFENCES) {
  test(`${row}: what its patch takes out stands once in ${file}`, () => {
    assert.equal(readFileSync(join(ROOT, 'packages', file), 'utf8').split(find).length, 2);
    assert.notEqual(replace, find);
  });
}
