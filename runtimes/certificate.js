import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('./throw-away-certificates', import.meta.url));

/**
 * A self-signed certificate for localhost and 127.0.0.1, until 2126, for tests and benchmarks alone: its key is here
 * for everybody to read. It was made once, since Node makes none; `renewed` is another for the same names.
 *
 * @param {'localhost' | 'renewed'} [name]
 */
export function certificate(name = 'localhost') {
  const folder = join(FOLDER, name);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile, folder };
}
