/**
 * The built package, twice: as it is in this runtime, and as it is where there is no TextDecoder and no TextEncoder.
 * Modules are evaluated in the order of their imports, and a query makes a second instance of the same file.
 */
import * as codec from '../../dist/index.js';
import './hide-coders.js';
import * as pureCodec from '../../dist/index.js?pure';
import { hidden } from './restore-coders.js';

export { bigUint64Kernel } from '../../dist/mask-biguint64.js';
export { codec, hidden, pureCodec };

/** @typedef {typeof import('../../dist/index.js')} Codec */
