import { cuts, legalStream, rawFrames, split } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  closeFrame,
  Endpoint,
  flat,
  peerBytes,
  ping,
  pong,
  type Role,
  readWritten,
  text,
  utf8,
} from '../endpoint.suite.ts';

const roles: readonly Role[] = ['server', 'client'];

/**
 * Receives chunks as a driver does: what is not taken waits, and `release` is called until all is. Counts the stops.
 */
function receiveHeld(end: Endpoint, chunks: readonly Uint8Array[], held: () => number): number {
  let stops = 0;
  for (const chunk of chunks) {
    let at = end.connection.receive(chunk);
    // A closed connection takes and drops all, held or not.
    while (at < chunk.length && end.connection.state !== 'closed') {
      stops++;
      const taken = end.connection.receive(chunk, at);
      if (taken !== 0) throw new Error('something was taken while held');
      for (let holds = held(); holds > 0; holds--) end.connection.release();
      at += end.connection.receive(chunk, at);
    }
  }
  return stops;
}

/** An endpoint that holds once in each of the given deliveries, and a count of the holds since it was asked. */
function holding(role: Role, positions: ReadonlySet<number>): [Endpoint, () => number] {
  let holds = 0;
  const end = new Endpoint(role, {
    on: () => {
      if (!positions.has(end.events.length - 1)) return;
      holds++;
      end.connection.hold();
    },
  });
  const held = (): number => {
    const count = holds;
    holds = 0;
    return count;
  };
  return [end, held];
}

describe.each(roles)('a %s', (role) => {
  const frames = [
    text('a'),
    ping('b'),
    { ...text('c'), fin: false },
    pong('d'),
    { opcode: 0, payload: utf8('e') },
    text('f'),
    closeFrame(1000),
    text('too late'),
  ];
  const bytes = peerBytes(role, ...frames);
  const delivered = ['text "a"', 'ping "b"', 'pong "d"', 'text "ce"', 'text "f"', 'close 1000 ""'];

  test('stops after the delivery that holds, in every set of them, and goes on as if there had been none', () => {
    for (let set = 0; set < 1 << delivered.length; set++) {
      const positions = new Set(delivered.map((_, i) => i).filter((i) => (set >> i) & 1));
      for (const chunks of [[bytes], split(bytes, 'every byte')]) {
        const [end, held] = holding(role, positions);
        const stops = receiveHeld(end, chunks, held);
        expect(end.events).toEqual(delivered);
        expect(end.written()).toEqual(['pong "b"', 'close 1000 ""']);
        const before = [...positions].filter((i) => i < delivered.length - 1).length;
        expect(stops).toBe(before);
      }
    }
  });

  test('says how many bytes it took: up to the end of the frame that was delivered', () => {
    const [end] = holding(role, new Set([0]));
    expect(end.connection.receive(bytes)).toBe(peerBytes(role, text('a')).length);
    expect(end.events).toEqual(['text "a"']);
  });

  test('takes nothing while it is held from outside, until each hold has its release', () => {
    const end = new Endpoint(role);
    end.connection.hold();
    end.connection.hold();
    expect(end.connection.receive(bytes)).toBe(0);
    end.connection.release();
    expect(end.connection.receive(bytes)).toBe(0);
    end.connection.release();
    expect(end.connection.receive(bytes)).toBe(bytes.length);
    expect(end.events).toEqual(delivered);
    expect(() => end.connection.release()).toThrow(TypeError);
  });

  test('that is held and released in one delivery goes on at once', () => {
    const end = new Endpoint(role, {
      on: () => {
        end.connection.hold();
        end.connection.release();
      },
    });
    expect(end.connection.receive(bytes)).toBe(bytes.length);
    expect(end.events).toEqual(delivered);
  });

  test('can send and close while it is held', () => {
    const end = new Endpoint(role);
    end.connection.hold();
    end.connection.send('x');
    end.connection.close(1000);
    expect(end.written()).toEqual(['text "x"', 'close 1000 ""']);
    end.connection.receiveEnd();
    expect(end.connection.state).toBe('closed');
    // Nothing is delivered any more, so there is nothing to hold.
    expect(end.connection.receive(bytes)).toBe(bytes.length);
  });

  test('holds at any deliveries, inside and between chunks, change neither events nor output', () => {
    fc.assert(
      fc.property(
        legalStream({ role }, { maxPayload: 200 }),
        cuts(),
        fc.array(fc.nat({ max: 12 })),
        fc.array(fc.nat({ max: 5 })),
        (frames, cuts, inside, outside) => {
          const bytes = rawFrames(frames);
          const plain = new Endpoint(role);
          plain.connection.receive(bytes);
          const [end, held] = holding(role, new Set(inside));
          for (const [i, chunk] of split(bytes, cuts).entries()) {
            if (outside.includes(i)) {
              end.connection.hold();
              expect(end.connection.receive(chunk)).toBe(end.connection.state === 'closed' ? chunk.length : 0);
              end.connection.release();
            }
            receiveHeld(end, [chunk], held);
            for (let holds = held(); holds > 0; holds--) end.connection.release();
          }
          expect(end.events).toEqual(plain.events);
          expect(end.written()).toEqual(plain.written());
        },
      ),
    );
  });
});

describe('M4: the answers to pings', () => {
  const flood = (count: number, size: number): Uint8Array =>
    peerBytes('server', ...Array.from({ length: count }, (_, i) => ping(String(i).padStart(size, '.'))));

  test('are bounded: past 16 KiB that nobody takes, with 64 for each, reading stops; take lets it go on, and every ping is answered', () => {
    for (const size of [4, 50, 125]) {
      const atOnce = Math.floor(16_384 / (64 + 2 + size)) + 1;
      const end = new Endpoint('server');
      const bytes = flood(1000, size);
      const pongs: string[] = [];
      let stops = 0;
      for (let at = 0; at < bytes.length; ) {
        at += end.connection.receive(bytes, at);
        expect(end.connection.heldForPongs).toBe(at < bytes.length);
        expect(end.connection.queuedBytes).toBeLessThanOrEqual(atOnce * (size + 2));
        if (at < bytes.length) {
          stops++;
          expect(end.connection.queuedBytes).toBe(atOnce * (size + 2));
          expect(end.connection.receive(bytes, at)).toBe(0);
        }
        pongs.push(...end.written());
        expect(end.connection.heldForPongs).toBe(false);
      }
      expect(stops).toBe(Math.ceil(1000 / atOnce) - 1);
      expect(pongs).toEqual(end.events.map((line) => line.replace('ping', 'pong')));
      expect(pongs).toHaveLength(1000);
    }
  });

  test('do not end a hold of somebody else', () => {
    const end = new Endpoint('server');
    const bytes = flood(150, 125);
    const at = end.connection.receive(bytes);
    end.connection.hold();
    end.connection.take();
    expect(end.connection.receive(bytes, at)).toBe(0);
    end.connection.release();
    expect(end.connection.receive(bytes, at)).toBe(bytes.length - at);
  });

  test('end their hold themselves: a release too many is an error of the caller', () => {
    const end = new Endpoint('server');
    const bytes = flood(150, 125);
    const at = end.connection.receive(bytes);
    expect(() => end.connection.release()).toThrow(TypeError);
    expect(end.connection.receive(bytes, at)).toBe(0);
    end.connection.take();
    expect(end.connection.receive(bytes, at)).toBe(bytes.length - at);
  });

  test('are not counted with what the application sends', () => {
    const end = new Endpoint('server');
    end.connection.send(new Uint8Array(100_000));
    end.receive(ping('x'));
    expect(end.connection.heldForPongs).toBe(false);
  });

  test('count while they wait, and no longer, where there is always more to write', () => {
    const end = new Endpoint('server');
    const taken: Uint8Array[] = [];
    // 20 kB are ahead of every pong, all the time: a reader of the bytes is never without any.
    end.connection.send(new Uint8Array(20_000));
    for (let i = 0; i < 500; i++) {
      end.connection.send(new Uint8Array(10_000));
      end.receive(ping(String(i).padStart(125)));
      expect(end.connection.heldForPongs).toBe(false);
      taken.push(...end.connection.take(10_000 + 4 + 127));
      expect(end.connection.queuedBytes).toBeGreaterThan(10_000);
    }
    taken.push(...end.connection.take());
    expect(readWritten('server', flat(taken)).filter((line) => line.startsWith('pong'))).toEqual(
      end.events.map((line) => line.replace('ping', 'pong')),
    );
  });

  test('hold until the last of them was taken, wherever it stands', () => {
    const end = new Endpoint('server');
    const bytes = flood(150, 125);
    end.connection.send(new Uint8Array(100_000));
    const at = end.connection.receive(bytes);
    end.connection.send(new Uint8Array(100_000));
    // Header and payload of the message, then the pongs.
    end.connection.take(100_010 + 127 * 86 - 1);
    expect(end.connection.heldForPongs).toBe(true);
    end.connection.take(1);
    expect(end.connection.heldForPongs).toBe(false);
    expect(end.connection.queuedBytes).toBe(100_010);
    expect(at).toBe(131 * 86);
  });

  test('can be taken from within: a sink that writes at once never stops', () => {
    const taken: Uint8Array[] = [];
    const end = new Endpoint('server', { on: () => taken.push(...end.connection.take()) });
    const bytes = flood(1000, 125);
    expect(end.connection.receive(bytes)).toBe(bytes.length);
    expect(Buffer.concat(taken).length).toBe(127_000);
  });
});
