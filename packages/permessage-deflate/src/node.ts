import { SingleDeflater, TakeoverDeflater } from './node-deflate.ts';
import { inflaterPool, SingleInflater, TakeoverInflater } from './node-inflate.ts';
import { type NodeZlibOptions, Shared } from './node-shared.ts';
import type { DeflateSettings, Zlib } from './zlib.ts';

export type { NodeZlibOptions } from './node-shared.ts';

/**
 * The zlib of Node, Deno or Bun. What takes less than a trip to the thread pool is done at once; the rest is done
 * there. Without takeover, all connections share one context for each kind of compression, and one for decompression.
 *
 * @throws TypeError or RangeError if an option is of the wrong kind
 */
export function nodeZlib(options: NodeZlibOptions = {}): Zlib {
  const shared = new Shared(options);
  const inflaters = inflaterPool();
  const singleDeflaters = new Map<string, SingleDeflater>();
  const singleDeflater = (settings: DeflateSettings): SingleDeflater => {
    const kind = `${settings.windowBits} ${settings.level} ${settings.memLevel}`;
    const deflater = singleDeflaters.get(kind) ?? new SingleDeflater(shared, settings);
    singleDeflaters.set(kind, deflater);
    return deflater;
  };
  return {
    minWindowBits: 8,
    deflater: (settings) => (settings.takeover ? new TakeoverDeflater(shared, settings) : singleDeflater(settings)),
    inflater: (settings) =>
      settings.takeover ? new TakeoverInflater(shared, settings) : new SingleInflater(shared, inflaters),
  };
}
