import { runInNewContext } from 'node:vm';
import { beforeEach, expect, test, vi } from 'vitest';
import { MessageHook, type MessageHookHost } from './message-hook.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return () => vi.useRealTimers();
});

function hooked(ask: MessageHookHost['ask']) {
  const log: string[] = [];
  const gate = new MessageHook(
    {
      ask,
      pause: () => log.push('pause'),
      resume: () => log.push('resume'),
      deliver: (payload, isBinary) => log.push(`${isBinary ? 'binary' : 'text'} ${payload}`),
      failed: (cause, code, reason) => log.push(`failed ${code} "${reason}": ${cause.message}`),
    },
    1000,
  );
  return { log, gate };
}

const later = () => new Promise<void>(setImmediate);

test('the verdicts, at once: as it is, left out, changed; nothing pauses', () => {
  const { log, gate } = hooked(({ data, isBinary }) => {
    if (isBinary) return data.length === 1 ? Uint8Array.of(65, 66) : 'now text';
    if (data === 'left out') return false;
    return data === 'changed' ? 'Grüße' : true;
  });
  for (const content of ['as it is', 'left out', 'changed', 'é']) gate.message(Buffer.from(content), false);
  gate.message(Buffer.of(1), true);
  gate.message(Buffer.of(1, 2), true);
  expect(log).toEqual(['text as it is', 'text Grüße', 'text é', 'binary AB', 'text now text']);
});

test('by a promise: deliveries pause until it is settled, and no timer stays', async () => {
  const { log, gate } = hooked(async ({ data }) => data);
  gate.message(Buffer.from('a'), false);
  expect([log, vi.getTimerCount()]).toEqual([['pause'], 1]);
  await later();
  expect([log, vi.getTimerCount()]).toEqual([['pause', 'text a', 'resume'], 0]);
});

test('an error closes with 1011 and no word, or with its own code and message', async () => {
  const error = (details: object) => Object.assign(new Error('spam'), details);
  for (const [thrown, told] of [
    [error({}), 'failed 1011 "": spam'],
    [error({ closeCode: 1008 }), 'failed 1008 "spam": spam'],
    [error({ closeCode: 4001, message: 'x'.repeat(124) }), `failed 4001 "${'x'.repeat(123)}": ${'x'.repeat(124)}`],
    // In whole characters.
    [error({ closeCode: 4001, message: `x${'ü'.repeat(62)}` }), `failed 4001 "x${'ü'.repeat(61)}": x${'ü'.repeat(62)}`],
    [error({ closeCode: 4001, message: `${'ü'.repeat(62)}x` }), `failed 4001 "${'ü'.repeat(61)}": ${'ü'.repeat(62)}x`],
    [error({ closeCode: 1005 }), 'failed 1011 "": spam'],
    [error({ closeCode: '1008' }), 'failed 1011 "": spam'],
    [{ closeCode: 1008 }, 'failed 1008 "": the message hook has thrown { closeCode: 1008 }'],
    [undefined, 'failed 1011 "": the message hook has thrown undefined'],
  ] as const) {
    const sync = hooked(() => {
      throw thrown;
    });
    sync.gate.message(Buffer.from('a'), false);
    const promised = hooked(() => Promise.reject(thrown));
    promised.gate.message(Buffer.from('a'), false);
    await later();
    expect([sync.log, promised.log]).toEqual([[told], ['pause', told, 'resume']]);
    // Nothing more is let through.
    for (const { gate, log } of [sync, promised]) {
      gate.message(Buffer.from('b'), false);
      expect(log.at(-1)).not.toContain('b');
    }
  }
});

test('the cause is what was thrown, also if that is an error of another realm; what is no error is the cause of one', () => {
  const thrown = [new RangeError('own'), runInNewContext("new RangeError('foreign')"), 'a string'];
  const causes = thrown.map((each) => {
    let told: Error | undefined;
    const failed: MessageHookHost['failed'] = (cause) => {
      told = cause;
    };
    const ask = () => {
      throw each;
    };
    new MessageHook({ ask, pause() {}, resume() {}, deliver() {}, failed }, 1000).message(Buffer.from('a'), false);
    return told;
  });
  expect(causes[0]).toBe(thrown[0]);
  expect(causes[1]).toBe(thrown[1]);
  expect(causes[2]).toEqual(new Error("the message hook has thrown 'a string'", { cause: 'a string' }));
});

test('an error of a verdict that cannot even be awaited is that of the hook', async () => {
  const { log, gate } = hooked(() => ({
    // biome-ignore lint/suspicious/noThenProperty: what is awaited like a promise
    get then(): never {
      throw new Error('no');
    },
  }));
  gate.message(Buffer.from('a'), false);
  expect(log).toEqual(['failed 1011 "": no']);
});

test('what is no verdict is an error that says so', () => {
  for (const verdict of [undefined, null, 1, {}]) {
    const { log, gate } = hooked(() => verdict as never);
    gate.message(Buffer.from('a'), false);
    expect(log[0]).toMatch(/^failed 1011 "": what a message hook returns, where it is no boolean, must be a string/);
  }
});

test('one that never settles fails when its time is up; what it says later is for nobody', async () => {
  let settle = (_: boolean) => {};
  const { log, gate } = hooked(
    () =>
      new Promise<boolean>((resolve) => {
        settle = resolve;
      }),
  );
  gate.message(Buffer.from('a'), false);
  vi.advanceTimersByTime(999);
  expect(log).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  await later();
  settle(true);
  await later();
  expect(log).toEqual(['pause', 'failed 1011 "": the message hook has not decided for 1000 ms', 'resume']);
});

test('once the connection is over, neither a verdict nor a timer is left', async () => {
  const { log, gate } = hooked(async () => true);
  gate.message(Buffer.from('a'), false);
  gate.stop();
  await later();
  expect([log, vi.getTimerCount()]).toEqual([['pause'], 0]);
});
