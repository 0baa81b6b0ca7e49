import { onTestFinished } from 'vitest';

/** What the process hears as 'uncaughtException' from now on, in place of whoever listens otherwise (the test runner). */
export function uncaught(): { readonly errors: unknown[]; next(): Promise<unknown> } {
  const errors: unknown[] = [];
  let wake = () => {};
  const others = process.listeners('uncaughtException');
  const listener = (error: unknown) => {
    errors.push(error);
    wake();
  };
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return {
    errors,
    async next() {
      const { length } = errors;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      return errors[length];
    },
  };
}
