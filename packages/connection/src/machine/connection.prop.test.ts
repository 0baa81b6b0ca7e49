import {
  text as anyText,
  byteSoup,
  bytesOf,
  cuts,
  decodeNaively,
  legalCloseCode,
  type NaiveResult,
  openStream,
  rawFrames,
  split,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Endpoint, eventLine, flat, type Role, readWritten } from '../endpoint.suite.ts';
import type { Connection } from './connection.ts';

const roles: readonly Role[] = ['server', 'client'];

/** What a connection that only listens must tell and write, by the naive codec's reading of what it received. */
function expected({ events, violation }: NaiveResult): { told: string[]; written: string[] } {
  const told = events.map(eventLine);
  const written: string[] = [];
  for (const event of events) {
    if (event.type === 'ping') written.push(eventLine({ ...event, type: 'pong' }));
    if (event.type === 'close') written.push(`close ${event.code} ""`);
  }
  if (violation !== undefined) {
    told.push(`violation ${violation.violation} ${violation.closeCode} at ${violation.offset}`);
    if (violation.closeCode !== 1006) written.push(`close ${violation.closeCode} ""`);
  }
  return { told, written };
}

describe.each(roles)('a %s', (role) => {
  test('whatever the peer writes, in any chunks, events and answers are those of the naive codec', () => {
    fc.assert(
      fc.property(byteSoup({ role }), cuts(), fc.boolean(), (bytes, cuts, ended) => {
        const end = new Endpoint(role);
        for (const chunk of split(bytes, cuts)) expect(end.connection.receive(chunk)).toBe(chunk.length);
        if (ended) end.connection.receiveEnd();
        const oracle = expected(decodeNaively(bytes, { role, ended }));
        expect(end.events).toEqual(oracle.told);
        expect(end.written()).toEqual(oracle.written);
      }),
      { numRuns: 400 },
    );
  });

  test('any chunks give the same events and the same bytes', () => {
    fc.assert(
      fc.property(byteSoup({ role }), cuts(), cuts(), (bytes, first, second) => {
        const [one, two] = [first, second].map((cuts) => {
          const end = new Endpoint(role);
          for (const chunk of split(bytes, cuts)) end.connection.receive(chunk);
          return { events: end.events, bytes: flat(end.connection.take()), state: end.connection.state };
        });
        expect(one).toEqual(two);
      }),
    );
  });

  const data = fc.oneof(
    anyText(5),
    fc.constantFrom('\ud800', 'é'.repeat(60), 'x'.repeat(130)),
    fc.tuple(fc.constantFrom(0, 1, 125, 126, 4096, 4097, 70_000), fc.integer()).map(([n, seed]) => bytesOf(n, seed)),
    fc.constantFrom(5, null, {}),
  );
  const options = fc.record({ fin: fc.boolean(), binary: fc.boolean() }, { requiredKeys: [] });
  const act = <T>(
    weight: number,
    argument: fc.Arbitrary<T>,
    call: (connection: Connection, argument: T) => unknown,
  ) => ({
    weight,
    arbitrary: argument.map((value) => (connection: Connection) => call(connection, value)),
  });
  const code = fc.oneof(legalCloseCode(), fc.constantFrom(undefined, 1005, 1006, 70_000));
  const call = fc.oneof(
    act(12, fc.tuple(data, options), (connection, [data, options]) => connection.send(data as string, options)),
    act(4, data, (connection, data) => connection.ping(data as string)),
    act(2, data, (connection, data) => connection.pong(data as string)),
    act(8, openStream({ role }, { maxPayload: 130 }), (connection, frames) => connection.receive(rawFrames(frames))),
    act(1, byteSoup({ role }), (connection, bytes) => connection.receive(bytes)),
    act(1, fc.tuple(code, anyText(130)), (connection, [code, reason]) => connection.close(code, reason)),
    act(1, fc.constant(undefined), (connection) => connection.hold()),
    act(2, fc.constant(undefined), (connection) => connection.release()),
  );

  test('whatever is called, in any order: its bytes are legal for the peer, and only the caller’s errors are thrown', () => {
    let long = 0;
    fc.assert(
      fc.property(fc.array(call, { maxLength: 25, size: 'max' }), fc.array(fc.nat({ max: 25 })), (calls, takes) => {
        const end = new Endpoint(role);
        const chunks: Uint8Array[] = [];
        for (const [i, call] of calls.entries()) {
          const { state, queuedBytes } = end.connection;
          try {
            call(end.connection);
          } catch (error) {
            expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
            // Wrong use changes nothing.
            expect([end.connection.state, end.connection.queuedBytes]).toEqual([state, queuedBytes]);
          }
          if (state === 'closed') expect(end.connection.queuedBytes).toBe(queuedBytes);
          if (takes.includes(i)) chunks.push(...end.connection.take());
        }
        chunks.push(...end.connection.take());
        const written = readWritten(role, flat(chunks));
        if (written.length > 5) long++;
        expect(written.filter((line) => line.startsWith('close')).length).toBeLessThanOrEqual(1);
        const pings = end.events.filter((line) => line.startsWith('ping')).map((line) => line.replace('ping', 'pong'));
        const pongs = written.filter((line) => line.startsWith('pong'));
        // Our own pongs stand between them.
        let answered = 0;
        for (const pong of pongs) if (pong === pings[answered]) answered++;
        expect(answered).toBe(pings.length);
      }),
      { numRuns: 400 },
    );
    expect(long).toBeGreaterThan(100);
  });
});
