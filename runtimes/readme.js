import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The blocks of JavaScript in a README: what each says that it prints, line by line, and what it does print, run as a
 * user has it, who imports the built packages by their names.
 *
 * @param {string} folder of the README
 * @param {string} [cwd] where those packages are dependencies
 */
export function examplesOf(folder, cwd = folder) {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  return Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), ([, code = '']) => ({
    code,
    promised: Array.from(code.matchAll(/\/\/ prints: (.*)$/gm), ([, line = '']) => line.split(' / ')).flat(),
    print: () => {
      const args = ['--input-type=module', '--eval', code];
      return execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }).trimEnd().split('\n');
    },
  }));
}
