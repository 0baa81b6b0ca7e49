import { kindOf } from '@ws/connection';
import type { ServerOptions } from './options.ts';

/**
 * Every option, and whether it may be set on a server that runs, as libraries do to one of `ws` (graphql-ws the first,
 * @hono/node-ws the second): it holds from the next handshake on.
 */
export const OPTIONS: Readonly<Record<keyof ServerOptions, boolean>> = {
  handleProtocols: true,
  maxPayload: true,
  path: true,
  verifyClient: true,
  allowedOrigins: false,
  backlog: false,
  closeReplyTimeout: false,
  closeTimeout: false,
  handshakeTimeout: false,
  heartbeat: false,
  host: false,
  idleTimeout: false,
  maxBufferedAmount: false,
  maxConnections: false,
  messageHook: false,
  messageHookTimeout: false,
  noServer: false,
  overflow: false,
  perMessageDeflate: false,
  port: false,
  proxyProtocol: false,
  rateLimit: false,
  requireOrigin: false,
  server: false,
  signal: false,
  subprotocols: false,
  trustProxy: false,
};

/**
 * `ws` defaults these to null, so its users pass null on; for two, false and '' also mean none. Not for `verifyClient`:
 * a false by mistake would let everybody in.
 */
const NULL_IS_NONE = /^(backlog|host|noServer|port|server|handleProtocols|path|verifyClient)$/;
const FALSE_IS_NONE = /^(handleProtocols|path)$/;

/** The options of a server as it keeps them: four may be set, and any other throws, since nothing would come of it. */
export interface OwnOptions
  extends Readonly<Omit<ServerOptions, 'handleProtocols' | 'maxPayload' | 'path' | 'verifyClient'>> {
  /** May be set, as may the three below; each is described in {@link ServerOptions}. */
  handleProtocols?: ServerOptions['handleProtocols'];
  maxPayload?: ServerOptions['maxPayload'];
  path?: ServerOptions['path'];
  verifyClient?: ServerOptions['verifyClient'];
}

/**
 * Copies the options for a server, also those that it inherits from a class.
 *
 * @param change is told of all of them each time that one is set. What it throws, the setting throws, and nothing has
 *   changed
 * @throws TypeError if it is not an object
 */
export function ownOptions(given: ServerOptions, change: (options: ServerOptions) => void): OwnOptions {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`options must be an object, got ${kindOf(given)}`);
  const values: Record<string, unknown> = {};
  // Names that are no options here are kept, for the application.
  const own: Record<string, unknown> = { ...given };
  for (const [name, mayChange] of Object.entries(OPTIONS)) {
    values[name] = noneIfNone(name, given[name as keyof ServerOptions]);
    Object.defineProperty(own, name, {
      enumerable: name in given,
      get: () => values[name],
      set(value: unknown) {
        const next = noneIfNone(name, value);
        if (next === values[name]) return;
        if (!mayChange)
          throw new TypeError(`${name} is for the constructor: it cannot be changed on a server that is there`);
        change({ ...values, [name]: next });
        values[name] = next;
      },
    });
  }
  return own as unknown as OwnOptions;
}

function noneIfNone(name: string, value: unknown): unknown {
  return (value === null && NULL_IS_NONE.test(name)) || (!value && FALSE_IS_NONE.test(name)) ? undefined : value;
}
