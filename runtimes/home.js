import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for one program, and its environment, in which that is its home: it finds no settings of this machine,
 * nothing that another has cached, and asks nobody for news.
 */
export function temporaryHome() {
  const path = mkdtempSync(join(tmpdir(), 'home-'));
  /** @type {Record<string, string | undefined>} */
  const env = {
    PATH: process.env['PATH'],
    HOME: path,
    DENO_DIR: join(path, 'deno'),
    DENO_NO_UPDATE_CHECK: '1',
    DO_NOT_TRACK: '1',
    NO_COLOR: '1',
  };
  return { path, env, remove: () => rmSync(path, { recursive: true, force: true }) };
}
