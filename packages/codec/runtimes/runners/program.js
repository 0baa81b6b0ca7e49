import { spawn } from 'node:child_process';
import { temporaryHome } from '@ws/runtimes/home';

/** In milliseconds. Ends a hang: a run takes a second or two. */
const TIMEOUT = 120_000;

/**
 * Runs a program that prints the outcome of the suite as a line of JSON. It has an empty home, which is gone
 * afterwards, and nothing of our environment: the result is that of the runtime, not of this machine's settings.
 *
 * @param {string} program
 * @param {(home: string) => readonly string[]} args
 * @param {Record<string, string>} environment
 * @returns {Promise<import('./runtimes.js').Outcome>}
 */
export async function runProgram(program, args, environment = {}) {
  const home = temporaryHome();
  try {
    const { stdout, stderr, end } = await new Promise((resolve, reject) => {
      const child = spawn(program, args(home.path), {
        cwd: home.path,
        env: { ...home.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIMEOUT,
        killSignal: 'SIGKILL',
      });
      const output = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ ...output, end: signal ?? code }));
    });
    const line = stdout.split('\n').find((/** @type {string} */ text) => text.startsWith('{"checks":'));
    if (end === 0 && line !== undefined) return JSON.parse(line);
    throw new Error(`${program} ended with ${end} and printed no outcome\n${stdout}${stderr}`);
  } finally {
    home.remove();
  }
}
