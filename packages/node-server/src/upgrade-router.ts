import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Who takes upgrade requests of a shared http server: a `WebSocketServer`. */
export interface UpgradeTarget {
  shouldHandle(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a request that nobody on the http server takes. */
  refuseUnknown(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

interface Router {
  readonly targets: Set<UpgradeTarget>;
  readonly listener: Listener;
}

const routers = new WeakMap<Server, Router>();

/**
 * Has a target take its upgrade requests of an http server. All targets of one server share one listener, so that none
 * answers for another's path (row H10); where somebody else listens as well (Vite, socket.io), what is none
 * of ours is left to them.
 *
 * @returns a function that takes it back
 */
export function route(server: Server, target: UpgradeTarget): () => void {
  let router = routers.get(server);
  if (router === undefined) {
    const targets = new Set<UpgradeTarget>();
    const listener: Listener = (request, socket, head) => {
      let last: UpgradeTarget | undefined;
      for (const target of targets) {
        if (target.shouldHandle(request)) return target.take(request, socket, head);
        last = target;
      }
      if (server.listenerCount('upgrade') === 1) last?.refuseUnknown(request, socket, head);
    };
    router = { targets, listener };
    routers.set(server, router);
    server.on('upgrade', listener);
  }
  const { targets, listener } = router;
  targets.add(target);
  return () => {
    targets.delete(target);
    if (targets.size > 0) return;
    server.off('upgrade', listener);
    routers.delete(server);
  };
}
