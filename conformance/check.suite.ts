import { eventLine, type RawFrame, rawFrames } from '@ws/testkit';
import type { ServerUnderTest } from './server-under-test.suite.ts';
import type { Feature } from './table.js';

/** One thing that every server must do, in every runtime. */
export interface Check {
  readonly feature: Feature;
  readonly name: string;
  readonly run: (server: ServerUnderTest) => Promise<void>;
}

/** All of them, in the order of the files that import this one. */
export const checks: Check[] = [];

export function check(feature: Feature, name: string, run: Check['run']): void {
  checks.push({ feature, name, run });
}

export const MIB = 1_048_576;
/** Whatever has time limits of its own: a server of these is told by its longest message. */
export const SHORT_CLOSE = 3_000_001;
export const SHORT_REPLY = 3_000_002;
export const EAGER = 3_000_003;

export const key = { maskingKey: 0x37fa213d };
export const masked = (...frames: RawFrame[]): Uint8Array => rawFrames(frames.map((frame) => ({ ...key, ...frame })));
export const bytes = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => ((i % 251) * 7 + 3) & 255);
export const binary = (payload: Uint8Array): RawFrame => ({ opcode: 2, payload });
export const binaryLine = (payload: Uint8Array): string => eventLine({ type: 'message', opcode: 2, rsv: 0, payload });
export const ping = (content: string): RawFrame => ({ opcode: 9, payload: Buffer.from(content) });
export const pongLine = (content: string): string => eventLine({ type: 'pong', payload: Buffer.from(content) });
export const lost = /^end 1006 "" lost$/;
