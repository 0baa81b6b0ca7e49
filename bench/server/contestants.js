/** Who is measured beside @ws/node-server, and how each is started. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryOf, bun, deno, Missing, versionOf } from '@ws/runtimes';
import { version } from '../version.js';

/**
 * `raw`: no WebSocket but a bare echo. `strings`: text comes as a string, whether one wants it or not.
 *
 * @typedef {{ name: string, version: string, program: string, args: string[], raw?: true, strings?: true }} Contestant
 * @typedef {{ node: string, glibc: string | undefined, rounds: number, seconds: number, idle: number }} Settings
 */

const UWS = '@btc-vision/uwebsockets.js';
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** Ours, in the tables. */
export const OURS = '@ws/node-server';
/** A bare echo: how fast this runtime can be at all. */
export const LIMIT = 'net';
/** The least that a server behind `node:http` can be. */
export const UPGRADED = 'node:http';

/**
 * @param {Settings} settings
 * @param {string[]} names of whom is wanted; ws comes first, since all others are compared with it
 * @param {string} [folder] of a certificate, for TLS
 * @returns {Contestant[]} those of them that there are here; of the others, a line is printed
 */
export function contestants({ node, glibc }, names, folder) {
  const more = folder === undefined ? [] : [folder];
  const nodeServer = (/** @type {string} */ name, /** @type {string} */ version) => () => ({
    ...{ name, version, program: node },
    args: ['--expose-gc', here('node.js'), name, ...more],
  });
  /** @type {Record<string, () => Omit<Contestant, 'name'>>} */
  const all = {
    ws: nodeServer('ws', `${version('ws')} with bufferutil ${version('bufferutil')}`),
    [OURS]: nodeServer(OURS, ''),
    'uWebSockets.js': () => ({ version: versionOf(UWS), ...nodeForUws(node, glibc) }),
    Bun: () => ({
      version: bun.version,
      program: bun.binary(),
      args: [here('../bun/server.js')],
      strings: true,
    }),
    Deno: () => ({
      version: deno.version,
      program: deno.binary(),
      args: [
        ...['run', '--no-remote', '--no-config', '--node-modules-dir=manual', '--allow-net', '--v8-flags=--expose-gc'],
        ...[here('../deno/server.js'), 'Deno'],
      ],
      strings: true,
    }),
    [LIMIT]: () => ({ version: '', program: node, args: ['--expose-gc', here('net.js'), ...more], raw: true }),
    [UPGRADED]: () => ({ version: '', program: node, args: ['--expose-gc', here('upgraded.js')] }),
  };
  return names.flatMap((name) => {
    try {
      return [{ name, .../** @type {() => Omit<Contestant, 'name'>} */ (all[name])() }];
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      console.log(`${name} is left out: ${error.message}\n`);
      return [];
    }
  });
}

/**
 * Its binaries are on GitHub; npm has them in a package of somebody else's. They are for the C library of Debian 13 and
 * newer: a Node that finds an older one is started with the one in `glibc`.
 *
 * @param {string} node
 * @param {string | undefined} glibc a folder with libc.so.6 and its loader
 */
function nodeForUws(node, glibc) {
  const uws = binaryOf(UWS, 'uws.js');
  const [program, ...args] =
    glibc === undefined ? [node] : [join(glibc, 'ld-linux-x86-64.so.2'), '--library-path', glibc, node];
  try {
    execFileSync(program, [...args, '-e', `require(${JSON.stringify(uws)})`], { stdio: 'pipe' });
  } catch (error) {
    const why = /version `(GLIBC_[\d.]+)' not found/.exec(String(error))?.[1];
    throw new Missing(why === undefined ? String(error) : `it needs ${why}, see --glibc in bench/README.md`);
  }
  return { program, args: [...args, '--expose-gc', here('uws.js')] };
}

/** @param {readonly Contestant[]} all */
export const versionsOf = (all) =>
  all.flatMap(({ name, version }) => (version === '' ? [] : [`${name} ${version}`])).join(', ');
