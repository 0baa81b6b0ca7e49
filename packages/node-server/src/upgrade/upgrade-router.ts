import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { asksForWebSocket } from '@ws/handshake';
import { callEach } from '../runtime/rethrow.ts';

/** A taker of upgrade requests of a shared http server: a `WebSocketServer`. */
export interface UpgradeTarget {
  /** The http server listens. */
  listening(): void;
  /** Whether it takes requests, and is not closing. */
  isRunning(): boolean;
  /** Takes a request if it is for this target; returns false if it is not. One that is closing says so to the client. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Answers a request that no target and no other listener takes. */
  refuseUnknown(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

interface Router {
  readonly targets: Set<UpgradeTarget>;
  readonly stop: () => void;
}

const routers = new WeakMap<Server, Router>();

/**
 * Has a target take its upgrade requests of an http server, and hear that it listens. All targets of one server share
 * one listener, so that none answers for another's path (row H10), and hundreds of them are no leak to Node; where there
 * are other listeners as well (Vite, socket.io), what no target takes is left to them.
 *
 * @param isShared whether it has other tasks than WebSockets
 * @returns a function that takes it back
 */
export function route(server: Server, joining: UpgradeTarget, isShared: boolean): () => void {
  let router = routers.get(server);
  if (router === undefined) {
    const targets = new Set<UpgradeTarget>();
    const listener: Listener = (request, socket, head) => {
      for (const target of targets) if (target.isRunning() && target.take(request, socket, head)) return;
      if (server.listenerCount('upgrade') > 1) return;
      // Another may have had the path of one that is closing.
      for (const target of targets) if (!target.isRunning() && target.take(request, socket, head)) return;
      const [first] = targets;
      const running = [...targets].find((target) => target.isRunning());
      (running ?? first)?.refuseUnknown(request, socket, head);
    };
    const listening = (): void => callEach([...targets], (target) => target.listening());
    server.on('upgrade', listener).on('listening', listening);
    const stopAsking = isShared ? takeWebSocketsOnly(server) : () => {};
    const stop = (): void => {
      server.off('upgrade', listener).off('listening', listening);
      stopAsking();
    };
    router = { targets, stop };
    routers.set(server, router);
  }
  const { targets, stop } = router;
  targets.add(joining);
  return () => {
    targets.delete(joining);
    if (targets.size > 0) return;
    stop();
    routers.delete(server);
  };
}

/**
 * A server that is asked whether a request with an Upgrade is emitted as 'upgrade', or as 'request', as if it had none:
 * Node's from 22.21 and 24.9 on.
 */
interface Asked {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

/**
 * Leaves what asks for another protocol to the http server, where no other listener is for it: some clients ask for h2c
 * with each of their requests, and expect it to be ignored (RFC 9110, section 7.8). Returns a function that takes it
 * back.
 */
function takeWebSocketsOnly(server: Server & Asked): () => void {
  const { shouldUpgradeCallback: before } = server;
  if (typeof before !== 'function') return () => {};
  let stopped = false;
  const isOurs = (request: IncomingMessage): boolean =>
    stopped ||
    server.listenerCount('upgrade') > 1 ||
    server.listenerCount('request') === 0 ||
    asksForWebSocket({ headers: [['upgrade', request.headers.upgrade ?? '']] });
  const asked = (request: IncomingMessage): boolean => before.call(server, request) && isOurs(request);
  server.shouldUpgradeCallback = asked;
  return () => {
    // The application may have wrapped it.
    stopped = true;
    if (server.shouldUpgradeCallback === asked) server.shouldUpgradeCallback = before;
  };
}
