import type { ServerOptions } from './options.ts';

/** These are null in `ws` where they are not given, and so in what its users hand on. */
const NULL_IS_NONE = ['backlog', 'handleProtocols', 'host', 'path', 'port', 'server', 'verifyClient'] as const;

/** What may be set on the options of a server that runs, as libraries do to one of `ws`: asked for at each handshake. */
const CHANGES = ['handleProtocols', 'path', 'verifyClient'] as const satisfies (keyof OwnOptions)[];

/** The options of a server as it keeps them. Setting another than these three is an error, since nothing would come of it. */
export interface OwnOptions extends Readonly<Omit<ServerOptions, 'handleProtocols' | 'path' | 'verifyClient'>> {
  /** As in {@link ServerOptions}; the same for the other two. */
  handleProtocols: ServerOptions['handleProtocols'];
  path: ServerOptions['path'];
  verifyClient: ServerOptions['verifyClient'];
}

/**
 * A copy of the options for a server.
 *
 * @throws TypeError for what is no object
 */
export function ownOptions(given: ServerOptions): OwnOptions {
  if (typeof given !== 'object' || given === null) throw new TypeError('options must be an object');
  const options: Record<string, unknown> = { ...given };
  for (const name of NULL_IS_NONE) if (options[name] === null) delete options[name];
  for (const name of Object.keys(options)) Object.defineProperty(options, name, { writable: false });
  for (const name of CHANGES) {
    Object.defineProperty(options, name, { value: options[name], writable: true, enumerable: true });
  }
  return Object.preventExtensions(options) as unknown as OwnOptions;
}
