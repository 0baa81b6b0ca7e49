/** Bytes from hex digits, spaces between them for the eye. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = digits.replaceAll(' ', '').match(/../g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16));
}
