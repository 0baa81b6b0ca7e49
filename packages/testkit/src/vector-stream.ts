import { decodeNaively, type NaiveRules } from './naive-codec.ts';
import { utf8Of } from './naive-utf8.ts';
import { concat, type RawFrame, rawFrame } from './raw-frame.ts';
import type { StreamEvent } from './transcript.ts';
import { packBytes, type StreamVector, type VectorEvent } from './vector-json.ts';

export type Role = NaiveRules['role'];

/** The key of RFC 6455 section 5.7, and one with which a run of equal bytes stays one. */
export const KEY = 0x37fa213d;
export const EVEN_KEY = 0x5a5a5a5a;

export const ROLES: readonly Role[] = ['server', 'client', 'observer'];

export const text = (words: string): Uint8Array<ArrayBuffer> => utf8Of(words);
export const zeros = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);
export const close = (code: number, reason: Uint8Array = zeros(0)): RawFrame => ({
  opcode: 8,
  payload: concat([Uint8Array.of(code >> 8, code & 0xff), reason]),
});

/** The start of a text message that goes on. */
export const OPEN: RawFrame = { fin: false, opcode: 1, payload: text('Hel') };

/**
 * A stream for the rules, with the verdict of the naive codec. Frames without a key get one if the reader demands it.
 */
export function vector(
  name: string,
  rules: NaiveRules,
  pieces: readonly (RawFrame | Uint8Array)[],
  key: number = KEY,
): StreamVector {
  const maskingKey = rules.role === 'server' ? key : undefined;
  const bytes = concat(
    pieces.map((piece) => (piece instanceof Uint8Array ? piece : rawFrame({ maskingKey, ...piece }))),
  );
  const maxMessagePayload = rules.maxMessagePayload ?? 1 << 20;
  const allRules = {
    role: rules.role,
    allowedRsv: rules.allowedRsv ?? 0,
    maxMessagePayload,
    maxFramePayload: rules.maxFramePayload ?? maxMessagePayload,
    ended: rules.ended ?? false,
  };
  const { events, violation } = decodeNaively(bytes, allRules);
  return {
    name: `${name} (${rules.role})`,
    rules: allRules,
    bytes: packBytes(bytes),
    events: events.map(packEvent),
    violation:
      violation === undefined
        ? null
        : { name: violation.violation, closeCode: violation.closeCode, offset: violation.offset },
  };
}

function packEvent(event: StreamEvent): VectorEvent {
  if (event.type === 'close') return { ...event, code: event.code ?? null, reason: packBytes(utf8Of(event.reason)) };
  return { ...event, payload: packBytes(event.payload) };
}

/** One stream for every role, legal under its rules. */
export function legal(
  name: string,
  frames: readonly RawFrame[],
  rules: Omit<NaiveRules, 'role'> = {},
  key?: number,
): StreamVector[] {
  return ROLES.map((role) => {
    const made = vector(name, { ...rules, role, ended: true }, frames, key);
    if (made.violation !== null) throw new Error(`${made.name} was to be legal, but is ${made.violation.name}`);
    return made;
  });
}
