import { expect, test } from 'vitest';
import { type Counts, rowLines } from './table.js';

const row = (role: string, runtime: string, counts: Counts) => ({ what: 'echo', role, runtime, counts });

test('runtimes that have executed the same share a row; one that has executed fewer has its own', () => {
  const all = { messages: 2, closing: 1 };
  const rows = [
    row('server', 'Node 20', all),
    row('server', 'Node 22', all),
    row('server', 'Bun 1', { messages: 2 }),
    row('server', 'Deno 2', all),
    row('client', 'Node 20', all),
    row('both', 'Chromium', all),
  ];
  expect(rowLines(rows)).toEqual([
    '| echo | server | Node 20, 22; Deno 2 | | 2 | | | 1 | | | | | 3 |',
    '| echo | server | Bun 1 | | 2 | | | | | | | | 2 |',
    '| echo | client | Node 20 | | 2 | | | 1 | | | | | 3 |',
    '| echo | both | Chromium | | 2 | | | 1 | | | | | 3 |',
  ]);
});
