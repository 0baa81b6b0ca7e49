import { checkMethods, checkNames, checkTypes, type IntegerRange, readBoolean, readInteger } from '@ws/connection';
import { MAX_WINDOW_BITS, MIN_WINDOW_BITS } from './parameters.ts';
import type { Zlib } from './zlib.ts';

/** What a server and a client can set alike. */
export interface PermessageDeflateOptions {
  /**
   * Whether the server compresses each message by itself. Default: true, since a context that is kept costs it 220 KB a
   * connection. By default a client offers it first, and then without it, for servers that cannot.
   */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** Whether the client does. Default: true; a context that is kept costs the server 20 KB a connection. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /**
   * The window of the server, in bits, 8 to 15. Default: 15. Smaller ones need less memory where contexts are taken
   * over, and find less.
   */
  readonly serverMaxWindowBits?: number | undefined;
  /**
   * The window of the client, in bits, 8 to 15. Default: 15. A client that did not offer the parameter cannot be given
   * a smaller one: it gets `client_no_context_takeover` instead.
   */
  readonly clientMaxWindowBits?: number | undefined;
  /** Shorter messages are sent as they are, in bytes. Default: 1024: below, a packet is seldom saved. */
  readonly threshold?: number | undefined;
  /** 0, none, to 9, the smallest result. Default: 6, zlib's own. */
  readonly level?: number | undefined;
  /** 1 to 9: a context for compressing has 2^(memLevel + 9) bytes besides its windows. Default: 8, zlib's own. */
  readonly memLevel?: number | undefined;
  /**
   * How many times its length a message may grow to, where that is more than 64 KiB, from 1 on; over it, it is
   * 'message-too-big'. Default: any, since the limit on messages holds anyway. DEFLATE itself reaches 1032.
   */
  readonly maxRatio?: number | undefined;
}

/** What a server can set: the same, and how many connections may keep contexts. */
export interface ServerOptions extends PermessageDeflateOptions {
  /**
   * How many connections may keep contexts between messages; those over it are answered without. Default: all that want
   * to.
   */
  readonly maxTakeovers?: number | undefined;
}

/** Options, validated, with their defaults. */
export interface Settings {
  readonly zlib: Zlib;
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
  readonly threshold: number;
  readonly level: number;
  readonly memLevel: number;
  readonly maxRatio: number;
  readonly maxTakeovers: number;
}

/** Every option. */
export const NAMES: readonly (keyof ServerOptions)[] = [
  'serverNoContextTakeover',
  'clientNoContextTakeover',
  'serverMaxWindowBits',
  'clientMaxWindowBits',
  'threshold',
  'level',
  'memLevel',
  'maxRatio',
  'maxTakeovers',
];

const WINDOW_BITS: IntegerRange = { default: MAX_WINDOW_BITS, min: MIN_WINDOW_BITS, max: MAX_WINDOW_BITS };

/**
 * @throws TypeError for an option of another type, and for an unknown one; RangeError for a number out of range (row M8)
 */
export function readOptions(zlib: Zlib, options: ServerOptions): Settings {
  checkTypes('object', { options });
  checkNames('permessage-deflate', options, NAMES);
  checkMethods(zlib, 'zlib (nodeZlib() or pureZlib())', ['deflater', 'inflater']);
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = options;
  const { maxRatio = Number.POSITIVE_INFINITY } = options;
  checkTypes('number', { maxRatio });
  if (!(maxRatio >= 1)) throw new RangeError(`maxRatio must be 1 or more, got ${maxRatio}`);
  return {
    zlib,
    serverNoContextTakeover: readBoolean(serverNoContextTakeover, 'serverNoContextTakeover', true),
    clientNoContextTakeover: readBoolean(clientNoContextTakeover, 'clientNoContextTakeover', true),
    serverMaxWindowBits: readInteger(serverMaxWindowBits, 'serverMaxWindowBits', WINDOW_BITS),
    clientMaxWindowBits: readInteger(clientMaxWindowBits, 'clientMaxWindowBits', WINDOW_BITS),
    threshold: readInteger(options.threshold, 'threshold', { default: 1024 }),
    level: readInteger(options.level, 'level', { default: 6, max: 9 }),
    memLevel: readInteger(options.memLevel, 'memLevel', { default: 8, min: 1, max: 9 }),
    maxRatio,
    maxTakeovers: readInteger(options.maxTakeovers, 'maxTakeovers', { default: Number.MAX_SAFE_INTEGER }),
  };
}
