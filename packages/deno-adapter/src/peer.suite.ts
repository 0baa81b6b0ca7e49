/** What the tests that run in Deno share: a server on a free port, and a client that knows no rules. */
import { decodeNaively, type Fields, type RawFrame, rawFrame, transcript, upgradeRequest } from '@ws/testkit';
import { type Handler, type ServeOptions, type Server, type ServerWebSocket, serve } from './index.ts';

/** A server on a free port of 127.0.0.1, with short time limits: nobody has to wait for a client that is gone. */
export function start<C = unknown>(
  options: Omit<ServeOptions<C>, 'port'> = {},
  handler: Handler<C> = echo,
): Server<C> & { readonly port: number } {
  const server = serve<C>({ port: 0, hostname: '127.0.0.1', ...options }, handler);
  return Object.assign(server, { port: server.addr.port! });
}

export async function echo(socket: ServerWebSocket<unknown>): Promise<void> {
  for await (const { data } of socket) await socket.send(data);
}

export { upgradeRequest };

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const text = (content: string): RawFrame => ({ opcode: 1, payload: utf8(content) });

/** A Close; without a code, an empty one. */
export function close(code?: number, reason = ''): RawFrame {
  if (code === undefined) return { opcode: 8 };
  return { opcode: 8, payload: Uint8Array.of(code >> 8, code & 255, ...utf8(reason)) };
}

/** A transcript's line for a text. */
export function textLine(content: string): string {
  const hex = Array.from(utf8(content), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `message opcode=1 rsv=0 ${utf8(content).length}:${hex}`;
}

/** A client that knows no rules: it writes what the test says and keeps what comes. It reads only when it is asked. */
export class Peer implements AsyncDisposable {
  readonly conn: Deno.Conn;
  #bytes = new Uint8Array(0);
  #head = '';
  /** The server's end of stream was read. */
  ended = false;

  private constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ port, hostname: '127.0.0.1' }));
  }

  /** A peer whose request has been written. */
  static async request(port: number, fields?: Fields, startLine?: string): Promise<Peer> {
    const peer = await Peer.connect(port);
    await peer.write(upgradeRequest(fields, startLine));
    return peer;
  }

  /** A peer whose handshake is complete. */
  static async open(port: number, fields?: Fields, startLine?: string): Promise<Peer> {
    const peer = await Peer.request(port, fields, startLine);
    const { status, head } = await peer.response();
    if (status !== 101) throw new Error(`expected 101, got: ${head}`);
    return peer;
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    const all = typeof bytes === 'string' ? utf8(bytes) : bytes;
    for (let at = 0; at < all.length; ) at += await this.conn.write(all.subarray(at));
  }

  /** Sends frames in one write, masked unless they say otherwise. */
  async send(...frames: RawFrame[]): Promise<void> {
    const parts = frames.map((frame) => rawFrame({ maskingKey: 0x37fa213d, ...frame }));
    await this.write(new Uint8Array(await new Blob(parts).arrayBuffer()));
  }

  /** Reads on until something is so. */
  async until(condition: () => boolean): Promise<void> {
    const memory = new Uint8Array(65_536);
    while (!condition()) {
      if (this.ended) throw new Error(`the stream has ended after: ${new TextDecoder().decode(this.#bytes)}`);
      const length = await this.conn.read(memory);
      if (length === null) this.ended = true;
      else {
        const bytes = new Uint8Array(this.#bytes.length + length);
        bytes.set(this.#bytes);
        bytes.set(memory.subarray(0, length), this.#bytes.length);
        this.#bytes = bytes;
      }
    }
  }

  /** The head of the answer; what follows it is `rest`. */
  async response(): Promise<{ status: number; head: string; fields: Map<string, string> }> {
    const latin1 = () => Array.from(this.#bytes, (byte) => String.fromCharCode(byte)).join('');
    if (this.#head === '') {
      await this.until(() => latin1().includes('\r\n\r\n'));
      this.#head = latin1().slice(0, latin1().indexOf('\r\n\r\n') + 4);
      this.#bytes = this.#bytes.slice(this.#head.length);
    }
    const [line = '', ...rest] = this.#head.trimEnd().split('\r\n');
    const fields = rest.map((field): [string, string] => {
      const colon = field.indexOf(': ');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)];
    });
    return { status: Number(line.split(' ')[1]), head: this.#head, fields: new Map(fields) };
  }

  /** Everything behind the head, to the end of the stream. */
  async body(): Promise<string> {
    await this.response();
    await this.until(() => this.ended);
    return new TextDecoder().decode(this.#bytes);
  }

  /** How many bytes have come behind the head. */
  get length(): number {
    return this.#bytes.length;
  }

  /** What has come behind the head, read by the naive codec. */
  transcript(): string[] {
    const { events, violation } = decodeNaively(this.#bytes, { role: 'client' });
    return transcript(events, violation);
  }

  /** Waits for so many frames of the server, as a transcript. */
  async received(count: number): Promise<string[]> {
    await this.response();
    await this.until(() => this.transcript().length >= count);
    return this.transcript();
  }

  /** Waits for the server's end of stream, and ends ours; then the connection is gone. */
  async end(): Promise<string[]> {
    await this.response();
    await this.until(() => this.ended);
    this.conn.close();
    return this.transcript();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.conn.close();
    } catch {
      // It was.
    }
  }
}
