import { type Fields, upgradeRequest } from '@ws/testkit';
import { RawClient, text } from '@ws/testkit/raw-client';
import { Program } from './program.suite.ts';
import type { Door, Report } from './servers/application.js';
import type { Subject } from './subjects.ts';

/** After so long, and then so many echoes of a client that does no harm, a server is not going to react any more. */
const PATIENCE_MILLISECONDS = 1000;
const PATIENCE_ECHOES = 20;

/** A server in a process of its own, with a hand on its sockets. */
export class Target {
  readonly #program: Program;
  readonly #open = new Set<RawClient>();
  #ports: Readonly<Record<string, number>> = {};

  constructor({ command }: Subject) {
    this.#program = new Program(command());
  }

  /** The process is there. */
  get alive(): boolean {
    return this.#program.alive;
  }

  /** A server whose doors are open. */
  static async start(subject: Subject): Promise<Target> {
    const target = new Target(subject);
    const { ports } = await target.#program.line<{ ports: Record<string, number> }>();
    target.#ports = ports;
    return target;
  }

  /** Where a door is. */
  port(door: Door): number {
    return this.#ports[door]!;
  }

  /** A connection on which nothing has been written. */
  connect(door: Door): RawClient {
    const client = new RawClient(this.port(door));
    this.#open.add(client);
    return client;
  }

  /** A connection whose request has been written. */
  request(door: Door, fields?: Fields, startLine?: string): RawClient {
    return this.connect(door).write(upgradeRequest(fields, startLine));
  }

  /** A connection whose handshake is complete. */
  async open(door: Door, fields?: Fields): Promise<RawClient> {
    const client = this.request(door, fields);
    const { status, head } = await client.response();
    if (status !== 101) throw new Error(`expected 101, got: ${head}`);
    return client;
  }

  /** What the process has in use once garbage is gone, and what has happened since the last report. */
  report(): Promise<Report> {
    return this.#program.ask('report');
  }

  /** Waits until so many wait at the gates of the application. */
  async waiting(count: number): Promise<void> {
    while ((await this.report()).waiting < count);
  }

  /** Lets go on what waits at the gates of the application. */
  async release(): Promise<void> {
    await this.#program.ask('release');
  }

  /** Has the server end. */
  async shutDown(): Promise<void> {
    await this.#program.ask('shut down');
  }

  /** A client that does no harm gets its messages back. */
  async serves(messages = 1): Promise<void> {
    const client = await this.open('echo');
    for (let i = 1; i <= messages; i++) await client.send(text('hello')).received(i);
    client.socket.destroy();
    this.#open.delete(client);
  }

  /** Waits until something is so, or the connection is gone, or for as long as is reasonable. */
  async patience(client: RawClient, condition: () => boolean): Promise<void> {
    const end = new AbortController();
    const seen = client.until(() => end.signal.aborted || condition()).catch(() => {});
    const patience = async () => {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MILLISECONDS));
      if (!end.signal.aborted) await this.serves(PATIENCE_ECHOES).catch(() => {});
    };
    await Promise.race([seen, patience()]);
    end.abort();
  }

  /** Ends our half, and waits for the server's. */
  async leave(client: RawClient): Promise<void> {
    client.socket.end();
    await this.patience(client, () => client.closed !== 'no');
    client.socket.destroy();
  }

  /** Cuts off whoever is still connected. */
  disconnect(): void {
    for (const { socket } of this.#open) socket.destroy();
    this.#open.clear();
  }

  async end(): Promise<void> {
    this.disconnect();
    await this.#program.end();
  }
}
