/** HTTP/1.1 heads are bytes, and their strings have one char a byte (ISO-8859-1), as on Node (RFC 9110 section 5.5). */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  // In slices, because the arguments of a call have a limit and maxHeadBytes may be above it.
  for (let at = start; at < end; at += 4096) {
    const slice: ArrayLike<number> = bytes.subarray(at, Math.min(at + 4096, end));
    // Not spread: that iterates, and is most of the time of parsing a head.
    text += String.fromCharCode.apply(null, slice as number[]);
  }
  return text;
}

/** The caller knows that no char is above 0xFF. */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
