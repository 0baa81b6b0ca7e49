import type { Address } from './deno.ts';
import type { ServerWebSocket } from './socket.ts';

/** Where a server listens, and what it tells its owner. */
export interface ListenOptions<Context = unknown> {
  /** 0 to 65535; 0 lets the system choose one. */
  readonly port: number;
  /** The address to listen on. Default: `0.0.0.0`, all of them, as Deno has it. */
  readonly hostname?: string | undefined;
  /** With `key`: listens with TLS (wss), with this certificate chain, as PEM. */
  readonly cert?: string | undefined;
  /** The private key of `cert`, as PEM. */
  readonly key?: string | undefined;
  /** Closes the server and its connections, as `Server.close` does. Aborted already, its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Is told where the server listens, before it accepts anybody. What it throws is thrown, and nothing listens. */
  readonly onListen?: ((addr: Address) => void) | undefined;
  /**
   * Is told of a handler that throws or rejects; its connection closes with 1011. A `NotSentError` is no error once
   * that connection is not open any more. What it throws itself goes to `reportError`. Default: `console.error`.
   */
  readonly onError?: ((error: unknown, socket: ServerWebSocket<Context>) => void) | undefined;
}
