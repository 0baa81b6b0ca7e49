import { TextDecoder, TextEncoder } from './hide-coders.js';

/** @type {{ TextDecoder?: unknown, TextEncoder?: unknown }} */
const coders = globalThis;

/** Whether nothing had brought them back while the second instance was loaded. */
export const hidden = coders.TextDecoder === undefined && coders.TextEncoder === undefined;

// What a runtime has not got stays absent.
if (TextDecoder === undefined) delete coders.TextDecoder;
else coders.TextDecoder = TextDecoder;
if (TextEncoder === undefined) delete coders.TextEncoder;
else coders.TextEncoder = TextEncoder;
