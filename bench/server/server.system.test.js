import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { binaryOf } from '@ws/runtimes';
import { expect, test } from 'vitest';

const RUN = fileURLToPath(new URL('../run.js', import.meta.url));

// The binaries are installed here, if they are not, and not within the time of the test.
binaryOf('node-24', 'bin/node');

test('the benchmark of the server measures each server in all that it does', () => {
  const little = ['--rounds', '1', '--seconds', '0.05', '--idle', '500'];
  const printed = execFileSync(process.execPath, [RUN, 'server', ...little], { encoding: 'utf8' });
  const heads = printed.split('\n').filter((line, at, lines) => lines[at + 1]?.startsWith('| ---') && line !== '');
  expect(heads).toHaveLength(6);
  for (const name of ['ws', '@ws/node-server', 'Bun', 'Deno', 'net', 'node:http']) {
    expect(printed.split('\n').some((line) => line.startsWith('| ') && line.includes(` ${name} `))).toBe(true);
  }
  // A figure that could not be had.
  expect(printed).not.toMatch(/NaN|Infinity|undefined/);
}, 300_000);
