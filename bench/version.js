import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** @param {string} name a package */
export function version(name) {
  return /** @type {{ version: string }} */ (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')))
    .version;
}
