import { eventLine, type StreamEvent, type StreamVector, unpackBytes, type VectorEvent, VIOLATIONS } from '@ws/testkit';
import fragmentation from '@ws/testkit/vectors/fragmentation.json' with { type: 'json' };
import lengths from '@ws/testkit/vectors/lengths.json' with { type: 'json' };
import rfc from '@ws/testkit/vectors/rfc6455-5.7.json' with { type: 'json' };
import violations from '@ws/testkit/vectors/violations.json' with { type: 'json' };
import { expect } from 'vitest';
import { check } from './check.suite.ts';
import { digest } from './servers/behave.js';
import type { Feature } from './table.js';

// Streams whose outcome testkit's vectors know, as they are and cut into single bytes.

const eventOf = (event: VectorEvent): StreamEvent =>
  event.type === 'close'
    ? { type: 'close', code: event.code ?? undefined, reason: Buffer.from(unpackBytes(event.reason)).toString() }
    : { ...event, payload: unpackBytes(event.payload) };

/** What the application is told of a stream. */
function expectedTold(events: readonly StreamEvent[], violation: StreamVector['violation']): string[] {
  const told = events.flatMap((event) =>
    event.type === 'message'
      ? [`${event.opcode === 1 ? 'text' : 'binary'} ${event.payload.length}:${digest(event.payload)}`]
      : [],
  );
  const last = events.at(-1);
  if (last?.type === 'close') told.push(`end ${last.code ?? 1005} ${JSON.stringify(last.reason)}`);
  else told.push(`end 1006 "" ${violation === null ? 'lost' : `${violation.name} at ${violation.offset}`}`);
  return told;
}

/** What the peer reads of a server that was sent a stream. */
function expectedAnswer(events: readonly StreamEvent[], violation: StreamVector['violation']): string[] {
  const answer = events.flatMap((event) =>
    event.type === 'ping'
      ? [eventLine({ type: 'pong', payload: event.payload })]
      : event.type === 'close'
        ? [eventLine({ type: 'close', code: event.code, reason: '' })]
        : [],
  );
  if (violation !== null && violation.closeCode !== 1006) answer.push(`close ${violation.closeCode} ""`);
  return answer;
}

function streamCheck(feature: Feature, { name, rules, bytes, events, violation }: StreamVector): void {
  const stream = unpackBytes(bytes);
  const expected = events.map(eventOf);
  check(feature, name, async (server) => {
    for (const piece of stream.length > 300 ? [stream.length] : [stream.length, 1]) {
      const client = await server.open('tell', { maxPayload: rules.maxMessagePayload });
      for (let at = 0; at < stream.length; at += piece) client.write(stream.subarray(at, at + piece));
      if (rules.ended) client.socket.end();
      else await client.until(() => client.ended);
      client.socket.end();
      expect(await client.told()).toEqual(expectedTold(expected, violation));
      expect(await client.gone()).toBe('orderly');
      expect(client.transcript()).toEqual(expectedAnswer(expected, violation));
    }
  });
}

/**
 * Those for a server. Extensions have checks of their own, and there is no limit for a frame beside that for a message.
 */
const forServers = (file: { vectors: unknown }): StreamVector[] =>
  (file.vectors as StreamVector[]).filter(
    ({ rules }) =>
      rules.role === 'server' && rules.allowedRsv === 0 && rules.maxFramePayload === rules.maxMessagePayload,
  );
for (const vector of forServers(rfc)) streamCheck('messages', vector);
for (const vector of forServers(lengths)) streamCheck('messages', vector);
for (const vector of forServers(fragmentation)) streamCheck('fragments', vector);
for (const vector of forServers(violations)) {
  const limit = vector.violation !== null && VIOLATIONS[vector.violation.name] === 1009;
  streamCheck(limit ? 'limits' : 'violations', vector);
}
