import type { MessageLimits, Platform } from '@ws/codec';
import { kindOf } from '../options/kind-of.ts';
import { checkMethods } from '../options/methods.ts';
import { checkNames } from '../options/names.ts';
import { checkObject } from '../options/types.ts';
import { isWholeText } from './prepared.ts';
import { SendMemory } from './send-memory.ts';

/** The options that may be the same for many connections. */
export interface SharedOptions {
  readonly role: 'server' | 'client';
  /** Limits on what the peer sends. Default: messages of 16 MiB. */
  readonly limits?: MessageLimits | undefined;
  /** For a client: a fresh masking key a frame, 32 bits that cannot be foreseen (RFC 6455, section 5.3). */
  readonly maskingKey?: (() => number) | undefined;
  /** Memory and fast functions that the runtime lends the codec. Default: none. */
  readonly platform?: Platform | undefined;
  /** Memory for outgoing frames, to be shared by connections. Default: its own. */
  readonly sendMemory?: SendMemory | undefined;
}

/** Those options, checked, with their defaults. */
export interface ConnectionSettings {
  readonly role: 'server' | 'client';
  readonly limits: MessageLimits;
  /** Undefined for a server, which masks nothing. */
  readonly maskingKey: (() => number) | undefined;
  readonly platform: Platform | undefined;
  /** The platform's, or a loop. */
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  readonly sendMemory: SendMemory;
}

/** A misspelt limit would be the default without a word. */
const LIMITS = ['maxMessagePayload', 'maxFramePayload'] as const satisfies (keyof MessageLimits)[];

/** @throws TypeError or RangeError if an option is of the wrong kind, or a client has no masking keys */
export function readConnectionSettings(options: SharedOptions): ConnectionSettings {
  const { role, limits = {}, maskingKey, platform, sendMemory = new SendMemory() } = options;
  if (role !== 'server' && role !== 'client')
    throw new TypeError(`role must be 'server' or 'client', got ${String(role)}`);
  if (role === 'client' && maskingKey === undefined)
    throw new TypeError('a client must mask its frames: maskingKey is missing');
  if (maskingKey !== undefined && typeof maskingKey !== 'function')
    throw new TypeError(`maskingKey must be a function that gives a fresh key, got ${kindOf(maskingKey)}`);
  checkMethods(sendMemory, 'sendMemory', ['reserve', 'giveBack']);
  checkObject('limits', limits);
  checkNames('limits', limits, LIMITS);
  if (platform !== undefined) checkObject('platform', platform);
  return {
    role,
    // Copies, for decoders that are made later. Not by `...`, which leaves out what a class has.
    limits: { maxMessagePayload: limits.maxMessagePayload, maxFramePayload: limits.maxFramePayload },
    maskingKey: role === 'client' ? maskingKey : undefined,
    platform: platform && copyOf(platform),
    isUtf8: platform?.isUtf8 ?? isWholeText,
    sendMemory,
  };
}

function copyOf({ memory, isUtf8, maskKernel, decodeUtf8, givesChunks }: Platform): Platform {
  return { memory, isUtf8, maskKernel, decodeUtf8, givesChunks };
}
