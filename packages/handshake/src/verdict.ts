import { type HeaderFields, type Headers, headerFields } from './fields.ts';

/**
 * The answer of an application that decides about a client. With `true`, the WebSocket has no `context`, of which its
 * type says nothing: a hook that hands one over for some clients does so for all.
 */
export type Verdict<Context = unknown> =
  | boolean
  | {
      readonly ok: true;
      /** Becomes the `context` of the WebSocket, such as who the client is. */
      readonly context?: Context;
      /** Added to the 101 response, such as Set-Cookie. */
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

/** A verdict, normalised. */
export type Decision<Context = unknown> =
  | { readonly ok: true; readonly context: Context | undefined; readonly headers: HeaderFields }
  | { readonly ok: false; readonly status: number; readonly body: string | undefined; readonly headers: HeaderFields };

/**
 * Normalises what a hook of the application has answered.
 *
 * @param hook its name
 * @throws TypeError if it is not a verdict
 */
export function decide<Context>(verdict: Verdict<Context>, hook: string): Decision<Context> {
  if (verdict === true) return { ok: true, context: undefined, headers: [] };
  if (verdict === false) return decide({ ok: false }, hook);
  if (typeof verdict !== 'object' || verdict === null || typeof verdict.ok !== 'boolean') {
    throw new TypeError(`${hook} must answer with a boolean or { ok: boolean, ... }, got ${String(verdict)}`);
  }
  const headers = headerFields(verdict.headers);
  if (verdict.ok) return { ok: true, context: verdict.context, headers };
  const { status = 401, body } = verdict;
  return { ok: false, status, body, headers };
}
