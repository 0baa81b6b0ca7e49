import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deno } from '@ws/runtimes';
import { temporaryHome } from '@ws/runtimes/home';
import { onTestFinished } from 'vitest';

export const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

/** Starts Deno with a home of its own, in which nothing is cached, so that nothing is found by accident. */
function spawnDeno(args: string[], cwd: string = PACKAGE, env: Record<string, string> = {}): ChildProcess {
  const home = temporaryHome();
  const child = spawn(deno.binary(), args, {
    cwd,
    env: { ...home.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Only ends a hang.
    timeout: 100_000,
  });
  child.stdin!.on('error', () => {});
  child.on('exit', () => home.remove());
  return child;
}

/** Runs Deno to its end. */
export async function runDeno(
  args: string[],
  cwd?: string,
  env?: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawnDeno(args, cwd, env);
  child.stdin!.end();
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

/** A program in Deno that prints lines. It ends with the test. */
export interface Program {
  readonly child: ChildProcess;
  line(): Promise<string>;
}

/** Runs TypeScript, with no permission but those that are named. */
export function program(code: string, args: string[]): Program {
  const child = spawnDeno(['run', '--no-prompt', '--no-remote', '--cached-only', ...args, '-']);
  child.stdin!.end(code);
  onTestFinished(() => void child.kill());
  let output = '';
  let errors = '';
  const changed: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of changed.splice(0)) resolve();
  };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    wake();
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.on('close', wake);
  return {
    child,
    async line() {
      while (!output.includes('\n')) {
        if (child.exitCode !== null) throw new Error(`the program has ended: ${errors}`);
        await new Promise<void>((resolve) => changed.push(resolve));
      }
      const end = output.indexOf('\n');
      const line = output.slice(0, end);
      output = output.slice(end + 1);
      return line;
    },
  };
}
