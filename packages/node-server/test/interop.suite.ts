/** The sizes at which a length changes its form, and those of real use. */
export const SIZES: readonly number[] = [0, 1, 125, 126, 127, 65_535, 65_536, 1024 * 1024, 16 * 1024 * 1024];

/** Bytes of a pattern with a period that is no power of two, so that a wrong offset or mask phase shows. */
export function pattern(size: number): Buffer<ArrayBuffer> {
  const period = Buffer.from(Uint8Array.from({ length: 251 }, (_, i) => (i * 7 + 3) & 255));
  return Buffer.alloc(size, period);
}

/** Text of exactly `size` bytes of UTF-8, with characters of one to four of them. */
export function textOf(size: number): string {
  const unit = 'aé€😀';
  const unitBytes = Buffer.byteLength(unit);
  return unit.repeat(Math.floor(size / unitBytes)) + 'z'.repeat(size % unitBytes);
}
