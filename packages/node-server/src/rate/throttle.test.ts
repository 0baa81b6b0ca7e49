import { expect, onTestFinished, test, vi } from 'vitest';
import { Throttle } from './throttle.ts';

// The driver only notes what it is told: over a socket, how many bytes come at once is the system's.
test('of two limits that are exceeded, the one that takes longer holds, and nothing is left of the other', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const log: string[] = [];
  const driver = { state: 'open', pause: () => log.push('pause'), resume: () => log.push('resume') };
  const throttle = new Throttle(driver as never, { messages: 10, bytes: 100 });
  for (let i = 0; i < 11; i++) throttle.message();
  throttle.bytes(300);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1999);
  expect(log).not.toContain('resume');
  vi.advanceTimersByTime(1);
  await new Promise(setImmediate);
  expect(log.filter((line) => line === 'resume')).toHaveLength(1);
  throttle.bytes(1);
  throttle.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('of a connection that closes, nothing behind what is over the rate is delivered, however much time has passed', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const driver = { state: 'closing', keepsUntaken: false };
  const messages = new Throttle(driver as never, { messages: 1 });
  expect([messages.message(), messages.message()]).toEqual([true, false]);
  const bytes = new Throttle(driver as never, { bytes: 1 });
  bytes.bytes(1);
  expect(bytes.message()).toBe(true);
  bytes.bytes(1);
  vi.advanceTimersByTime(10_000);
  bytes.bytes(1);
  expect([messages.message(), bytes.message()]).toEqual([false, false]);
});

test('a client that is lost, and has sent more than its rate, ends with what is over it', () => {
  const log: string[] = [];
  const driver = { state: 'closing', keepsUntaken: true, terminate: () => log.push('terminate') };
  const throttle = new Throttle(driver as never, { messages: 1 });
  expect([throttle.message(), log.length]).toEqual([true, 0]);
  expect([throttle.message(), throttle.message(), log]).toEqual([false, false, ['terminate']]);
});
