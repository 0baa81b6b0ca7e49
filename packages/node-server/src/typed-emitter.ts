import { EventEmitter } from 'node:events';

/**
 * What is called with the arguments of an event. As a method, whose parameters TypeScript lets be subtypes, and `this`
 * as well: a socket with fields of the application's own.
 */
type Listener<This, Args extends unknown[]> = { told(this: This, ...args: Args): void }['told'];

/**
 * An `EventEmitter` whose events have names and types, and whose listeners have it as `this`. The types of Node's own
 * have no `this`, and differ from version to version: no override fits them all.
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
  removeAllListeners(event?: string | symbol): this;
  /** As Node's. */
  listeners<Name extends keyof Events>(event: Name): ((...args: Events[Name]) => void)[];
  /** As Node's. */
  rawListeners<Name extends keyof Events>(event: Name): ((...args: Events[Name]) => void)[];
  /** As Node's. */
  listenerCount(event: string | symbol, listener?: (...args: never[]) => void): number;
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
