import { text as anyText, legalCloseCode, type RawFrame, rawFrame, type Violation } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { Endpoint, flat, type Role, utf8 } from '../endpoint.suite.ts';
import type { ModelEnd } from './connection-model.suite.ts';

export type Who = 0 | 1;
/** The client and the server. */
export type Model = readonly [ModelEnd, ModelEnd];
export type Real = readonly [RealEnd, RealEnd];

/** A connection, and the pipe that leads away from it. */
export class RealEnd {
  readonly endpoint: Endpoint;
  /** What the connection itself has written. */
  readonly written: Uint8Array[] = [];
  /** What has been written and not been read. */
  wire: Uint8Array = new Uint8Array(0);

  constructor(role: Role) {
    this.endpoint = new Endpoint(role);
  }

  write(maxBytes: number): void {
    const chunks = this.endpoint.connection.take(maxBytes);
    this.written.push(...chunks);
    this.wire = flat([this.wire, ...chunks]);
  }
}

/** Something that happens at one of the two ends. */
export abstract class Step<T = unknown> implements fc.Command<Model, Real> {
  readonly who: Who;
  readonly what: T;

  constructor(who: Who, what: T) {
    this.who = who;
    this.what = what;
  }

  check(model: Readonly<Model>): boolean {
    return this.canHappen(model[this.who]);
  }

  run(model: Model, real: Real): void {
    const other = this.who === 0 ? 1 : 0;
    this.happen(model[this.who], real[this.who], model[other], real[other]);
    for (const end of [0, 1] as const) {
      const { told, ...wanted } = model[end];
      const { state, queuedBytes } = real[end].endpoint.connection;
      expect([state, queuedBytes, real[end].wire.length], `state and bytes of end ${end}`).toEqual([
        wanted.state,
        wanted.queued,
        wanted.onWire,
      ]);
      expect(real[end].endpoint.events, `what end ${end} was told`).toEqual(told);
    }
  }

  toString(): string {
    return `${this.who === 0 ? 'client' : 'server'}: ${this.constructor.name} ${fc.stringify(this.what)}`;
  }

  protected canHappen(_: ModelEnd): boolean {
    return true;
  }

  /** Happens at the first two; the others are at the other end of the pipe. */
  protected abstract happen(model: ModelEnd, real: RealEnd, otherModel: ModelEnd, otherReal: RealEnd): void;
}

class Send extends Step<{ text: string; binary: boolean; fin: boolean }> {
  happen(model: ModelEnd, { endpoint }: RealEnd): void {
    const { text, binary, fin } = this.what;
    const payload = utf8(text);
    const send = () => endpoint.connection.send(binary ? payload : text, { binary, fin });
    const kind = binary ? 'binary' : 'text';
    if (model.state !== 'open' || (model.sending !== 'none' && model.sending !== kind)) {
      expect(send).toThrow(TypeError);
      return;
    }
    send();
    model.queue({ type: 'data', opcode: binary ? 2 : 1, payload, fin }, payload.length);
    model.sending = fin ? 'none' : kind;
  }
}

class SendControl extends Step<{ type: 'ping' | 'pong'; text: string }> {
  happen(model: ModelEnd, { endpoint }: RealEnd): void {
    const { type, text } = this.what;
    const send = () => endpoint.connection[type](text);
    if (model.state !== 'open') {
      expect(send).toThrow(TypeError);
      return;
    }
    send();
    const payload = utf8(text);
    model.queue({ type, payload }, payload.length);
  }
}

export class Close extends Step<{ code: number | undefined; reason: string }> {
  happen(model: ModelEnd, { endpoint }: RealEnd): void {
    const { code } = this.what;
    const reason = code === undefined ? '' : this.what.reason;
    endpoint.connection.close(code, reason);
    if (model.state !== 'open') return;
    model.state = 'closing';
    model.closes = true;
    model.queueClose(code, reason);
  }
}

/** The transport takes so many bytes, if there are. */
export class Write extends Step<number> {
  override canHappen({ queued, ended }: ModelEnd): boolean {
    return queued > 0 && !ended;
  }

  happen(model: ModelEnd, real: RealEnd): void {
    real.write(this.what);
    model.write(this.what);
  }
}

/** So many of the bytes that were written get to the other end. */
export class Move extends Step<number> {
  override canHappen({ onWire }: ModelEnd): boolean {
    return onWire > 0;
  }

  happen(model: ModelEnd, real: RealEnd, otherModel: ModelEnd, otherReal: RealEnd): void {
    const taken = otherReal.endpoint.connection.receive(real.wire.subarray(0, this.what));
    real.wire = real.wire.slice(taken);
    model.readBy(otherModel, this.what);
  }
}

/** The application does not want to read, or does again. */
export class Hold extends Step<void> {
  happen(model: ModelEnd, { endpoint }: RealEnd): void {
    if (model.held) endpoint.connection.release();
    else endpoint.connection.hold();
    model.held = !model.held;
  }
}

/** The end's stream ends, though it may have more to write; of what is on the wire, all but so many bytes is lost. */
export class End extends Step<number> {
  override canHappen({ ended }: ModelEnd): boolean {
    return !ended;
  }

  happen(model: ModelEnd, real: RealEnd): void {
    real.wire = real.wire.slice(0, this.what);
    model.onWire = Math.min(model.onWire, this.what);
    model.ended = true;
  }
}

/** The other end has read all that there was, and reads the end of the stream. */
export class ReadEnd extends Step<void> {
  override canHappen({ ended, endRead, onWire }: ModelEnd): boolean {
    return ended && !endRead && onWire === 0;
  }

  happen(model: ModelEnd, _: RealEnd, otherModel: ModelEnd, otherReal: RealEnd): void {
    otherReal.endpoint.connection.receiveEnd();
    model.endReadBy(otherModel);
  }
}

interface Flaw {
  readonly violation: Violation;
  readonly closeCode: number;
  readonly frame: RawFrame;
  /** How many of its bytes it takes to know. */
  readonly knownWith: number;
}

/** Frames that break a rule, by what their sender is in the middle of. */
export const FLAWS: Record<string, (sender: Pick<ModelEnd, 'role' | 'sending'>) => Flaw> = {
  opcode: () => ({ violation: 'reserved-opcode', closeCode: 1002, frame: { opcode: 3 }, knownWith: 1 }),
  order: ({ sending }) =>
    sending === 'none'
      ? { violation: 'orphan-continuation', closeCode: 1002, frame: { opcode: 0 }, knownWith: 1 }
      : { violation: 'data-inside-message', closeCode: 1002, frame: { opcode: 1 }, knownWith: 1 },
  mask: ({ role, sending }) => ({
    violation: role === 'client' ? 'mask-missing' : 'mask-forbidden',
    closeCode: 1002,
    frame: { opcode: sending === 'none' ? 2 : 0, maskingKey: role === 'client' ? undefined : 1 },
    knownWith: 2,
  }),
  length: ({ sending }) => ({
    violation: 'frame-too-big',
    closeCode: 1009,
    frame: { opcode: sending === 'none' ? 1 : 0, declaredLength: 2 ** 40 },
    knownWith: 10,
  }),
  code: ({ role }) => ({
    violation: 'close-code-illegal',
    closeCode: 1002,
    frame: { opcode: 8, payload: Uint8Array.of(0x03, 0xed, 0x41) },
    knownWith: role === 'client' ? 8 : 4,
  }),
  reason: ({ role }) => ({
    violation: 'close-reason-not-utf8',
    closeCode: 1007,
    frame: { opcode: 8, payload: Uint8Array.of(0x03, 0xe8, 0x41, 0xff, 0x41) },
    knownWith: role === 'client' ? 10 : 6,
  }),
};

/** A frame that breaks a rule gets onto the wire, behind all that the end has queued. */
class Violate extends Step<string> {
  override canHappen({ ended }: ModelEnd): boolean {
    return !ended;
  }

  happen(model: ModelEnd, real: RealEnd): void {
    const { violation, closeCode, frame, knownWith } = FLAWS[this.what]!(model);
    const bytes = rawFrame({ maskingKey: model.role === 'client' ? 0x5a0ff1ce : undefined, ...frame });
    real.write(Number.MAX_SAFE_INTEGER);
    real.wire = flat([real.wire, bytes]);
    model.write(Number.MAX_SAFE_INTEGER);
    model.inject(bytes.length, knownWith, { type: 'violation', violation, closeCode });
  }
}

const who = fc.constantFrom<Who>(0, 1);
/** So short that the pongs that wait never stop the reading: that has tests of its own. */
const shortText = anyText(4);
const someText = fc.oneof(
  { weight: 8, arbitrary: shortText },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(126), 'x'.repeat(4097), 'x'.repeat(65_536)) },
);
const message = fc.record({ text: someText, binary: fc.boolean(), fin: fc.boolean() });
const control = fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), text: shortText });
const close = fc.record({ code: fc.option(legalCloseCode(), { nil: undefined }), reason: shortText });
const bytes = fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(1, 130, 70_000));

/** A step, so many times among the others. */
function often<T>(
  times: number,
  StepClass: new (who: Who, what: T) => Step<T>,
  what: fc.Arbitrary<T>,
): fc.Arbitrary<Step>[] {
  return Array(times).fill(fc.tuple(who, what).map(([who, what]) => new StepClass(who, what)));
}

/** What happens to two ends that keep the rules, on a pipe that loses nothing. */
export const steps: fc.Arbitrary<Step>[] = [
  ...often(6, Send, message),
  ...often(3, SendControl, control),
  ...often(6, Write, bytes),
  ...often(8, Move, bytes),
  ...often(2, Hold, fc.constant(undefined)),
  ...often(1, Close, close),
];

export const faults: fc.Arbitrary<Step>[] = [
  // Two of them depend on what the sender is in the middle of.
  ...often(2, Violate, fc.constantFrom(...Object.keys(FLAWS), 'order', 'mask')),
  ...often(1, End, fc.oneof(fc.nat({ max: 20 }), fc.constant(Number.MAX_SAFE_INTEGER))),
  ...often(2, ReadEnd, fc.constant(undefined)),
];
