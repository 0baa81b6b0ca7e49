import { toHex } from './hex.ts';
import type { StreamViolation } from './violation.ts';

/** An event that a receiver hands to its application. */
export type StreamEvent =
  | { readonly type: 'message'; readonly payload: Uint8Array; readonly opcode: number; readonly rsv: number }
  | { readonly type: 'ping'; readonly payload: Uint8Array }
  | { readonly type: 'pong'; readonly payload: Uint8Array }
  | { readonly type: 'close'; readonly code: number | undefined; readonly reason: string };

/** Events and how they ended, as lines that a test compares and a person reads. */
export function transcript(events: readonly StreamEvent[], violation?: StreamViolation | undefined): string[] {
  const lines = events.map(eventLine);
  if (violation !== undefined) {
    lines.push(`violation ${violation.violation} ${violation.closeCode} at ${violation.offset}`);
  }
  return lines;
}

/** An event as one line. */
export function eventLine(event: StreamEvent): string {
  switch (event.type) {
    case 'message':
      return `message opcode=${event.opcode} rsv=${event.rsv} ${bytesLine(event.payload)}`;
    case 'close':
      return `close ${event.code ?? 'without code'} ${JSON.stringify(event.reason)}`;
    default:
      return `${event.type} ${bytesLine(event.payload)}`;
  }
}

function bytesLine(bytes: Uint8Array): string {
  return `${bytes.length}:${toHex(bytes)}`;
}

/** A sink that writes down what it is given. Payloads are kept as they come, so that a reused buffer shows itself. */
export class Recorder {
  readonly events: StreamEvent[] = [];
  readonly violations: StreamViolation[] = [];

  /** Writes the message down. */
  message(payload: Uint8Array, opcode: number, rsv: number): void {
    this.events.push({ type: 'message', payload, opcode, rsv });
  }

  /** Writes the ping down. */
  ping(payload: Uint8Array): void {
    this.events.push({ type: 'ping', payload });
  }

  /** Writes the pong down. */
  pong(payload: Uint8Array): void {
    this.events.push({ type: 'pong', payload });
  }

  /** Writes the Close down. */
  close(code: number | undefined, reason: string): void {
    this.events.push({ type: 'close', code, reason });
  }

  /** Writes the violation down, also a second one. */
  violation(error: { readonly violation: string; readonly closeCode: number; readonly offset: number }): void {
    this.violations.push(error as StreamViolation);
  }

  /** Throws when a second violation was delivered: the first one is the last word. */
  transcript(): string[] {
    if (this.violations.length > 1) throw new Error(`${this.violations.length} violations were delivered, not one`);
    return transcript(this.events, this.violations[0]);
  }
}
