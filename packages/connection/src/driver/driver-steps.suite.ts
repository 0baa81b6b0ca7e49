import { text as anyText, legalCloseCode } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { flat, opposite, peerBytes, type Role } from '../endpoint.suite.ts';
import { Bench } from './test-transport.suite.ts';

export type Who = 0 | 1;

/** What is to be expected of the client and the server, as far as their applications and the pipe decide it. */
export class Model {
  /** What each application has sent while it could, as the other one is to hear it. */
  readonly sent: readonly [string[], string[]] = [[], []];
  /** The code with which each one closed the open connection, if it did. */
  readonly closedWith: [number | undefined, number | undefined] = [undefined, undefined];
  /** Who was the first to end its stream. */
  endedFirst: Who | undefined;
}

/** A driver, and the pipe that leads away from its transport. */
export class End extends Bench {
  /** What has been written and has not got to the other end. */
  wire: Uint8Array = new Uint8Array(0);
  /** The network has cut the stream: no more gets onto the wire, and behind it comes the end. */
  cut = false;
  /** The end of the stream has got to the other end. */
  endMoved = false;
  /** Nothing gets to the other end any more, and no end either. */
  stalled = false;
  paused = false;
  /** The application pauses in the handler of the next message. */
  pausesAtMessage = false;
  private collected = 0;

  constructor(role: Role) {
    super(role, {
      on: (line) => {
        if (!this.pausesAtMessage || !line.startsWith('text')) return;
        this.pausesAtMessage = false;
        this.pause(true);
      },
    });
    this.transport.fast = false;
  }

  pause(on: boolean): void {
    this.paused = on;
    if (on) this.driver.pause();
    else this.driver.resume();
  }

  collect(): void {
    const { writes } = this.transport;
    if (!this.cut) this.wire = flat([this.wire, ...writes.slice(this.collected)]);
    this.collected = writes.length;
  }

  get messages(): string[] {
    return this.told.filter((line) => line.startsWith('text'));
  }

  get closes(): string[] {
    return this.told.filter((line) => line.startsWith('close'));
  }

  /** The driver has destroyed the transport, which no orderly end needs. */
  get destroyed(): boolean {
    return this.transport.calls.includes('destroy');
  }
}

export type Real = readonly [client: End, server: End];

/** Something that happens at one of the two ends. */
abstract class Step<T> implements fc.Command<Model, Real> {
  readonly who: Who;
  readonly what: T;

  constructor(who: Who, what: T) {
    this.who = who;
    this.what = what;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    this.happen(real[this.who], real[this.who === 0 ? 1 : 0], model);
    for (const who of [0, 1] as const) {
      const here = real[who];
      here.collect();
      if (here.transport.ended) model.endedFirst ??= who;
      expect(here.transport.misuse).toEqual([]);
      // Nothing is lost in the middle, comes twice or in another order.
      const sent = model.sent[who === 0 ? 1 : 0];
      expect(here.messages).toEqual(sent.slice(0, here.messages.length));
      expect(here.closes).toHaveLength(here.driver.gone ? 1 : 0);
    }
  }

  toString(): string {
    return `${this.who === 0 ? 'client' : 'server'}: ${this.constructor.name} ${fc.stringify(this.what)}`;
  }

  protected abstract happen(here: End, there: End, model: Model): void;
}

class Send extends Step<string> {
  happen({ driver }: End, _: End, { sent }: Model): void {
    if (driver.state === 'open') sent[this.who].push(`text ${JSON.stringify(this.what)}`);
    driver.send(this.what, {});
  }
}

class Ping extends Step<string> {
  happen({ driver }: End): void {
    driver.ping(this.what);
  }
}

export class Close extends Step<number> {
  happen({ driver }: End, _: End, { closedWith }: Model): void {
    if (driver.state === 'open') closedWith[this.who] = this.what;
    driver.close(this.what, 'enough');
  }
}

/** The application pauses its driver, or resumes it; so many chunks still come. */
class Pause extends Step<number> {
  happen(here: End): void {
    here.transport.lag = this.what;
    here.pause(!here.paused);
  }
}

class PauseAtMessage extends Step<void> {
  happen(here: End): void {
    here.pausesAtMessage = true;
  }
}

/** A turn of the event loop ends. */
export class Turn extends Step<void> {
  happen({ clock }: End): void {
    clock.turn();
  }
}

/** A heartbeat has heard no message for a while. */
class Rest extends Step<void> {
  happen({ driver }: End): void {
    driver.rest();
  }
}

/** The write that is under way is done, or all that follow are done at once, or no more. */
export class Written extends Step<boolean> {
  happen({ transport }: End): void {
    transport.fast = this.what;
    transport.finishWrite();
  }
}

/** So many of the bytes that were written get to the other end, or, behind the last of them, the end of the stream. */
export class Move extends Step<number> {
  happen(here: End, there: End): void {
    if (here.stalled) return;
    if (here.wire.length > 0) {
      there.transport.deliver(here.wire.subarray(0, this.what));
      here.wire = here.wire.slice(this.what);
    } else if ((here.transport.ended || here.cut) && !here.endMoved) {
      here.endMoved = true;
      there.transport.deliverEnd();
    }
  }
}

/** Time goes on, at both ends. */
export class Wait extends Step<number> {
  happen(here: End, there: End): void {
    for (const { clock } of [here, there]) clock.advance(this.what);
  }
}

/** The other end hears that this one's transport was destroyed; that overtakes what is on its way. */
export class Reset extends Step<void> {
  happen(here: End, there: End): void {
    if (here.destroyed && !here.stalled) there.transport.lose(new Error('ECONNRESET'));
  }
}

/** What is on the wire is lost but for so many bytes, and nothing comes behind them any more. */
class Cut extends Step<number> {
  happen(here: End): void {
    here.wire = here.wire.slice(0, this.what);
    here.cut = true;
  }
}

/** The network says nothing more. */
class Stall extends Step<void> {
  happen(here: End): void {
    here.stalled = true;
  }
}

/** The network says that it is over. */
class Break extends Step<void> {
  happen(here: End, there: End): void {
    for (const { transport } of [here, there]) transport.lose(new Error('ETIMEDOUT'));
  }
}

class Terminate extends Step<void> {
  happen({ driver }: End): void {
    driver.terminate();
  }
}

/** A frame that breaks a rule gets onto the wire, behind what has been written. */
class Violate extends Step<void> {
  happen(here: End): void {
    if (here.cut) return;
    here.wire = flat([here.wire, peerBytes(opposite(here.role), { opcode: 3 })]);
  }
}

const who = fc.constantFrom<Who>(0, 1);
const nothing = fc.constant(undefined);
const message = fc.oneof(
  { weight: 6, arbitrary: anyText(4) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(5000), 'x'.repeat(70_000)) },
);
const bytes = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(130, 100_000));

export type AnyStep = Step<unknown>;

/** A step, so many times among the others. */
function often<T>(
  times: number,
  StepClass: new (who: Who, what: T) => Step<T>,
  what: fc.Arbitrary<T>,
): fc.Arbitrary<AnyStep>[] {
  return Array<fc.Arbitrary<AnyStep>>(times).fill(fc.tuple(who, what).map(([who, what]) => new StepClass(who, what)));
}

/** What happens to two drivers whose applications keep the rules, on a pipe that loses nothing. */
export const steps: fc.Arbitrary<AnyStep>[] = [
  ...often(6, Send, message),
  ...often(2, Ping, anyText(4)),
  ...often(2, Pause, fc.nat({ max: 2 })),
  ...often(1, PauseAtMessage, nothing),
  ...often(6, Turn, nothing),
  ...often(6, Written, fc.boolean()),
  ...often(10, Move, bytes),
  ...often(3, Rest, nothing),
  ...often(1, Close, legalCloseCode()),
];
export const faults: fc.Arbitrary<AnyStep>[] = [
  ...often(2, Wait, fc.constantFrom(1, 999, 1000, 9_999)),
  ...often(1, Reset, nothing),
  ...often(2, Cut, fc.nat({ max: 20 })),
  ...often(1, Stall, nothing),
  ...often(1, Break, nothing),
  ...often(1, Terminate, nothing),
  ...often(1, Violate, nothing),
];
