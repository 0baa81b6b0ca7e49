/** @type {{ TextDecoder?: unknown, TextEncoder?: unknown }} */
const coders = globalThis;

export const { TextDecoder, TextEncoder } = coders;
coders.TextDecoder = undefined;
coders.TextEncoder = undefined;
