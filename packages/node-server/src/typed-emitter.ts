import { EventEmitter } from 'node:events';

/** A listener: a method to TypeScript, so that a parameter, and `this`, may be a subtype: a socket with a field of yours. */
type Listener<This, Args extends unknown[]> = { told(this: This, ...args: Args): void }['told'];

/**
 * An `EventEmitter` whose events have names and types, and whose listeners have it as `this`. Node's own differ from version to version,
 * have no `this`, and no override fits them all.
 */
export interface TypedEmitter<Events extends Record<keyof Events, unknown[]>> {
  /** As Node's. */
  on<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  once<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  off<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  addListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  removeListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  prependListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  prependOnceListener<Name extends keyof Events>(event: Name, listener: Listener<this, Events[Name]>): this;
  /** As Node's. */
  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): boolean;
  /** As Node's. */
  removeAllListeners(event?: keyof Events): this;
  /** As Node's. */
  listeners<Name extends keyof Events>(event: Name): Listener<this, Events[Name]>[];
  /** As Node's. */
  rawListeners<Name extends keyof Events>(event: Name): Listener<this, Events[Name]>[];
  /** As Node's. */
  listenerCount<Name extends keyof Events>(event: Name, listener?: Listener<this, Events[Name]>): number;
  /** As Node's. */
  eventNames(): (string | symbol)[];
  /** As Node's. */
  setMaxListeners(count: number): this;
  /** As Node's. */
  getMaxListeners(): number;
}

/** Node's `EventEmitter` itself, with other types. */
export const TypedEmitter: Omit<typeof EventEmitter, 'prototype'> &
  (new <Events extends Record<keyof Events, unknown[]>>() => TypedEmitter<Events>) = EventEmitter as never;
