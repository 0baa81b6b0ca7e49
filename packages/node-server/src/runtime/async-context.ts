import { AsyncResource } from 'node:async_hooks';
import type { SendCallback } from '@ws/connection';

const TYPE = '@ws/node-server';

const outside = withoutStores();

/**
 * Starts what serves all connections: a timer, an immediate. Its listeners see no AsyncLocalStorage store, rather than
 * that of the request that started it.
 */
export function forAll<Result>(start: () => Result): Result {
  return outside.runInAsyncScope(start);
}

/** Binds a callback to the context that it was handed over in, as Node does. Null is none, as in `ws`. */
export function inContext(callback: SendCallback | null | undefined): SendCallback | undefined {
  if (callback === undefined || callback === null) return undefined;
  if (typeof callback !== 'function') throw new TypeError(`callback must be a function, got ${typeof callback}`);
  // AsyncLocalStorage.bind does the same in ten times the time, since it makes the function look like the other one.
  const resource = new AsyncResource(TYPE);
  return (error) =>
    void (error === undefined
      ? resource.runInAsyncScope(callback)
      : resource.runInAsyncScope(callback, undefined, error));
}

/**
 * Makes a context without stores, also where this module is loaded in the middle of a request: Node keeps them in
 * properties that are symbols. In other runtimes it has the stores that the module was loaded with.
 */
function withoutStores(): AsyncResource {
  const resource = new AsyncResource(TYPE);
  const inside = resource as unknown as Record<symbol, unknown>;
  for (const key of Object.getOwnPropertySymbols(inside)) {
    if (/^(kResourceStore|context_frame)$/.test(key.description ?? '')) inside[key] = undefined;
  }
  return resource;
}
