import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Extension, isPromise } from '@ws/connection';
import {
  checkUpgrade,
  completeUpgrade,
  type Decision,
  HandshakeError,
  type HeaderFields,
  headText,
  hookFailed,
  hostError,
  type Negotiated,
  type Refusal,
  refuse,
  type UpgradeOffer,
} from '@ws/handshake';
import type { Settings } from '../options.ts';
import type { OwnOptions } from '../own-options.ts';
import { answerAtOnce } from '../runtime/answer-at-once.ts';
import { rethrow } from '../runtime/rethrow.ts';
import { Admission } from './admission.ts';
import { openResponse } from './open-response.ts';
import { PendingSocket } from './pending-socket.ts';
import { hasTooManyFields, requestHead } from './request-head.ts';
import { verify } from './verify-client.ts';

/** A server, for which handshakes are done. */
export interface UpgradeHost {
  /** Returns false once the server is closing. */
  isRunning(): boolean;
  /** How many connections there are. */
  connections(): number;
  shouldHandle(request: IncomingMessage): boolean;
  /** What the listeners of 'headers' add to the 101 response. */
  addedHeaders(request: IncomingMessage): HeaderFields;
  /** Hears that a client was accepted. */
  accepted(request: IncomingMessage): void;
  /** Hears that a client was refused, for any reason. */
  refused(error: HandshakeError, request: IncomingMessage): void;
  /** Tells of a handshake that has failed; true if a listener answers the client. */
  emitFailure(error: HandshakeError, socket: Duplex, request: IncomingMessage): boolean;
}

/** The result of a handshake that is done, but for its 101 response. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly responseHead: string;
  readonly negotiated: Negotiated<Extension>;
  readonly context: unknown;
  /** What the client has sent behind its request. */
  readonly early: Uint8Array;
}

function tooManyFields(): HandshakeError {
  return new HandshakeError(
    'too-many-fields',
    'the request has as many header fields as maxHeadersCount allows, or more',
  );
}

function notFound(request: IncomingMessage): Refusal {
  return refuse(hostError(requestHead(request)) ?? 404);
}

function closing(): HandshakeError {
  return new HandshakeError('refused', 'the server is closing', { status: 503 });
}

type Done = (upgraded: Upgraded) => void;

/** The handshakes of a server: each socket is taken at once, and ends with a 101 response or a refusal. */
export class Upgrades {
  readonly #options: OwnOptions;
  readonly #settings: Settings;
  readonly #host: UpgradeHost;
  readonly #admission: Admission;
  readonly #pending = new Set<PendingSocket>();
  /** The sockets of clients that were refused, until they are gone. */
  readonly #leaving = new Set<Duplex>();

  /** @param options are asked for what may be set while the server runs */
  constructor(options: OwnOptions, settings: Settings, host: UpgradeHost) {
    this.#options = options;
    this.#settings = settings;
    this.#host = host;
    this.#admission = new Admission(settings.maxConnections, settings.connection.rateLimit, settings.clientAddress);
  }

  /** Gives up waiting for the hooks, for this reason. */
  abort(reason: Error): void {
    for (const pending of this.#pending) pending.abort(reason);
  }

  /** Waits no longer for refused clients to end. */
  cutOff(): void {
    for (const socket of this.#leaving) socket.destroy();
  }

  /** Refuses a request that no server takes. */
  refuseUnknown(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const pending = this.#take(request, socket, head);
    if (pending === undefined) return;
    const refusal = notFound(request);
    this.#recordRefusal(pending, refusal.error);
    pending.refuse(refusal);
  }

  /**
   * Does the handshake of a request.
   *
   * @throws TypeError if the socket was taken before
   */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer, done: Done): void {
    const pending = this.#take(request, socket, head);
    if (pending === undefined) return;
    let checked: { readonly ok: true; readonly offer: UpgradeOffer } | Refusal;
    try {
      checked = this.#judge(request);
    } catch (error) {
      this.#fail(pending, error);
      return;
    }
    if (!checked.ok) {
      this.#refuse(pending, checked);
      return;
    }
    const { offer } = checked;
    const { verifyClient } = this.#options;
    if (verifyClient === undefined) {
      this.#complete(pending, offer, { ok: true, context: undefined, headers: [] }, done);
      return;
    }
    let decision: Decision | Promise<Decision>;
    try {
      const secure = 'encrypted' in socket && socket.encrypted === true;
      const remoteAddress = this.#settings.clientAddress(request);
      const { signal } = pending;
      decision = verify(verifyClient, this.#options, {
        origin: offer.origin,
        secure,
        remoteAddress,
        req: request,
        signal,
      });
    } catch (error) {
      this.#fail(pending, error);
      return;
    }
    if (isPromise(decision)) void this.#await(pending, offer, decision, done);
    else this.#decide(pending, offer, decision, done);
  }

  /**
   * Takes the socket of a request. Answers stand in the order of the requests (RFC 9112, section 9.3.2), and a client
   * waits for its answers before it asks for an upgrade. If it has not, the connection ends with those answers, and the
   * upgrade has none (section 9.6): then undefined is returned.
   */
  #take(request: IncomingMessage, socket: Duplex, head: Buffer): PendingSocket | undefined {
    const pending = new PendingSocket(request, socket, head, this.#settings.connection.closeTimeout);
    if (openResponse(request, socket) === undefined) return pending;
    this.#recordRefusal(
      pending,
      new HandshakeError('refused', 'an earlier request of the connection has no answer yet'),
    );
    pending.endAfterResponses();
    return undefined;
  }

  #judge(request: IncomingMessage): { readonly ok: true; readonly offer: UpgradeOffer } | Refusal {
    if (!this.#host.isRunning()) return refuse(closing());
    if (!this.#host.shouldHandle(request)) return notFound(request);
    if (hasTooManyFields(request)) return refuse(tooManyFields());
    const connections = this.#host.connections() + this.#pending.size;
    return this.#admission.refusal(request, connections) ?? checkUpgrade(requestHead(request), this.#settings.upgrade);
  }

  /** Waits for the decision of a hook, as long as the client and the time allow. */
  async #await(pending: PendingSocket, offer: UpgradeOffer, decision: Promise<Decision>, done: Done): Promise<void> {
    this.#pending.add(pending);
    let decided: Decision | undefined;
    try {
      decided = await pending.waitFor(decision, this.#settings.handshakeTimeout);
    } catch (error) {
      this.#fail(pending, error);
      return;
    } finally {
      this.#pending.delete(pending);
    }
    if (decided === undefined || pending.signal.aborted) {
      const { message } = pending.signal.reason as Error;
      // Its verdict is not looked at then: that is the likeliest reason.
      const hint =
        (this.#options.verifyClient?.length ?? 0) >= 2 ? ' (it has a second parameter: it must call it)' : '';
      const error = new HandshakeError('refused', message + hint, { status: 503 });
      this.#refuse(pending, refuse(error, { body: `${message}\n` }));
    } else this.#decide(pending, offer, decided, done);
  }

  #decide(pending: PendingSocket, offer: UpgradeOffer, decision: Decision, done: Done): void {
    if (decision.ok) {
      this.#complete(pending, offer, decision, done);
      return;
    }
    let refusal: Refusal;
    try {
      refusal = refuse(decision.status, { body: decision.body, headers: decision.headers });
    } catch (error) {
      this.#fail(pending, error);
      return;
    }
    this.#recordRefusal(pending, refusal.error);
    // A verdict is no error of the client: as in `ws`, only the client is told.
    pending.refuse(refusal);
  }

  #complete(pending: PendingSocket, offer: UpgradeOffer, decision: Decision & { readonly ok: true }, done: Done): void {
    const { request, socket } = pending;
    if (socket.destroyed || !socket.writable || socket.readableEnded) {
      // Not released: its 'error' may still be to come.
      socket.destroy();
      return;
    }
    let accepted: ReturnType<typeof completeUpgrade<Extension>>;
    try {
      const subprotocol = this.#chooseSubprotocol(offer, request);
      const added = this.#host.addedHeaders(request);
      accepted = completeUpgrade(offer, this.#settings.upgrade, {
        subprotocol,
        headers: [...decision.headers, ...added],
      });
    } catch (error) {
      this.#fail(pending, error);
      return;
    }
    const { response, negotiated } = accepted;
    // One of the hooks may have closed this server.
    if (!this.#host.isRunning()) {
      for (const { extension } of negotiated.extensions) extension.close?.();
      this.#refuse(pending, refuse(closing()));
      return;
    }
    const early = pending.release();
    this.#host.accepted(request);
    done({ socket, responseHead: headText(response), negotiated, context: decision.context, early });
  }

  /**
   * Asks `handleProtocols`, if there is something to ask about; '' for none, undefined if it is not the hook that
   * chooses.
   */
  #chooseSubprotocol({ subprotocols }: UpgradeOffer, request: IncomingMessage): string | undefined {
    const options = this.#options;
    if (options.handleProtocols === undefined || subprotocols.length === 0) return undefined;
    const chosen: unknown = options.handleProtocols(new Set(subprotocols), request) || '';
    return answerAtOnce(
      chosen,
      'handleProtocols must answer at once, and not by a promise: await it in verifyClient',
    ) as string;
  }

  #fail(pending: PendingSocket, cause: unknown): void {
    this.#refuse(pending, hookFailed(cause));
  }

  #refuse(pending: PendingSocket, refusal: Refusal): void {
    this.#recordRefusal(pending, refusal.error);
    try {
      if (this.#host.emitFailure(refusal.error, pending.socket, pending.request)) {
        pending.leaveToListener();
        return;
      }
    } catch (error) {
      rethrow(error);
    }
    pending.refuse(refusal);
  }

  /** Records that a client is refused, whether the server answers it or a listener. */
  #recordRefusal({ request, socket }: PendingSocket, error: HandshakeError): void {
    this.#host.refused(error, request);
    if (socket.destroyed) return;
    this.#leaving.add(socket);
    socket.once('close', () => this.#leaving.delete(socket));
  }
}
