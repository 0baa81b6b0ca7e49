import type { IncomingMessage } from 'node:http';
import type { HeaderFields } from '@ws/handshake';

/** What a {@link VerifyClient} hook is told. */
export interface ClientInfo {
  /** The request's Origin, or undefined: the client is no browser. */
  readonly origin: string | undefined;
  /** Whether it came over TLS to this process. */
  readonly secure: boolean;
  readonly req: IncomingMessage;
  /** Aborted when nobody waits for the verdict any more: the client is gone, the time is up, the server closes. */
  readonly signal: AbortSignal;
}

/** Header fields as Node writes them: a name with one value or several. A number becomes its digits. */
export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/** What a {@link VerifyClient} hook decides. */
export type Verdict =
  | boolean
  | {
      readonly ok: true;
      /** Becomes the `context` of the WebSocket: who the client is, say. */
      readonly context?: unknown;
      /** Added to the 101 response: Set-Cookie, say. */
      readonly headers?: Headers | undefined;
    }
  | {
      readonly ok: false;
      /** 300 to 599. Default: 401. */
      readonly status?: number | undefined;
      /** Plain text. Default: the status in words. */
      readonly body?: string | undefined;
      /** Added to the refusal. A 401 has `WWW-Authenticate: Bearer` unless another is named. */
      readonly headers?: Headers | undefined;
    };

/** The way in which `ws` is told. */
export type VerifyCallback = (ok: boolean, status?: number, body?: string, headers?: Headers) => void;

/**
 * Decides on a client before the 101 response: at once, by a promise, or, with a second parameter, by a callback. One
 * type for the three, since of a union TypeScript could not tell what the parameters are.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: what a hook with a callback returns
export type VerifyClient = (info: ClientInfo, callback: VerifyCallback) => Verdict | Promise<Verdict> | void;

/** A verdict, normalised. */
export type Decision =
  | { readonly ok: true; readonly context: unknown; readonly headers: HeaderFields }
  | { readonly ok: false; readonly status: number; readonly body: string | undefined; readonly headers: HeaderFields };

/**
 * Asks the hook.
 *
 * @returns the decision, at once if the hook decides at once
 * @throws and rejects as the hook does; TypeError for what is no verdict
 */
export function verify(hook: VerifyClient, info: ClientInfo): Decision | Promise<Decision> {
  // As `ws` tells them apart.
  if (hook.length >= 2) {
    return new Promise<Verdict>((resolve, reject) => {
      const returned: unknown = hook(info, (ok, status, body, headers) => {
        resolve(ok ? { ok: true, headers } : { ok: false, status, body, headers });
      });
      // An async function that calls back: where it rejects, nobody else would hear of it, and no callback comes.
      Promise.resolve(returned).catch(reject);
    }).then(decide);
  }
  const verdict = (hook as (info: ClientInfo) => Verdict | Promise<Verdict>)(info);
  return verdict instanceof Promise || typeof (verdict as { then?: unknown } | undefined)?.then === 'function'
    ? Promise.resolve(verdict).then(decide)
    : decide(verdict as Verdict);
}

function decide(verdict: Verdict): Decision {
  if (verdict === true) return { ok: true, context: undefined, headers: [] };
  if (verdict === false) return decide({ ok: false });
  if (typeof verdict !== 'object' || verdict === null || typeof verdict.ok !== 'boolean') {
    throw new TypeError(`verifyClient must answer with a boolean or { ok: boolean, ... }, got ${String(verdict)}`);
  }
  const headers = headerFields(verdict.headers ?? {});
  if (verdict.ok) return { ok: true, context: verdict.context, headers };
  const { status = 401, body } = verdict;
  // RFC 9110, section 15.5.2: a 401 must name a way to authenticate.
  if (status === 401 && !headers.some(([name]) => name.toLowerCase() === 'www-authenticate')) {
    headers.push(['WWW-Authenticate', 'Bearer']);
  }
  return { ok: false, status, body, headers };
}

function headerFields(headers: Headers): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string' || typeof value === 'number') return [[name, String(value)]];
    if (!Array.isArray(value))
      throw new TypeError(`the header ${name} must be a string, a number or an array of strings`);
    return value.map((one: string) => [name, one]);
  });
}
