import { concat } from '@ws/testkit';
import { expect } from 'vitest';
import type { FrameHeader, ProtocolError } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A header in words. */
export function headerLine(header: Readonly<FrameHeader>): string {
  const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, payloadLength } = header;
  const bits = [fin, rsv1, rsv2, rsv3].map(Number).join('');
  return `${bits} ${opcode} ${maskingKey === undefined ? 'unmasked' : maskingKey | 0} ${payloadLength}`;
}

/** Puts frames together from whichever calls they come in, and checks that the calls come in a legal order. */
export class FrameRecorder {
  readonly lines: string[] = [];
  calls = 0;
  private header: string | undefined;
  private parts: Uint8Array[] = [];
  private readonly after: () => void;

  constructor(after: () => void = () => {}) {
    this.after = after;
  }

  frame(header: Readonly<FrameHeader>, chunk: Uint8Array, start: number, end: number): void {
    expect(this.header, 'frame() inside of a frame').toBeUndefined();
    expect(end - start).toBe(header.payloadLength);
    this.lines.push(`${headerLine(header)} ${hex(chunk.subarray(start, end))}`);
    this.done();
  }

  begin(header: Readonly<FrameHeader>): void {
    expect(this.header, 'begin() inside of a frame').toBeUndefined();
    this.header = headerLine(header);
    this.parts = [];
    this.done();
  }

  part(chunk: Uint8Array, start: number, end: number, last: boolean): void {
    expect(this.header, 'part() outside of a frame').toBeDefined();
    expect(end, 'an empty part').toBeGreaterThan(start);
    this.parts.push(chunk.slice(start, end));
    if (last) {
      this.lines.push(`${this.header} ${hex(concat(this.parts))}`);
      this.header = undefined;
    }
    this.done();
  }

  violation(error: ProtocolError): void {
    this.lines.push(`${error.violation} at ${error.offset}`);
    this.done();
  }

  private done(): void {
    this.calls++;
    this.after();
  }
}
