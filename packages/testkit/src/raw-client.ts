import { connect, type Socket } from 'node:net';
import { decodeNaively, type NaiveResult } from './naive-codec.ts';
import { type RawFrame, rawFrame } from './raw-frame.ts';
import { transcript } from './transcript.ts';

/**
 * A client over TCP that knows no rules: it writes what the test says and keeps what comes. It never ends its half by
 * itself; its maker destroys its `socket`.
 */
export class RawClient {
  readonly socket: Socket;
  /** Whether the server's FIN was read. */
  ended = false;
  /** Whether the socket is gone; 'reset' if it was cut off. */
  closed: 'no' | 'orderly' | 'reset' = 'no';

  /** How many bytes have come. */
  length = 0;

  readonly #chunks: Buffer[] = [];
  readonly #waiters = new Set<() => void>();

  /** @param port of a server on 127.0.0.1 */
  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket
      .on('data', (chunk) => {
        this.length += chunk.length;
        this.#changed(this.#chunks.push(chunk));
      })
      .on('end', () => this.#changed((this.ended = true)))
      .on('error', () => {
        this.closed = 'reset';
      })
      .on('close', () => this.#changed(this.closed === 'no' && (this.closed = 'orderly')));
  }

  /** The bytes that have come so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Waits until something is so, which is asked anew whenever something has come. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed !== 'no') throw new Error(`the connection has ended (${this.closed}) after: ${this.bytes}`);
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve);
      });
    }
  }

  /** Writes bytes, or a string as UTF-8, as they are. */
  write(bytes: Uint8Array | string): this {
    this.socket.write(bytes);
    return this;
  }

  /** Sends frames in one write, masked unless they say otherwise. */
  send(...frames: RawFrame[]): this {
    return this.write(Buffer.concat(frames.map((frame) => rawFrame({ maskingKey: 0x37fa213d, ...frame }))));
  }

  /** The head of the answer, once it is there. */
  async response(): Promise<RawResponse> {
    await this.until(() => this.bytes.includes('\r\n\r\n'));
    const head = this.bytes.subarray(0, this.#headLength).toString('latin1');
    const [line, ...rest] = head.trimEnd().split('\r\n');
    const fields = rest.map((field): [string, string] => {
      const [name, value] = field.split(/: (.*)/s, 2);
      return [name!.toLowerCase(), value!];
    });
    return { status: Number(line!.split(' ')[1]), head, fields: new Map(fields) };
  }

  /** The frames that have come behind the head, read by the naive codec. */
  decoded(): NaiveResult {
    return decodeNaively(this.bytes.subarray(this.#headLength), { role: 'client' });
  }

  /** The lines of {@link decoded}. */
  transcript(): string[] {
    const { events, violation } = this.decoded();
    return transcript(events, violation);
  }

  /** Waits for this many frames of the server, as a transcript. */
  async received(count: number): Promise<string[]> {
    await this.until(() => this.decoded().events.length >= count);
    return this.transcript();
  }

  /** Waits for the server's FIN and ends our half; then the connection is gone. */
  async end(): Promise<void> {
    await this.until(() => this.ended);
    this.socket.end();
    await this.gone();
  }

  /** Waits until the connection is gone, however. */
  async gone(): Promise<'orderly' | 'reset'> {
    if (this.closed === 'no') await new Promise((resolve) => this.socket.once('close', resolve));
    return this.closed as 'orderly' | 'reset';
  }

  get #headLength(): number {
    const at = this.bytes.indexOf('\r\n\r\n');
    return at === -1 ? this.bytes.length : at + 4;
  }

  #changed(_change: unknown): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resolve of waiters) resolve();
  }
}

/** The head of an answer. */
export interface RawResponse {
  readonly status: number;
  readonly head: string;
  /** By name in lower case; of a repeated one, the last. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A text message in one frame. */
export const text = (content: string): RawFrame => ({ opcode: 1, payload: Buffer.from(content) });

/** A Close; without a code, an empty one. */
export function close(code?: number, reason = ''): RawFrame {
  if (code === undefined) return { opcode: 8 };
  return { opcode: 8, payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]) };
}

/** A transcript's line for a text. */
export const textLine = (content: string): string =>
  `message opcode=1 rsv=0 ${Buffer.byteLength(content)}:${Buffer.from(content).toString('hex')}`;
