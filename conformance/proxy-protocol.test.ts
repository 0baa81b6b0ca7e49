import { execFileSync } from 'node:child_process';
import { needsRuntimes } from '@ws/runtimes';
import { describe, expect, test } from 'vitest';
import { runtimes } from './subjects.ts';

describe('the PROXY protocol', needsRuntimes, () => {
  test.each(runtimes.map(({ name, run }) => [name, run] as const))('on %s', (name, run) => {
    const [program = '', ...args] = run('proxy-protocol.js');
    const found = JSON.parse(
      execFileSync(program, args, { encoding: 'utf8', cwd: import.meta.dirname, timeout: 20_000 }),
    );
    if (name.startsWith('Bun')) expect(found).toMatch(/^TypeError: proxyProtocol cannot be had on Bun/);
    else expect(found).toEqual({ status: 'HTTP/1.1 101', remoteAddress: '192.0.2.7', bytesWithout: 0 });
  });
});
