import { execFileSync } from 'node:child_process';
import { needsRuntimes, nodes } from '@ws/runtimes';
import { describe, expect, test } from 'vitest';

/** What a process has loaded of Node's own once it has run a program that imports something. */
function loaded(node: string, imported: string): string[] {
  const program = `await import('${imported}'); console.log(JSON.stringify(process.moduleLoadList))`;
  const argv = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(node, argv, { encoding: 'utf8', cwd: import.meta.dirname }));
}

/** The HTTP client behind `fetch`, Node's largest module: 3 MB of heap. */
const CLIENT = 'NativeModule internal/deps/undici/undici';

describe('a server loads no HTTP client', needsRuntimes, () => {
  test.each(nodes)('on $name', ({ binary }) => {
    const modules = loaded(binary(), '@ws/node-server');
    expect(modules).toContain('NativeModule net');
    expect(modules).not.toContain(CLIENT);
  });

  test('which is loaded by an import of node:http, from Node 22 on', () => {
    const node = nodes.find(({ name }) => name === 'Node 24')!;
    expect(loaded(node.binary(), 'node:http')).toContain(CLIENT);
  });
});
