import { ReadableStream, TransformStream, WritableStream } from 'node:stream/web';
import { openStreams, type Socket, type SocketOptions } from '../index.ts';

interface PipeOptions {
  /** What a test does with each chunk on its way to one end, such as cutting it. */
  readonly change?: ((chunk: Uint8Array) => Uint8Array[]) | undefined;
}

/** Two ends of a connection in memory, as streams. */
export function pipe({ change = (chunk) => [chunk] }: PipeOptions = {}) {
  const way = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => change(chunk).forEach((part) => void controller.enqueue(part)),
    });
  const [there, back] = [way(), way()];
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ] as const;
}

/** A client and a server on it. */
export function sockets(options: Partial<SocketOptions> = {}, pipeOptions?: PipeOptions): [Socket, Socket] {
  const [client, server] = pipe(pipeOptions);
  return [
    openStreams(client, { runtime: globalThis, ...options, role: 'client' }),
    openStreams(server, { runtime: globalThis, ...options, role: 'server' }),
  ];
}

/** Streams that a test moves by hand, and that write down what is asked of them. */
export class ManualStreams {
  readonly calls: string[] = [];
  readonly written: Uint8Array[] = [];
  /** Ends the write or the close that is under way. */
  finish: (error?: Error) => void = () => {};
  input!: ReadableStreamDefaultController<Uint8Array>;
  readonly readable: ReadableStream<Uint8Array> = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        this.input = controller as never;
      },
      pull: () => void this.calls.push('pull'),
      cancel: (reason) => void this.calls.push(`cancel: ${(reason as Error | undefined)?.message}`),
    },
    { highWaterMark: 0 },
  );
  readonly writable: WritableStream<Uint8Array> = new WritableStream<Uint8Array>({
    write: (chunk) => {
      this.written.push(chunk);
      this.calls.push('write');
      return this.#wait();
    },
    close: () => {
      this.calls.push('close');
      return this.#wait();
    },
    abort: (reason) => void this.calls.push(`abort: ${(reason as Error | undefined)?.message}`),
  });
  close(): void {
    this.calls.push('close both');
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  }
}

/** Lets what promises lead to happen. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
