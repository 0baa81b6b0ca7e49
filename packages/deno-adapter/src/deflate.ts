import type { ExtensionNegotiator, UpgradeOffer } from '@ws/handshake';
import {
  type PermessageDeflate,
  permessageDeflate,
  readPerMessageDeflate,
  type ServerOptions,
  type Zlib,
} from '@ws/permessage-deflate';
import { afterTurn } from './clock.ts';
import { platform } from './platform.ts';

/** Deno's `node:zlib` does all of its work in this thread. */
const giveWay = (): Promise<void> => new Promise(afterTurn);

/** How messages are compressed: the options of `@ws/permessage-deflate`, and one of zlib's. */
export interface PerMessageDeflateOptions extends ServerOptions {
  /**
   * How many messages may be in progress at a time, 1 or more; half of them at most are decompressed. Messages of over
   * 2 KiB are compressed, and of over 16 KiB, or what comes to over 64 KiB, decompressed in turns, 64 KiB at a time.
   * Default: one more than there are processors, at most 4: each has a context of zlib.
   */
  readonly concurrencyLimit?: number | undefined;
}

/** Compression, and what has to be waited for before it is agreed on with a client. */
export interface Deflate {
  readonly extensions: readonly ExtensionNegotiator<PermessageDeflate>[];
  /** Whether a client offers what is among the extensions. */
  isOffered(offer: UpgradeOffer): boolean;
  /** Loads zlib, once: before that is agreed on. */
  load(): Promise<void>;
}

/**
 * Reads the options at once, and loads `node:zlib` for the first client that offers compression: without one, or with
 * `false`, nothing of Node's is ever loaded.
 *
 * @throws TypeError or RangeError for options of the wrong kind
 */
export function readDeflate(options: boolean | PerMessageDeflateOptions | undefined): Deflate {
  // Node 20 has none: a policy can be made there all the same, as by whoever tests it.
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  const read = readPerMessageDeflate(options, navigator?.hardwareConcurrency ?? 1, (warning) => console.warn(warning));
  if (read === undefined) return { extensions: [], isOffered: () => false, load: async () => {} };
  const { concurrency } = read;
  let zlib: Zlib | undefined;
  let loading: Promise<void> | undefined;
  const loaded: Zlib = {
    minWindowBits: 8,
    deflater: (settings) => zlib!.deflater(settings),
    inflater: (settings) => zlib!.inflater(settings),
  };
  const negotiator = permessageDeflate(loaded, read.options);
  return {
    extensions: [negotiator],
    isOffered: ({ extensions }) => extensions.some(({ name }) => name === negotiator.name),
    load: () =>
      (loading ??= import('@ws/permessage-deflate/node').then(({ nodeZlib }) => {
        zlib = nodeZlib({ allocate: (length) => platform.memory.allocate(length), concurrency, giveWay });
      })),
  };
}
