import { concat, type NaiveResult, type RandomStream, Recorder, rawFrame } from '@ws/testkit';
import { afterAll, beforeAll } from 'vitest';
import { MessageDecoder } from './index.ts';

/** For tests that meet some hundred thousand violations: a stack for each would be a third of the time. */
export function withoutStacks(): void {
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
}

/** What came out of a stream, and the code that it failed with, if it did. */
export interface Outcome {
  readonly lines: string[];
  readonly failure: number | undefined;
}

export function throughDecoder({ role, maxMessagePayload, chunks }: RandomStream): Recorder {
  const recorder = new Recorder();
  const decoder = new MessageDecoder({ role }, { maxMessagePayload }, recorder);
  for (const chunk of chunks) decoder.push(chunk);
  return recorder;
}

/** The same bytes, but the length of the frame that was read last in its shortest form. */
export function withShortestLength(bytes: Uint8Array, { frameStart, violation }: NaiveResult): Uint8Array {
  const lengthEnd = violation!.offset + 1;
  const declaredLength = bytes.subarray(frameStart + 2, lengthEnd).reduce((sum, byte) => sum * 256 + byte, 0);
  const header = rawFrame({ opcode: 2, declaredLength });
  header[0] = bytes[frameStart]!;
  header[1]! |= bytes[frameStart + 1]! & 0x80;
  return concat([bytes.subarray(0, frameStart), header, bytes.subarray(lengthEnd)]);
}

/** How often what was met. */
export class Counts {
  private readonly counts = new Map<string, number>();

  add(name: string, times = 1): void {
    this.counts.set(name, this.get(name) + times);
  }

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  toString(): string {
    const lines = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return lines.map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`).join('\n');
  }
}
