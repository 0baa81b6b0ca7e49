import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { concat } from '@ws/testkit';
import { type ClientOptions, WebSocket } from 'ws';

export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A client that keeps what it receives until it is asked for, so that a test may look when it likes. */
export class Client {
  readonly socket: WebSocket;
  readonly #received: Received[] = [];
  #wake: () => void = () => {};
  /** The code of the end, once it is there. */
  closed: number | undefined;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.#received.push({ data, isBinary });
      this.#wake();
    });
    this.socket.on('close', (code) => {
      this.closed = code;
      this.#wake();
    });
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  /** The next message; fails if there is none before the end. */
  async next(): Promise<Received> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      if (this.closed !== undefined) throw new Error(`the connection ended with ${this.closed}, without a message`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next message, as JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(String((await this.next()).data));
  }

  /** Everything that has not been asked for, up to the end. */
  async rest(): Promise<Received[]> {
    while (this.closed === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.splice(0);
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code);
    await this.rest();
  }
}

/** What follows the head of the request or the response. */
export function afterHead(bytes: Uint8Array): Buffer {
  const all = Buffer.from(bytes);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}

/** The handshake of RFC 6455, section 1.3, by hand; bytes may follow it in the same packet. */
export function upgrade(port: number, path: string, more: Uint8Array = new Uint8Array(0)): Socket {
  const socket = connect(port, '127.0.0.1');
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ];
  socket.write(concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), more]));
  return socket;
}
