import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporaryHome } from '@ws/runtimes/home';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** A process that answers each line with a line of JSON, in a home that is gone afterwards. */
export class Program {
  readonly #child: ChildProcess;
  readonly #home = temporaryHome();
  readonly #answers: ((line: object | undefined) => void)[] = [];
  #errors = '';
  readonly #ended: Promise<void>;
  /** The process is there. */
  alive = true;

  constructor([program = '', ...args]: readonly string[]) {
    this.#child = spawn(program, args, { cwd: HERE, env: this.#home.env });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.stdin!.on('error', () => {});
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#answers.shift()?.(JSON.parse(line)));
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', () => {
        this.alive = false;
        for (const answer of this.#answers.splice(0)) answer(undefined);
        resolve();
      });
    });
  }

  ask<T>(command: string): Promise<T> {
    this.#child.stdin!.write(`${command}\n`);
    return this.line<T>();
  }

  /** The next line that nobody waits for yet. */
  async line<T>(): Promise<T> {
    const line = this.alive && (await new Promise<object | undefined>((resolve) => this.#answers.push(resolve)));
    if (!line) throw new Error(`the process has ended: ${this.#errors.slice(0, 300)}`);
    return line as T;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    this.#home.remove();
  }
}
