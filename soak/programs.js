/** Programs of this folder in processes of their own, which are asked and answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ ask(what: string): Promise<any>, stop(): Promise<void>, readonly pid: number }} Program
 *
 * `cpu`: the processor that it keeps to, where there is `taskset`. `nice`: what it gives way by, 0 to 19.
 * @typedef {{ cpu?: number | undefined, nice?: number | undefined }} Place
 */

/**
 * Starts a program. It gets its options as JSON.
 *
 * @param {string} name of its file
 * @param {object} options
 * @param {Place} place
 * @returns {Program}
 */
export function start(name, options, { cpu, nice = 0 } = {}) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const command = [process.execPath, '--expose-gc', path, JSON.stringify(options)];
  if (nice > 0) command.unshift('nice', '-n', String(nice));
  if (cpu !== undefined) command.unshift('taskset', '-c', String(cpu));
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let asked = 0;
  let ended = '';
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  child.on('message', (/** @type {{ id: number, value?: any, error?: string }} */ { id, value, error }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(new Error(error));
  });
  child.on('exit', (code, signal) => {
    ended = `${name} has ended: ${signal ?? code}`;
    for (const { reject } of waiting.values()) reject(new Error(ended));
  });
  return {
    pid: child.pid ?? 0,
    ask(what) {
      if (ended !== '') return Promise.reject(new Error(ended));
      const id = asked++;
      child.send({ id, what });
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
    async stop() {
      if (ended !== '') return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/**
 * In such a program: its options, as they were given to {@link start}.
 *
 * @returns {any}
 */
export const options = () => JSON.parse(process.argv[2] ?? '{}');

/**
 * In such a program: answers what it is asked, and ends with whoever asks.
 *
 * @param {Record<string, () => unknown>} answers
 */
export function answer(answers) {
  process.on('message', async (/** @type {{ id: number, what: string }} */ { id, what }) => {
    try {
      process.send?.({ id, value: await answers[what]?.() });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
