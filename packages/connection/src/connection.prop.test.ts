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
import type { Connection } from './connection.ts';
import { Endpoint, eventLine, flat, type Role, readWritten, utf8 } from './endpoint.suite.ts';

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
  const act = <T>(weight: number, argument: fc.Arbitrary<T>, call: (it: Connection, argument: T) => unknown) => ({
    weight,
    arbitrary: argument.map((value) => (it: Connection) => call(it, value)),
  });
  const code = fc.oneof(legalCloseCode(), fc.constantFrom(undefined, 1005, 1006, 70_000));
  const call = fc.oneof(
    act(12, fc.tuple(data, options), (it, [data, options]) => it.send(data as string, options)),
    act(4, data, (it, data) => it.ping(data as string)),
    act(2, data, (it, data) => it.pong(data as string)),
    act(8, openStream({ role }, { maxPayload: 130 }), (it, frames) => it.receive(rawFrames(frames))),
    act(1, byteSoup({ role }), (it, bytes) => it.receive(bytes)),
    act(1, fc.tuple(code, anyText(130)), (it, [code, reason]) => it.close(code, reason)),
    act(1, fc.constant(undefined), (it) => it.hold()),
    act(2, fc.constant(undefined), (it) => it.release()),
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

interface End {
  readonly endpoint: Endpoint;
  /** What it has written and the other has not received. */
  wire: Uint8Array;
  /** What it sent, as the other is to hear it. */
  readonly messages: string[];
  readonly pings: string[];
  /** The code with which it closed the open connection, if it did. */
  closedWith: number | undefined;
}

describe('two connections on a pipe that cuts and delays', () => {
  type Step = { who: 0 | 1 } & ({ send: string } | { ping: string } | { close: number } | { move: number });
  const who = fc.constantFrom<0 | 1>(0, 1);
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ who, send: anyText(4) }) },
    { weight: 2, arbitrary: fc.record({ who, ping: anyText(4) }) },
    { weight: 6, arbitrary: fc.record({ who, move: fc.oneof(fc.nat({ max: 12 }), fc.constant(1000)) }) },
    { weight: 1, arbitrary: fc.record({ who, close: legalCloseCode() }) },
  );

  test('everything that was sent before a Close arrives, in order, and both end with the codes of RFC 6455, 7.1.5', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ends: readonly [End, End] = [end('client'), end('server')];
        for (const step of steps) take(ends, step);
        if (ends.every(({ endpoint }) => endpoint.connection.state === 'open')) take(ends, { who: 0, close: 4999 });
        while (ends.some(({ wire, endpoint }) => wire.length > 0 || endpoint.connection.queuedBytes > 0)) {
          for (const who of [0, 1] as const) take(ends, { who, move: 7 });
        }
        for (const [here, there] of [ends, [ends[1], ends[0]]] as const) {
          const { events } = here.endpoint;
          expect(events.filter((line) => line.startsWith('text'))).toEqual(there.messages);
          expect(events.filter((line) => line.startsWith('ping'))).toEqual(there.pings.map((ping) => `ping ${ping}`));
          const pongs = events.filter((line) => line.startsWith('pong'));
          expect(pongs).toEqual(here.pings.map((ping) => `pong ${ping}`).slice(0, pongs.length));
          // Only what the peer writes after a Close of its own accord is not heard.
          if (there.closedWith === undefined) expect(pongs).toHaveLength(here.pings.length);
          expect(events.at(-1)).toMatch(`close ${there.closedWith ?? here.closedWith} "`);
          expect(events.filter((line) => line.startsWith('close'))).toHaveLength(1);
          expect(here.endpoint.connection.state).toBe('closed');
        }
        kinds.add(ends.map(({ closedWith }) => (closedWith === undefined ? '-' : 'closes')).join(' '));
      }),
      { numRuns: 300 },
    );
    expect([...kinds].sort()).toEqual(['- closes', 'closes -', 'closes closes']);
  });

  function end(role: Role): End {
    return { endpoint: new Endpoint(role), wire: new Uint8Array(0), messages: [], pings: [], closedWith: undefined };
  }

  function take(ends: readonly [End, End], step: Step): void {
    const here = ends[step.who];
    const there = ends[step.who === 0 ? 1 : 0];
    const { connection } = here.endpoint;
    if ('move' in step) {
      here.wire = flat([here.wire, ...connection.take()]);
      there.endpoint.connection.receive(here.wire.subarray(0, step.move));
      here.wire = here.wire.slice(step.move);
    } else if (connection.state !== 'open') {
      return;
    } else if ('send' in step) {
      connection.send(step.send.slice(0, 1), { fin: false });
      connection.send(utf8(step.send.slice(1)));
      // Cut by the fragments, the halves of a character are two lone surrogates.
      const heard = [step.send.slice(0, 1), step.send.slice(1)].map((half) => Buffer.from(half).toString());
      here.messages.push(`text ${JSON.stringify(heard.join(''))}`);
    } else if ('ping' in step) {
      connection.ping(step.ping);
      here.pings.push(JSON.stringify(step.ping));
    } else {
      connection.close(step.close, 'enough');
      here.closedWith = step.close;
    }
  }
});
