import { decodeNaively, type RawFrame, rawFrames, type StreamEvent } from '@ws/testkit';
import { Connection, type ConnectionOptions } from './machine/connection.ts';
import type { ConnectionSink } from './machine/connection-sink.ts';

export type Role = 'server' | 'client';

export const opposite = (role: Role): Role => (role === 'server' ? 'client' : 'server');

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));

/** What the peer of a connection in `role` writes: frames, masked as it must if it is the client. */
export function peerBytes(role: Role, ...frames: RawFrame[]): Uint8Array<ArrayBuffer> {
  return rawFrames(frames.map((frame) => (role === 'server' ? { maskingKey: 0x37fa213d, ...frame } : frame)));
}

export const text = (content: string): RawFrame => ({ opcode: 1, payload: utf8(content) });
export const ping = (content = ''): RawFrame => ({ opcode: 9, payload: utf8(content) });
export const pong = (content = ''): RawFrame => ({ opcode: 10, payload: utf8(content) });

export function closeFrame(code?: number, reason = ''): RawFrame {
  if (code === undefined) return { opcode: 8 };
  return { opcode: 8, payload: Uint8Array.of(code >> 8, code & 0xff, ...utf8(reason)) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const quote = (bytes: Uint8Array): string => JSON.stringify(Buffer.from(bytes).toString());

/** An event of a stream, as {@link Endpoint} writes it down. */
export function eventLine(event: StreamEvent): string {
  if (event.type === 'close') return `close ${event.code} ${JSON.stringify(event.reason)}`;
  if (event.type !== 'message') return `${event.type} ${quote(event.payload)}`;
  const mark = event.rsv === 0 ? '' : ` rsv=${event.rsv}`;
  return event.opcode === 1 ? `text ${quote(event.payload)}${mark}` : `binary ${hex(event.payload)}${mark}`;
}

/**
 * What a connection in `role` has written, as its peer reads it; throws if the peer could call it illegal. Only pongs
 * may follow its Close, as long as the peer's has not come; the last of them may be cut if the transport was, and not
 * `whole`.
 */
export function readWritten(role: Role, bytes: Uint8Array, allowedRsv = 0, whole = true): string[] {
  const rules = { role: opposite(role), allowedRsv, maxMessagePayload: Number.MAX_SAFE_INTEGER };
  const { events, violation, consumed } = decodeNaively(bytes, rules);
  if (violation !== undefined) throw new Error(`written: ${violation.violation} at byte ${violation.offset}`);
  if (events.at(-1)?.type !== 'close') return events.map(eventLine);
  const behind = decodeNaively(bytes.subarray(consumed), { ...rules, ended: whole });
  if (behind.violation !== undefined || behind.events.some(({ type }) => type !== 'pong')) {
    throw new Error(`written behind the Close: ${hex(bytes.subarray(consumed))}`);
  }
  return [...events, ...behind.events].map(eventLine);
}

export function flat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(chunks));
}

interface EndpointOptions extends Partial<Omit<ConnectionOptions, 'role' | 'sink'>> {
  /** Called when an event has been written down, with its line. */
  readonly on?: ((line: string) => void) | undefined;
}

/** A connection, and what its sink was told. */
export class Endpoint {
  readonly connection: Connection;
  readonly events: string[] = [];
  /** How often `output` was called. */
  outputs = 0;
  /** How often `decoded` was called. */
  decoded = 0;
  readonly #role: Role;

  constructor(role: Role, { on, ...options }: EndpointOptions = {}) {
    this.#role = role;
    const told = (line: string): void => {
      this.events.push(line);
      on?.(line);
    };
    const sink: ConnectionSink = {
      message: (payload, isBinary) => told(eventLine({ type: 'message', payload, opcode: isBinary ? 2 : 1, rsv: 0 })),
      ping: (payload) => told(eventLine({ type: 'ping', payload })),
      pong: (payload) => told(eventLine({ type: 'pong', payload })),
      close: (code, reason) => told(eventLine({ type: 'close', code, reason })),
      violation: ({ violation, closeCode, offset }) => told(`violation ${violation} ${closeCode} at ${offset}`),
      output: () => {
        this.outputs++;
      },
      decoded: () => {
        this.decoded++;
      },
    };
    let key = 0x1234_5678;
    const maskingKey = (): number => (key = (Math.imul(key, 0x5bd1_e995) + 1) | 0);
    this.connection = new Connection({ role, sink, maskingKey, ...options });
  }

  /** Receives frames of the peer. */
  receive(...frames: RawFrame[]): number {
    return this.connection.receive(peerBytes(this.#role, ...frames));
  }

  /** Takes what was queued, as the peer reads it. */
  written(allowedRsv = 0): string[] {
    return readWritten(this.#role, flat(this.connection.take()), allowedRsv);
  }
}
