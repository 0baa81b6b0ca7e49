import { constants } from 'node:buffer';
import { onTestFinished, vi } from 'vitest';

/** Has Node take a text for one that is longer than a string may be, which it is from 512 MiB on. */
export function tooLong(text: string): void {
  const decode = Buffer.prototype.toString;
  const bytes = Buffer.from(text);
  const spy = vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, ...args) {
    if (!bytes.equals(this)) return decode.apply(this, args);
    const message = `Cannot create a string longer than 0x${constants.MAX_STRING_LENGTH.toString(16)} characters`;
    throw Object.assign(new Error(message), { code: 'ERR_STRING_TOO_LONG' });
  });
  onTestFinished(() => spy.mockRestore());
}
