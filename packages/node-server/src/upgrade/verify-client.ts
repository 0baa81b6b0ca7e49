import type { IncomingMessage } from 'node:http';
import { isPromise } from '@ws/connection';
import { type Decision, decide, type Headers, type Verdict } from '@ws/handshake';

/** What a {@link VerifyClient} hook is told. */
export interface ClientInfo {
  /** The request's Origin, or undefined: the client is no browser. */
  readonly origin: string | undefined;
  /** Whether it came over TLS to this process. */
  readonly secure: boolean;
  /** The client's address; behind a proxy that `trustProxy` does not name, the proxy's. */
  readonly remoteAddress: string | undefined;
  /** The upgrade request. */
  readonly req: IncomingMessage;
  /** Aborted when the verdict is not waited for any more: the client is gone, the time is up, the server closes. */
  readonly signal: AbortSignal;
}

/** A callback for the verdict, as `ws` has it. */
export type VerifyCallback = (ok: boolean, status?: number, body?: string, headers?: Headers) => void;

/**
 * Decides on a client before the 101 response: at once, by a promise, or, with a second parameter, by a callback. One
 * type for the three, since of a union TypeScript could not tell what the parameters are. The `context` of its verdict
 * becomes that of the WebSocket; if it may be of several types, name their union: `new WebSocketServer<User | Guest>`.
 */
export type VerifyClient<Context = unknown> = (
  info: ClientInfo,
  callback: VerifyCallback,
  // biome-ignore lint/suspicious/noConfusingVoidType: what a hook with a callback returns, which may be async
) => Verdict<Context> | void | Promise<Verdict<Context> | void>;

/**
 * Asks the hook.
 *
 * @param self what `this` is for it: the options, as in `ws`
 * @returns the decision, at once if the hook decides at once
 * @throws and rejects as the hook does; TypeError if its answer is not a verdict
 */
export function verify(hook: VerifyClient, self: unknown, info: ClientInfo): Decision | Promise<Decision> {
  // `ws` tells the two kinds of hooks apart in the same way.
  if (hook.length >= 2) {
    return new Promise<Verdict>((resolve, reject) => {
      const returned: unknown = hook.call(self, info, (ok, status, body, headers) => {
        resolve(ok ? { ok: true, headers } : refusalOf(status, body, headers));
      });
      // An async function may reject instead of calling back: nothing else would hear of that.
      Promise.resolve(returned).catch(reject);
    }).then(read);
  }
  const verdict = (hook as (info: ClientInfo) => Verdict | Promise<Verdict>).call(self, info);
  return isPromise(verdict) ? Promise.resolve(verdict).then(read) : read(verdict);
}

/** What the refusal itself says of the connection and its body. */
const OWN = /^(connection|content-length)$/i;

/** A refusal as users of `ws` write it: no status or body is also null or 0, a status digits, a body a Buffer. */
function refusalOf(status: unknown, body: unknown, headers: Headers | null | undefined): Verdict {
  const isRecord = typeof headers === 'object' && headers !== null && !(Symbol.iterator in headers);
  const fields = isRecord ? Object.entries(headers) : undefined;
  return {
    ok: false,
    status: Number(status) || undefined,
    body: Buffer.isBuffer(body) ? body.toString() : ((body ?? undefined) as string | undefined),
    headers: fields?.filter(([name]) => !OWN.test(name)) ?? headers ?? undefined,
  };
}

function read(verdict: Verdict): Decision {
  return decide(verdict, 'verifyClient');
}
