import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { SendCallback } from '@ws/connection';

const outside = new AsyncResource('@ws/node-server');

/**
 * Starts what serves all connections: a timer, an immediate. Listeners that it calls find nothing in an AsyncLocalStorage, and not what
 * the one has there whose turn it was to start it.
 */
export function forAll<Result>(start: () => Result): Result {
  return outside.runInAsyncScope(start);
}

/** A callback is called in the context of who has handed it over, as those of Node are. */
export function inContext(callback: SendCallback | undefined): SendCallback | undefined {
  return callback === undefined ? undefined : AsyncLocalStorage.bind(callback);
}
