import { isPromise } from '@ws/connection';
import {
  asksForWebSocket,
  checkUpgrade,
  completeUpgrade,
  type Decision,
  dated,
  decide,
  HandshakeError,
  hasBody,
  hookFailed,
  pathOf,
  type Refusal,
  type RequestHead,
  refuse,
  serializeExtensions,
  serializeHead,
  type UpgradeOffer,
  type Verdict,
  withoutContent,
} from '@ws/handshake';
import { type Conn, writeAll } from './deno.ts';
import type { Settings } from './options.ts';
import { PendingConn } from './pending-conn.ts';
import { type Answer, answerOf, notFound, type RequestHandler, refusePlain } from './plain.ts';
import { type AcceptPolicy, settingsOf } from './policy.ts';
import { originOf, webRequest } from './request.ts';
import { type ServerWebSocket, socketOf } from './socket.ts';

/** The options of one handshake. */
export interface AcceptOptions {
  /** Gives the handshake up: the client gets a 503. Nothing happens once the 101 is being written. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does the opening handshake on a connection that has been accepted, and owns it from now on: it is closed when the
 * WebSocket is, or after a refusal.
 *
 * @returns the WebSocket; undefined if there is none, and then the client has been answered or is gone. Never rejected
 */
export async function accept<Context = unknown>(
  conn: Conn,
  policy: AcceptPolicy<Context>,
  options: AcceptOptions = {},
): Promise<ServerWebSocket<Context> | undefined> {
  const settings = settingsOf(policy);
  const pending = new PendingConn(conn, settings.handshakeTimeout, options.signal);
  const handshake = new Handshake(pending, settings);
  try {
    return await handshake.run();
  } catch (error) {
    return await handshake.fail(error);
  }
}

type NoWebSocket = Promise<undefined>;

class Handshake<Context> {
  readonly #pending: PendingConn;
  readonly #settings: Settings<Context>;
  readonly #secure: boolean;
  /** Of the request, once it has come. */
  #method = 'GET';

  constructor(pending: PendingConn, settings: Settings<Context>) {
    this.#pending = pending;
    this.#settings = settings;
    // Only a Deno.TlsConn has this method.
    this.#secure = 'handshake' in pending.conn;
  }

  async run(): Promise<ServerWebSocket<Context> | undefined> {
    const { path, upgrade, headLimits, onRequest } = this.#settings;
    const head = await this.#pending.readHead(headLimits);
    if (head === undefined) return this.#giveUp();
    if (head instanceof HandshakeError) return this.#refuse(refuse(head));
    const { method } = head;
    this.#method = method;
    // RFC 9112, section 3.2: without its Host, a request is a bad one, whatever else it asks for.
    const origin = originOf(head, this.#secure, this.#pending.conn.localAddr);
    if (origin instanceof HandshakeError) return this.#refuse(refuse(origin));
    const wanted = asksForWebSocket(head);
    if (!wanted && onRequest !== undefined && (method === 'GET' || method === 'HEAD') && !hasBody(head)) {
      return this.#plain(head, origin, onRequest);
    }
    if (path !== undefined && pathOf(head.target) !== path) return this.#refuse(notFound());
    if (!wanted || method !== 'GET') return this.#refuse(refusePlain(method, wanted));
    const checked = checkUpgrade(head, upgrade);
    if (!checked.ok) return this.#refuse(checked);
    const request = webRequest(head, origin);
    return request instanceof HandshakeError ? this.#refuse(refuse(request)) : this.#decide(checked.offer, request);
  }

  /** A hook of the application has failed, which somebody should see. */
  fail(cause: unknown): NoWebSocket {
    if (this.#settings.onRefused === undefined) console.error('a hook of the server has failed:', cause);
    return this.#refuse(hookFailed(cause));
  }

  async #plain(head: RequestHead, origin: string, onRequest: RequestHandler): NoWebSocket {
    const request = webRequest(head, origin);
    if (request instanceof HandshakeError) return this.#refuse(refuse(request));
    const { signal } = this.#pending;
    this.#pending.watch(this.#settings.closeTimeout);
    const answer = await this.#pending.waitFor((async () => answerOf(await onRequest(request), signal))());
    if (answer === undefined) return this.#giveUp();
    await this.#end(answer);
  }

  async #decide(offer: UpgradeOffer, request: Request): Promise<ServerWebSocket<Context> | undefined> {
    const { authenticate, deflate } = this.#settings;
    const { conn, signal } = this.#pending;
    let verdict: Verdict<Context> | undefined = true;
    if (authenticate !== undefined) {
      const info = { request, origin: offer.origin, secure: this.#secure, remoteAddr: conn.remoteAddr, signal };
      const answer = authenticate(info);
      if (isPromise(answer)) {
        // Who has ended its half can speak no WebSocket.
        this.#pending.watch(0);
        // Wrapped: a verdict that is undefined is for `decide` to refuse, and no sign that the signal was aborted.
        const waited = await this.#pending.waitFor((async () => ({ decided: await answer }))());
        if (waited === undefined) return this.#giveUp();
        verdict = waited.decided;
      } else verdict = answer;
    }
    const decision = decide(verdict, 'authenticate');
    if (!decision.ok) return this.#refuse(refuse(decision.status, decision));
    if (deflate.isOffered(offer)) await deflate.load();
    if (signal.aborted) return this.#giveUp();
    return this.#complete(offer, request, decision);
  }

  async #complete(
    offer: UpgradeOffer,
    request: Request,
    { headers, context }: Decision<Context> & { readonly ok: true },
  ): Promise<ServerWebSocket<Context> | undefined> {
    const { upgrade, driverSettings } = this.#settings;
    const { conn } = this.#pending;
    const { response, negotiated } = completeUpgrade(offer, upgrade, { headers });
    const extensions = negotiated.extensions.map(({ extension }) => extension);
    this.#pending.commit();
    // All of it fits into what the system takes at once: nothing has been written before.
    const written = await this.#pending.waitFor(
      writeAll(conn, serializeHead(response)).then(
        () => true,
        () => false,
      ),
    );
    if (written !== true) {
      for (const extension of extensions) extension.close?.();
      this.#pending.drop();
      return undefined;
    }
    return socketOf({
      conn,
      released: this.#pending.release(),
      request,
      protocol: negotiated.subprotocol,
      extensionsHeader: serializeExtensions(negotiated.extensions),
      extensions,
      context,
      driverSettings,
    });
  }

  /** The handshake has been given up: a client that is still there is told why. */
  #giveUp(): NoWebSocket {
    const { reason } = this.#pending.signal;
    if (reason instanceof HandshakeError) return this.#refuse(refuse(reason));
    this.#pending.drop();
    return Promise.resolve(undefined);
  }

  #refuse({ response, error }: Refusal): NoWebSocket {
    try {
      this.#settings.onRefused?.(error, this.#pending.conn);
    } catch (thrown) {
      reportError(thrown);
    }
    return this.#end(response);
  }

  async #end(response: Answer): NoWebSocket {
    const answer = dated(this.#method === 'HEAD' ? withoutContent(response) : response, new Date().toUTCString());
    await this.#pending.answer(answer, this.#settings.closeTimeout);
  }
}
