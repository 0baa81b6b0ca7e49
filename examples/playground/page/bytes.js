/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  return Array.from(bytes, hexByte).join(' ');
}

/** @param {number} byte */
export function hexByte(byte) {
  return byte.toString(16).padStart(2, '0');
}

/**
 * Reads what people paste: pairs of hex digits, with or without 0x, spaces, commas, colons and line breaks between
 * them.
 *
 * @param {string} text
 * @returns {{ bytes: Uint8Array<ArrayBuffer> } | { problem: string }}
 */
export function parseHex(text) {
  /** @type {number[]} */
  const bytes = [];
  const token = /\s*(?:0x)?([0-9a-f]{2})[\s,:]*/iy;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const [, pair] = token.exec(text) ?? [];
    if (pair === undefined) {
      const rest = text.slice(at).trimStart();
      const problem = `“${[...rest].slice(0, 8).join('')}” at character ${text.length - rest.length + 1} is no pair of hex digits`;
      return { problem };
    }
    bytes.push(Number.parseInt(pair, 16));
  }
  return { bytes: Uint8Array.from(bytes) };
}

/**
 * @param {number} count
 * @param {string} one
 */
export function plural(count, one) {
  return `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;
}
