import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** The next line of its standard output. */
  line(): Promise<string>;
  /** What it has written to its standard error. */
  errors(): string;
  exit: Promise<number | null>;
}

/**
 * A program of a process of its own, in which `@ws/node-server` is the built package. Ends with the test.
 *
 * @param openFiles how many files, sockets among them, it may have open at a time. Default: what the system allows
 */
export function run(code: string, openFiles?: number): Child {
  const node = [process.execPath, '--input-type=module', '--eval', code];
  const limited = ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...node];
  const [command, ...args] = openFiles === undefined ? node : limited;
  const child = spawn(command!, args, { cwd: PACKAGE, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk) => {
    errors += chunk;
  });
  onTestFinished(() => void child.kill());
  return {
    process: child,
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the program has ended: ${errors}`);
      return value;
    },
    errors: () => errors,
    exit: once(child, 'close').then(([code]) => code),
  };
}

/**
 * The port in the examples is fixed, and must be free here: an http server listens on any, of 127.0.0.1, and says
 * which.
 */
export const LISTEN: string = `
  import { Server as NetServer } from 'node:net';
  const { listen } = NetServer.prototype;
  NetServer.prototype.listen = function (...args) {
    this.once('listening', () => console.log(this.address().port));
    return listen.call(this, { port: 0, host: '127.0.0.1' }, args.find((arg) => typeof arg === 'function'));
  };
`;
