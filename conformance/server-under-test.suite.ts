import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporaryHome } from '@ws/runtimes/home';
import { upgradeRequest } from '@ws/testkit';
import { RawClient, type RawResponse } from '@ws/testkit/raw-client';
import type { Options } from './servers/behave.js';
import type { Subject } from './subjects.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** A connection to a server under test, and what its application was told. */
export class Connection extends RawClient {
  readonly #told: () => Promise<string[]>;
  readonly name: string;

  constructor(port: number, name: string, told: () => Promise<string[]>) {
    super(port);
    this.name = name;
    this.#told = told;
  }

  /** All that the application was told; waits for the end. */
  told(): Promise<string[]> {
    return this.#told();
  }
}

/** A program that runs servers under test, one for each set of options, in a home that is gone afterwards. */
export class ServerUnderTest {
  readonly #child: ChildProcess;
  readonly #home = temporaryHome();
  readonly #told = new Map<string, string[]>();
  readonly #open = new Set<RawClient>();
  #waiters: (() => void)[] = [];
  #ports: readonly number[] | undefined;
  /** What the runtime says that it is. */
  version: string | undefined;
  #errors = '';
  #ended = false;
  #names = 0;
  readonly #options: readonly Options[];

  constructor({ command }: Subject, options: readonly Options[]) {
    this.#options = options;
    const [program = '', ...args] = command();
    this.#child = spawn(program, [...args, JSON.stringify(options)], {
      cwd: HERE,
      env: this.#home.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const { ports, version, name, told } = JSON.parse(line);
      if (ports === undefined) this.#linesOf(name).push(told);
      else {
        this.#ports = ports;
        this.version = version;
      }
      this.#wake();
    });
    this.#child.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Waits until all servers listen. */
  async listening(): Promise<void> {
    await this.#until(() => this.#ports !== undefined);
  }

  /** The port of the server whose options are the first. */
  get port(): number {
    return this.#ports![0]!;
  }

  /** A connection whose request has not been written; the server's options are the first that allow such messages. */
  connect(maxPayload?: number): Connection {
    const at = maxPayload === undefined ? 0 : this.#options.findIndex((options) => options.maxPayload === maxPayload);
    const port = this.#ports?.[at];
    if (port === undefined) throw new Error(`no server with messages of ${maxPayload} bytes`);
    const name = String(++this.#names);
    const told = async (): Promise<string[]> => {
      await this.#until(() => this.#linesOf(name).at(-1)?.startsWith('end ') === true);
      return this.#linesOf(name);
    };
    const connection = new Connection(port, name, told);
    this.#open.add(connection);
    return connection;
  }

  /** A connection whose handshake is complete. */
  async open(behaviour: string, options: { maxPayload?: number; name?: string; extensions?: string } = {}) {
    const connection = this.connect(options.maxPayload);
    const fields = { 'Sec-WebSocket-Extensions': options.extensions };
    connection.write(upgradeRequest(fields, `GET /${behaviour}/${options.name ?? connection.name} HTTP/1.1`));
    const { status, head }: RawResponse = await connection.response();
    if (status !== 101) throw new Error(`expected 101, got: ${head}`);
    return connection;
  }

  /** Waits until the application of a connection has told this. */
  async telling(name: string, line: string): Promise<void> {
    await this.#until(() => this.#linesOf(name).includes(line));
  }

  /** Cuts off whoever is still connected. */
  disconnect(): void {
    for (const { socket } of this.#open) socket.destroy();
    this.#open.clear();
  }

  async end(): Promise<void> {
    this.disconnect();
    this.#child.kill('SIGKILL');
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#home.remove();
  }

  #linesOf(name: string): string[] {
    const lines = this.#told.get(name) ?? [];
    this.#told.set(name, lines);
    return lines;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#ended) throw new Error(`the server under test has ended: ${this.#errors}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
