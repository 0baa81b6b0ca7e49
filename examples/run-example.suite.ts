import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** An example that runs as a newcomer runs it: a process of its own, on a port that the system chose. */
export interface Example {
  /** Where it says it is, without a slash at its end: `http://127.0.0.1:1234`. */
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts an example, by its path below this folder, and waits until it prints its address. */
export async function startExample(path: string): Promise<Example> {
  const child = run(path, { PORT: '0', HOST: '' });
  const output = collect(child);
  const [, address = '', port = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const match = /(\w+:\/\/127\.0\.0\.1:(\d+))/.exec(output());
      if (match !== null) resolve(match);
    });
    child.on('exit', (code) => reject(new Error(`${path} ended with ${code} and said: ${output()}`)));
  });
  return {
    address,
    port: Number(port),
    async stop() {
      child.removeAllListeners('exit');
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

/** Runs an example that is expected to end by itself. */
export async function runToEnd(path: string, env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = run(path, env);
  const output = collect(child);
  const [code] = await once(child, 'close');
  return { code, output: output() };
}

function run(path: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, path)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return () => output;
}
