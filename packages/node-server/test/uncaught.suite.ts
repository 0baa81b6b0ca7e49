import { onTestFinished } from 'vitest';

/**
 * What the process hears as 'uncaughtException' from now on, in place of whoever listens otherwise (the test runner).
 */
export function uncaught(): { readonly errors: unknown[] } {
  const errors: unknown[] = [];
  const others = process.listeners('uncaughtException');
  const listener = (error: unknown) => errors.push(error);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return { errors };
}
