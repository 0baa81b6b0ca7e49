import { availableParallelism } from 'node:os';
import { readInteger } from '@ws/connection';
import type { ExtensionNegotiator } from '@ws/handshake';
import { type PermessageDeflate, permessageDeflate, type ServerOptions } from '@ws/permessage-deflate';
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
  options: boolean | PerMessageDeflateOptions = true,
): ExtensionNegotiator<PermessageDeflate>[] {
  if (options === false) return [];
  if (options !== true && (typeof options !== 'object' || options === null)) {
    throw new TypeError(
      `perMessageDeflate must be a boolean or an object, got ${options === null ? 'null' : typeof options}`,
    );
  }
  const { concurrencyLimit, ...others } = options === true ? {} : options;
  const concurrency = readInteger(concurrencyLimit, 'concurrencyLimit', {
    default: Math.min(availableParallelism() + 1, 4),
    min: 1,
  });
  const zlib = nodeZlib({ allocate: (length) => platform.memory.allocate(length), concurrency });
  return [permessageDeflate(zlib, others)];
}
