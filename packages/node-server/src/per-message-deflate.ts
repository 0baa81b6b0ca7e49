import { availableParallelism } from 'node:os';
import type { ExtensionNegotiator } from '@ws/handshake';
import {
  type PermessageDeflate,
  permessageDeflate,
  readPerMessageDeflate,
  type ServerOptions,
} from '@ws/permessage-deflate';
import { nodeZlib } from '@ws/permessage-deflate/node';
import { platform } from './runtime/platform.ts';

/** How messages are compressed: the options of `@ws/permessage-deflate`, and one of Node's. */
export interface PerMessageDeflateOptions extends ServerOptions {
  /**
   * How many messages may be in the thread pool at a time, 1 or more; half of them at most are decompressed. Messages
   * of over 2 KiB are compressed there, and of over 16 KiB, or what comes to over 64 KiB, decompressed. Default: one
   * more than there are processors, which works while a result is taken, and at most 4, the threads of the pool: more
   * would only take the processor from the event loop.
   */
  readonly concurrencyLimit?: number | undefined;
}

/** @throws TypeError or RangeError for options of the wrong kind */
export function readDeflate(
  options: boolean | PerMessageDeflateOptions | undefined,
): ExtensionNegotiator<PermessageDeflate>[] {
  const read = readPerMessageDeflate(options, availableParallelism(), (warning) => process.emitWarning(warning));
  if (read === undefined) return [];
  const zlib = nodeZlib({ allocate: (length) => platform.memory.allocate(length), concurrency: read.concurrency });
  return [permessageDeflate(zlib, read.options)];
}
