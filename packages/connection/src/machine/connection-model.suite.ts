import type { Violation } from '@ws/testkit';
import { eventLine, flat, type Role } from '../endpoint.suite.ts';
import type { ConnectionState } from './connection.ts';

/*
 * A model of two connections on a pipe that cuts and delays: RFC 6455 sections 5.4, 5.5 and 7 in terms of frames that
 * are on their way. The model knows how long a frame is, and nothing else of bytes.
 */

/** What the reader of a frame makes of it. */
type Meaning =
  | { readonly type: 'data'; readonly opcode: number; readonly payload: Uint8Array; readonly fin: boolean }
  | { readonly type: 'ping' | 'pong'; readonly payload: Uint8Array }
  | { readonly type: 'close'; readonly code: number | undefined; readonly reason: string }
  | { readonly type: 'violation'; readonly violation: Violation; readonly closeCode: number };

interface FrameOnItsWay {
  readonly length: number;
  /** With so many of its bytes it means what it means: for a violation, up to the first bad one. */
  readonly understoodWith: number;
  readonly meaning: Meaning;
}

/** One end of the model, with what it has put on its way. */
export class ModelEnd {
  readonly role: Role;
  state: ConnectionState = 'open';
  /** The events that its application has been told. */
  readonly told: string[] = [];
  held = false;
  /** It has closed the open connection itself, and has been told so much since. */
  closes = false;
  toldWhileClosing = 0;
  /** The fragmented message that it has begun to send. */
  sending: 'none' | 'text' | 'binary' = 'none';
  /** The message that it has begun to receive. */
  private receiving: { readonly opcode: number; readonly parts: Uint8Array[] } | undefined;

  /** Its frames, from the first that the other end has not read to its end. */
  private readonly frames: FrameOnItsWay[] = [];
  /** How many bytes of the first of them have been read, and of the stream before it. */
  private readOfFirst = 0;
  private readBefore = 0;
  /** Bytes that it has queued and not written, and bytes that it has written and that have not been read. */
  queued = 0;
  onWire = 0;
  /** Nothing more goes out: its stream has ended. */
  ended = false;
  endRead = false;

  constructor(role: Role) {
    this.role = role;
  }

  /** Queues a frame of the end's own. */
  queue(meaning: Meaning, payloadLength: number): void {
    const length =
      (payloadLength < 126 ? 2 : payloadLength < 65536 ? 4 : 10) + (this.role === 'client' ? 4 : 0) + payloadLength;
    this.frames.push({ length, understoodWith: length, meaning });
    this.queued += length;
  }

  /** Puts bytes on the wire that no connection would write. */
  inject(length: number, understoodWith: number, meaning: Meaning): void {
    this.frames.push({ length, understoodWith, meaning });
    this.onWire += length;
  }

  write(bytes: number): void {
    if (this.ended) return;
    const written = Math.min(bytes, this.queued);
    this.queued -= written;
    this.onWire += written;
  }

  queueClose(code: number | undefined, reason: string): void {
    this.queue({ type: 'close', code, reason }, code === undefined ? 0 : 2 + Buffer.byteLength(reason));
  }

  /** The other end reads bytes off the wire, and understands what they complete. */
  readBy(reader: ModelEnd, bytes: number): void {
    if (reader.held && reader.state !== 'closed') return;
    let left = Math.min(bytes, this.onWire);
    this.onWire -= left;
    while (left > 0) {
      const { length, understoodWith, meaning } = this.frames[0]!;
      const before = this.readOfFirst;
      this.readOfFirst = Math.min(length, before + left);
      left -= this.readOfFirst - before;
      if (before < understoodWith && this.readOfFirst >= understoodWith) {
        reader.understand(meaning, this.readBefore + understoodWith - 1);
      }
      if (this.readOfFirst < length) continue;
      this.readBefore += length;
      this.readOfFirst = 0;
      this.frames.shift();
    }
  }

  /** The other end reads the end of this one's stream. */
  endReadBy(reader: ModelEnd): void {
    this.endRead = true;
    if (reader.state === 'closed') return;
    const at = this.readBefore + this.readOfFirst;
    if (this.readOfFirst > 0)
      reader.understand({ type: 'violation', violation: 'end-inside-frame', closeCode: 1006 }, at);
    else if (reader.receiving) {
      reader.understand({ type: 'violation', violation: 'end-inside-message', closeCode: 1006 }, at);
    }
    reader.state = 'closed';
  }

  private understand(meaning: Meaning, at: number): void {
    // Section 5.5.1: nothing is heard after both Closes, or after the one that tells of a violation.
    if (this.state === 'closed') return;
    if (this.state === 'closing') this.toldWhileClosing++;
    switch (meaning.type) {
      case 'data': {
        this.receiving ??= { opcode: meaning.opcode, parts: [] };
        this.receiving.parts.push(meaning.payload);
        if (!meaning.fin) return;
        const { opcode, parts } = this.receiving;
        this.receiving = undefined;
        this.told.push(eventLine({ type: 'message', opcode, rsv: 0, payload: flat(parts) }));
        return;
      }
      case 'ping':
        // Section 5.5.2: also after our Close, until the peer's.
        this.queue({ type: 'pong', payload: meaning.payload }, meaning.payload.length);
        this.told.push(eventLine(meaning));
        return;
      case 'pong':
        this.told.push(eventLine(meaning));
        return;
      case 'close':
        // Sections 5.5.1 and 7.4: answered with the same code, once.
        if (this.state === 'open') this.queueClose(meaning.code, '');
        this.state = 'closed';
        this.told.push(eventLine(meaning));
        return;
      case 'violation':
        // Section 7.1.7: a Close that says why, if none was sent and there is somebody to read it.
        if (this.state === 'open' && meaning.closeCode !== 1006) this.queueClose(meaning.closeCode, '');
        this.state = 'closed';
        this.told.push(`violation ${meaning.violation} ${meaning.closeCode} at ${at}`);
    }
  }
}
