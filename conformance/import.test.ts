import { execFileSync } from 'node:child_process';
import { binaryOf, isTheirSystem } from '@ws/runtimes';
import { describe, expect, test } from 'vitest';

/** What a process has loaded of Node's own once it has run a program that imports something. */
function loaded(node: string, imported: string): string[] {
  const program = `await import('${imported}'); console.log(JSON.stringify(process.moduleLoadList))`;
  const argv = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(binaryOf(node, 'bin/node'), argv, { encoding: 'utf8', cwd: import.meta.dirname }));
}

/** The HTTP client behind `fetch`, Node's largest module: 3 MB of heap. */
const CLIENT = 'NativeModule internal/deps/undici/undici';

// On other systems there is none of these runtimes to run.
describe.skipIf(!isTheirSystem)('a server loads no HTTP client', () => {
  test.each(['node-20', 'node-22', 'node-24', 'node-26'])('on %s', (node) => {
    const modules = loaded(node, '@ws/node-server');
    expect(modules).toContain('NativeModule net');
    expect(modules).not.toContain(CLIENT);
  });

  test('which is loaded by an import of node:http, from Node 22 on', () => {
    expect(loaded('node-24', 'node:http')).toContain(CLIENT);
  });
});
