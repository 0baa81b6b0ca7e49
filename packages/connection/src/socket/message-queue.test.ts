import { bytesOf } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../endpoint.suite.ts';
import type { Message } from './message.ts';
import { MessageQueue } from './message-queue.ts';

function make(): { queue: MessageQueue; flow: string[] } {
  const flow: string[] = [];
  return {
    flow,
    queue: new MessageQueue({ pause: () => flow.push('pause'), resume: () => flow.push('resume') }),
  };
}

const show = ({ data, isBinary }: Message): string => `${isBinary ? 'binary' : 'text'} ${data}`;

async function collect(messages: AsyncIterable<Message>): Promise<string[]> {
  const seen: string[] = [];
  for await (const message of messages) seen.push(show(message));
  return seen;
}

/** Lets everything that is ready run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each([undefined, null, {}, { pause() {} }])('a flow that is %o is a TypeError', (flow) => {
  expect(() => new MessageQueue(flow as never)).toThrow(/^flow must have the methods pause, resume, got /);
});

test('gives messages in their order, text as a string', async () => {
  const { queue } = make();
  queue.push(utf8('é\ufeff'), false);
  queue.push(Uint8Array.of(1, 2), true);
  queue.push(utf8(''), false);
  expect(queue.length).toBe(3);
  queue.end(undefined);
  expect(await collect(queue.iterate())).toEqual(['text é\ufeff', 'binary 1,2', 'text ']);
});

test('keeps a leading BOM', async () => {
  const { queue } = make();
  queue.push(utf8('\ufeffx'), false);
  queue.end(undefined);
  expect(await collect(queue.iterate())).toEqual(['text \ufeffx']);
});

test('shift takes one by one', () => {
  const { queue } = make();
  queue.push(utf8('a'), false);
  queue.push(utf8('b'), true);
  expect(queue.shift()).toEqual({ payload: utf8('a'), isBinary: false });
  expect(queue.shift()).toEqual({ payload: utf8('b'), isBinary: true });
  expect(queue.shift()).toBeUndefined();
  expect(queue.iterating).toBe(false);
});

test('an iterator waits for what comes later', async () => {
  const { queue } = make();
  const all = collect(queue.iterate());
  await settled();
  expect(queue.iterating).toBe(true);
  queue.push(utf8('a'), false);
  await settled();
  expect(queue.length).toBe(0);
  queue.push(utf8('b'), false);
  queue.end(undefined);
  expect(await all).toEqual(['text a', 'text b']);
});

test('after the last message, the cause of the end is thrown', async () => {
  const { queue } = make();
  const cause = new Error('reset');
  queue.push(utf8('a'), false);
  queue.end(cause);
  const iterator = queue.iterate();
  expect((await iterator.next()).value).toEqual({ data: 'a', isBinary: false });
  await expect(iterator.next()).rejects.toBe(cause);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('the end wakes an iterator that waits, with or without a cause', async () => {
  for (const cause of [undefined, new Error('reset')]) {
    const { queue } = make();
    const next = queue.iterate().next();
    await settled();
    queue.end(cause);
    if (cause === undefined) expect(await next).toEqual({ done: true, value: undefined });
    else await expect(next).rejects.toBe(cause);
  }
});

test('two iterators share the messages: each goes to one of them, and the end to both', async () => {
  const { queue } = make();
  const [one, two] = [collect(queue.iterate()), collect(queue.iterate())];
  for (let i = 0; i < 10; i++) {
    queue.push(Uint8Array.of(i), true);
    if (i % 3 === 0) await settled();
  }
  queue.end(undefined);
  const seen = [...(await one), ...(await two)];
  expect(seen.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `binary ${i}`));
});

test('a loop that is left early leaves the rest to the next', async () => {
  const { queue } = make();
  for (const word of ['a', 'b', 'c']) queue.push(utf8(word), false);
  for await (const message of queue.iterate()) {
    expect(message.data).toBe('a');
    break;
  }
  queue.end(undefined);
  expect(await collect(queue.iterate())).toEqual(['text b', 'text c']);
});

test('it is being iterated until the last loop is over, and each tells that it is left', async () => {
  const { queue } = make();
  queue.push(utf8('a'), false);
  const told: boolean[] = [];
  for (const leave of ['break', 'end']) {
    for await (const _message of queue.iterate(() => told.push(queue.iterating))) {
      expect(queue.iterating).toBe(true);
      if (leave === 'break') break;
    }
    queue.end(undefined);
  }
  expect(told).toEqual([false, false]);
});

describe('H18: what waits is bounded', () => {
  test('64 KiB pause, half of them resume', () => {
    const { queue, flow } = make();
    queue.push(new Uint8Array(32_768 - 384), true);
    queue.push(new Uint8Array(32_768 - 385), true);
    expect(flow).toEqual([]);
    queue.push(new Uint8Array(0), true);
    queue.push(new Uint8Array(0), true);
    expect(flow).toEqual(['pause']);
    queue.shift();
    expect(flow).toEqual(['pause']);
    queue.shift();
    expect(flow).toEqual(['pause', 'resume']);
  });

  test('while it is paused, it tells of each that is taken, but for the one with which it resumes', () => {
    const flow: string[] = [];
    const queue = new MessageQueue({
      pause: () => flow.push('pause'),
      resume: () => flow.push('resume'),
      taken: () => flow.push('taken'),
    });
    for (let i = 0; i < 4; i++) queue.push(new Uint8Array(16_384 - 384), true);
    for (let i = 0; i < 4; i++) queue.shift();
    expect(flow).toEqual(['pause', 'taken', 'resume']);
  });

  test('exactly 64 KiB pause, exactly the half resumes', () => {
    const { queue, flow } = make();
    queue.push(new Uint8Array(32_768 - 384), true);
    queue.push(new Uint8Array(32_768 - 384), true);
    expect(flow).toEqual(['pause']);
    queue.shift();
    expect(flow).toEqual(['pause', 'resume']);
  });

  test('a flood of empty messages counts as well', () => {
    const { queue, flow } = make();
    while (flow.length === 0) queue.push(new Uint8Array(0), true);
    expect(queue.length).toBe(171);
  });

  test('clear drops all, and lets reading go on', async () => {
    const { queue, flow } = make();
    queue.push(new Uint8Array(70_000), true);
    queue.push(new Uint8Array(70_000), true);
    queue.clear();
    expect(queue.length).toBe(0);
    expect(flow).toEqual(['pause', 'resume']);
    queue.clear();
    queue.end(undefined);
    expect(await collect(queue.iterate())).toEqual([]);
  });

  test('whatever is pushed and taken: order, at most 64 KiB and one message, pause and resume in turns', () => {
    const push = fc.nat({ max: 40_000 });
    fc.assert(
      fc.property(fc.array(fc.oneof(push, fc.constant('shift' as const)), { maxLength: 80 }), (steps) => {
        const { queue, flow } = make();
        const model: Uint8Array[] = [];
        const paused = (): boolean => flow.at(-1) === 'pause';
        const waiting = (): number => model.reduce((sum, { length }) => sum + length + 384, 0);
        for (const step of steps) {
          if (step === 'shift') expect(queue.shift()?.payload).toBe(model.shift());
          else if (!paused()) {
            const payload = bytesOf(step, step);
            queue.push(payload, true);
            model.push(payload);
          }
          expect(waiting()).toBeLessThan(65_536 + 40_384);
          if (waiting() >= 65_536) expect(paused()).toBe(true);
          if (waiting() <= 32_768) expect(paused()).toBe(false);
          expect(queue.length).toBe(model.length);
        }
        expect(flow).toEqual(flow.map((_, i) => (i % 2 === 0 ? 'pause' : 'resume')));
      }),
    );
  });
});
