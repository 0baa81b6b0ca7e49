import { EventEmitter } from 'node:events';

/**
 * A function that is called with the arguments of an event. Its type is a method's, whose parameters TypeScript lets be
 * subtypes, and `this` as well: a socket with fields of the application's own.
 */
type Listener<This, Args extends unknown[]> = { told(this: This, ...args: Args): void }['told'];

/**
 * An `EventEmitter` whose events have names and types, and whose listeners have it as `this`. The types of Node's own
 * have no `this`, and differ from version to version: no override fits them all.
 */
export interface TypedEmitter<Events extends Record<keyof Events, unknown[]>> {
  /** Does what Node's `on` does. */
  on<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `once` does. */
  once<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Takes the `resolve` of a `Promise<void>`, which ignores what the event tells. */
  once(event: keyof Events, listener: (value: void | PromiseLike<void>) => void): this;
  /** Does what Node's `off` does. */
  off<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `addListener` does. */
  addListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `removeListener` does. */
  removeListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `prependListener` does. */
  prependListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `prependOnceListener` does. */
  prependOnceListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** Does what Node's `emit` does. */
  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): boolean;
  /** Does what Node's `removeAllListeners` does. */
  removeAllListeners(event?: string | symbol): this;
  /** Does what Node's `listeners` does. */
  listeners<Name extends keyof Events>(event: Name): ((...args: Events[Name]) => void)[];
  /** Does what Node's `rawListeners` does. */
  rawListeners<Name extends keyof Events>(event: Name): ((...args: Events[Name]) => void)[];
  /** Does what Node's `listenerCount` does. */
  listenerCount(event: string | symbol, listener?: (...args: never[]) => void): number;
  /** Does what Node's `eventNames` does. */
  eventNames(): (string | symbol)[];
  /** Does what Node's `setMaxListeners` does. */
  setMaxListeners(count: number): this;
  /** Does what Node's `getMaxListeners` does. */
  getMaxListeners(): number;
}

/** Node's `EventEmitter` itself, with other types. */
export const TypedEmitter: Omit<typeof EventEmitter, 'prototype'> &
  (new <Events extends Record<keyof Events, unknown[]>>() => TypedEmitter<Events>) = EventEmitter as never;
