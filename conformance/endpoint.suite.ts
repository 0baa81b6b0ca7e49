/**
 * The one suite for every server in every runtime: it writes bytes and reads what comes back, over TCP, and compares
 * what the server's application says that it was told. A file a subject; each adds its checks.
 */
import lengths from '@ws/testkit/vectors/lengths.json' with { type: 'json' };
import violations from '@ws/testkit/vectors/violations.json' with { type: 'json' };
import './endpoint-handshake.suite.ts';
import './endpoint-vectors.suite.ts';
import './endpoint-messages.suite.ts';
import './endpoint-closing.suite.ts';
import './endpoint-backpressure.suite.ts';
import './endpoint-compression.suite.ts';
import { EAGER, MIB, SHORT_CLOSE, SHORT_REPLY } from './check.suite.ts';
import type { Options } from './servers/behave.js';

export { checks } from './check.suite.ts';

const limits = [...lengths.vectors, ...violations.vectors].map(({ rules }) => rules.maxMessagePayload);

/** The servers that the suite asks for; the first is the one for whoever says nothing. */
export const options: readonly Options[] = [
  { maxPayload: MIB },
  ...[...new Set([...limits, 100])].filter((limit) => limit !== MIB).map((maxPayload) => ({ maxPayload })),
  { maxPayload: SHORT_CLOSE, closeTimeout: 30 },
  { maxPayload: SHORT_REPLY, closeReplyTimeout: 30 },
  { maxPayload: EAGER, threshold: 2 },
];
