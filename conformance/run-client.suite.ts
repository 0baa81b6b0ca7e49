import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { temporaryHome } from '@ws/runtimes/home';
import type { Outcome } from './client.suite.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Runs a program that prints the outcome of the client's suite as a line of JSON. */
export async function runClient(
  commandIn: (home: string) => readonly string[],
): Promise<Outcome & { version: string }> {
  const home = temporaryHome();
  try {
    const [program = '', ...args] = commandIn(home.path);
    const child = spawn(program, args, { cwd: HERE, env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    const line = output.stdout.split('\n').find((text) => text.startsWith('{"counts":'));
    if (code === 0 && line !== undefined) return JSON.parse(line);
    throw new Error(`${program} ended with ${code} and printed no outcome\n${output.stdout}${output.stderr}`);
  } finally {
    home.remove();
  }
}
