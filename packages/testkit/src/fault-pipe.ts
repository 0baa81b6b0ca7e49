import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { concat } from './raw-frame.ts';

/** A TCP proxy in front of a target on 127.0.0.1, with a hand on each connection's two directions. */
export interface FaultPipe {
  /** The port to connect to instead of the target's. */
  readonly port: number;
  /** All connections so far, in the order in which they were accepted; none with `forgets`. */
  readonly connections: readonly FaultConnection[];
  /** The first connection that no earlier call has been given; waits for one if need be. */
  next(): Promise<FaultConnection>;
  /** Destroys every connection and stops to listen. */
  close(): Promise<void>;
}

/** The options of a fault pipe. */
export interface FaultPipeOptions {
  /** The port that the pipe stands in front of. */
  readonly targetPort: number;
  /** Called with each connection before a byte of it is read: the place to set faults that hold from the start. */
  readonly onConnection?: ((connection: FaultConnection) => void) | undefined;
  /**
   * Keeps neither the bytes that went through nor connections that have ended: for hours of load. `captured` is empty
   * then. Default: false.
   */
  readonly forgets?: boolean | undefined;
}

/** One connection through the pipe, with a {@link Flow} each way. */
export class FaultConnection {
  readonly toTarget: Flow;
  readonly toClient: Flow;
  readonly #client: Socket;
  readonly #target: Socket;

  constructor(client: Socket, target: Socket, forgets = false) {
    this.#client = client;
    this.#target = target;
    this.toTarget = new Flow(client, target, forgets);
    this.toClient = new Flow(target, client, forgets);
    // A peer's RST goes through as an RST, not as an orderly end.
    client.on('error', () => target.resetAndDestroy());
    target.on('error', () => client.resetAndDestroy());
  }

  /** RST to the client, which sees ECONNRESET. The target's side stays as it is, until it is ended or reset. */
  resetClient(): void {
    this.#client.resetAndDestroy();
  }

  /** RST to the target. */
  resetTarget(): void {
    this.#target.resetAndDestroy();
  }

  /** RST to both. */
  reset(): void {
    this.resetClient();
    this.resetTarget();
  }

  /** Destroys both sockets, without a thought for what is on its way. */
  destroy(): void {
    this.#client.destroy();
    this.#target.destroy();
  }
}

/** One direction of a connection: what `source` sends, and how it goes on to the destination. */
export class Flow {
  /** Every write goes on in pieces of this many bytes, each one sent on its own. Default Infinity: as they came. */
  pieceSize: number = Number.POSITIVE_INFINITY;
  /** Milliseconds to wait before each piece goes on. Default 0. */
  delay = 0;
  /** Whether the source has sent its FIN. */
  ended = false;

  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #chunks: Uint8Array[] = [];
  readonly #queue: Uint8Array[] = [];
  #count = 0;
  #stalled = false;
  #pumping = false;
  readonly #waiters: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(source: Socket, destination: Socket, forgets = false) {
    this.#source = source;
    this.#destination = destination;
    source.on('data', (chunk: Uint8Array) => {
      if (!forgets) this.#chunks.push(chunk);
      this.#count += chunk.length;
      this.#queue.push(chunk);
      this.#settle();
      void this.#pump();
    });
    source.on('end', () => {
      this.ended = true;
      this.#settle();
      void this.#pump();
    });
  }

  /** A copy of what the source has sent and the pipe has read, whether or not it has gone on. */
  captured(): Uint8Array<ArrayBuffer> {
    return concat(this.#chunks);
  }

  /** Resolves when at least `count` bytes were captured. */
  arrived(count: number): Promise<void> {
    return this.#until(() => this.#count >= count);
  }

  /** Resolves when the source's FIN was captured. */
  finished(): Promise<void> {
    return this.#until(() => this.ended);
  }

  /** Reads nothing more and lets nothing through, so that the source's own buffers fill up. */
  stall(): void {
    this.#stalled = true;
    this.#source.pause();
  }

  /** Ends a stall: what was held back goes on first. */
  resume(): void {
    this.#stalled = false;
    this.#source.resume();
    void this.#pump();
  }

  /** Half-closes: FIN to the destination now. What the source still sends is captured and goes nowhere. */
  end(): void {
    this.#destination.end();
  }

  /** Puts bytes of the test's own into the direction, behind what has gone on so far. They are not captured. */
  inject(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#stalled && this.#queue.length > 0) {
      const chunk = this.#queue.shift()!;
      const piece = chunk.subarray(0, this.pieceSize);
      if (piece.length < chunk.length) this.#queue.unshift(chunk.subarray(piece.length));
      if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
      if (!this.#destination.writable) continue;
      await this.#write(piece);
    }
    this.#pumping = false;
    if (this.ended && !this.#stalled) this.#destination.end();
  }

  /** One piece, one segment: the next waits for a turn of the event loop, in which a peer in this process reads. */
  async #write(piece: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#destination.once('close', resolve);
      this.#destination.write(piece, () => {
        this.#destination.off('close', resolve);
        resolve();
      });
    });
    if (this.pieceSize !== Number.POSITIVE_INFINITY) await new Promise((resolve) => setImmediate(resolve));
  }

  #until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ done, resolve }));
  }

  #settle(): void {
    for (const waiter of this.#waiters) if (waiter.done()) waiter.resolve();
  }
}

/** Opens a pipe on a port that the system chooses, on 127.0.0.1. */
export async function openFaultPipe(options: FaultPipeOptions): Promise<FaultPipe> {
  const connections: FaultConnection[] = [];
  const open = new Set<FaultConnection>();
  const waiting: ((connection: FaultConnection) => void)[] = [];
  let taken = 0;

  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ host: '127.0.0.1', port: options.targetPort, allowHalfOpen: true, noDelay: true });
    const connection = new FaultConnection(client, target, options.forgets);
    if (!options.forgets) connections.push(connection);
    open.add(connection);
    const closed = () => client.closed && target.closed && open.delete(connection);
    client.on('close', closed);
    target.on('close', closed);
    options.onConnection?.(connection);
    const waiter = waiting.shift();
    if (waiter !== undefined) {
      taken++;
      waiter(connection);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    connections,
    next() {
      const connection = connections[taken];
      if (connection === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(connection);
    },
    async close() {
      for (const connection of open) connection.destroy();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}
