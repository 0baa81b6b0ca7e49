import { runInNewContext } from 'node:vm';
import { bytesOf, decodeNaively, maskingKey, payload } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, Endpoint, flat, opposite, type Role, utf8 } from '../endpoint.suite.ts';
import type { Connection } from './connection.ts';
import type { Data } from './data.ts';
import type { SendOptions } from './send-options.ts';

const roles: readonly Role[] = ['server', 'client'];

/** Byte 0 of each frame of less than 126 bytes. */
function firstBytes(role: Role, bytes: Uint8Array): string[] {
  const found: string[] = [];
  const header = role === 'client' ? 6 : 2;
  for (let at = 0; at < bytes.length; at += header + (bytes[at + 1]! & 0x7f)) found.push(bytes[at]!.toString(16));
  return found;
}

describe.each(roles)('a %s', (role) => {
  const sentBy = (data: Data, options = {}): string[] => {
    const end = new Endpoint(role);
    end.connection.send(data, options);
    return end.written();
  };

  test('sends strings as text, anything else as binary, or as it is told', () => {
    expect(sentBy('h\u00e9\u{1f600}')).toEqual(['text "h\u00e9\u{1f600}"']);
    expect(sentBy('')).toEqual(['text ""']);
    expect(sentBy(Uint8Array.of(1, 255))).toEqual(['binary 01ff']);
    expect(sentBy('a', { binary: true })).toEqual(['binary 61']);
    expect(sentBy(utf8('é'), { binary: false })).toEqual(['text "é"']);
  });

  test('sends U+FFFD for a lone surrogate', () => {
    expect(sentBy('a\ud800b')).toEqual(['text "a\ufffdb"']);
    expect(sentBy('\udc00')).toEqual(['text "\ufffd"']);
    expect(sentBy('\ud83d\ude00\ud83d')).toEqual(['text "\u{1f600}\ufffd"']);
  });

  const memory = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17).buffer;
  test.each([
    ['Uint8Array', new Uint8Array(memory, 3, 2), '0304'],
    ['Uint8Array of all', new Uint8Array(memory, 16), '1011'],
    ['a subarray', new Uint8Array(memory).subarray(1, 2), '01'],
    ['an empty view', new Uint8Array(memory, 4, 0), ''],
    ['Int8Array', new Int8Array(memory, 17, 1), '11'],
    ['Uint16Array', new Uint16Array(memory, 2, 1), '0203'],
    ['Float64Array', new Float64Array(memory, 8, 1), '08090a0b0c0d0e0f'],
    ['BigInt64Array', new BigInt64Array(memory, 0, 1), '0001020304050607'],
    ['DataView', new DataView(memory, 5, 3), '050607'],
    ['Buffer', Buffer.from(memory, 9, 2), '090a'],
    ['ArrayBuffer', memory.slice(0, 3), '000102'],
    ['ArrayBuffer of another realm', runInNewContext('Uint8Array.of(1, 2).buffer'), '0102'],
    ['Uint8Array of another realm', runInNewContext('Uint8Array.of(0, 7).subarray(1)'), '07'],
    ['a view of a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(2)), '0000'],
  ] as const)('sends the bytes of %s', (_, data, hex) => {
    expect(sentBy(data as Data)).toEqual([`binary ${hex}`]);
    const end = new Endpoint(role);
    end.connection.ping(data as Data);
    const ping = decodeNaively(flat(end.connection.take()), { role: opposite(role) }).events[0];
    expect(ping).toMatchObject({ type: 'ping' });
    expect(Buffer.from((ping as { payload: Uint8Array }).payload).toString('hex')).toBe(hex);
  });

  test.each([
    5,
    null,
    undefined,
    true,
    1n,
    {},
    [],
    [1, 2],
    { length: 3 },
    Symbol('s'),
    () => 'x',
    new SharedArrayBuffer(2),
    new String('x'),
  ])('H14: sends nothing for data of another kind: %o', (data) => {
    const end = new Endpoint(role);
    expect(() => end.connection.send(data as unknown as Data)).toThrow(TypeError);
    expect(() => end.connection.send(data as unknown as Data)).toThrow(/^data must be a string, an ArrayBuffer or/);
    if (data !== undefined) {
      expect(() => end.connection.ping(data as unknown as Data)).toThrow(/^the payload of a control frame must be/);
      expect(() => end.connection.pong(data as unknown as Data)).toThrow(TypeError);
    }
    expect(end.outputs).toBe(0);
    expect(end.connection.take()).toEqual([]);
  });

  test.each([null, 'text', true, 5, () => {}])('sends nothing for options that are none: %o', (options) => {
    const end = new Endpoint(role);
    expect(() => end.connection.send('x', options as SendOptions)).toThrow(
      new TypeError(
        `options must be an object, such as { binary: true }, got ${options === null ? 'null' : typeof options}`,
      ),
    );
    expect(end.connection.take()).toEqual([]);
  });

  test('sends control frames of up to 125 bytes', () => {
    for (const kind of ['ping', 'pong'] as const) {
      const end = new Endpoint(role);
      end.connection[kind]();
      end.connection[kind]('x'.repeat(125));
      expect(() => end.connection[kind]('x'.repeat(126))).toThrow(RangeError);
      expect(() => end.connection[kind]('é'.repeat(63))).toThrow('at most 125 bytes of payload, got 126');
      expect(() => end.connection[kind](new Uint8Array(126))).toThrow(RangeError);
      expect(end.written()).toEqual([`${kind} ""`, `${kind} "${'x'.repeat(125)}"`]);
    }
  });

  test('sends bytes as text only if they are whole characters', () => {
    const end = new Endpoint(role);
    for (const bytes of [[0xff], [0xc3], [0x61, 0xe2, 0x82], [0xed, 0xa0, 0x80]]) {
      expect(() => end.connection.send(Uint8Array.from(bytes), { binary: false })).toThrow(/not UTF-8, or cuts a/);
    }
    expect(end.connection.take()).toEqual([]);
  });

  describe('in fragments', () => {
    const frames = (send: (connection: Connection) => void): [string[], string[]] => {
      const end = new Endpoint(role);
      send(end.connection);
      const chunks = end.connection.take();
      const bytes = flat(chunks);
      const { events, violation } = decodeNaively(bytes, { role: opposite(role), ended: true });
      expect(violation).toBeUndefined();
      return [firstBytes(role, bytes), events.map((event) => ('payload' in event ? `${event.payload}` : ''))];
    };

    test('the first has the opcode, the others continue, fin ends', () => {
      const sent = frames((connection) => {
        connection.send('a', { fin: false });
        connection.send('b', { fin: false });
        connection.send(utf8('c'));
        connection.send(Uint8Array.of(1), { fin: false });
        connection.send(Uint8Array.of(2));
        connection.send('d');
      });
      expect(sent[0]).toEqual(['1', '0', '80', '2', '80', '81']);
      expect(sent[1]).toEqual(['97,98,99', '1,2', '100']);
    });

    test('controls may stand between them', () => {
      const sent = frames((connection) => {
        connection.send('a', { fin: false });
        connection.ping('b');
        connection.pong('c');
        connection.send('d');
      });
      expect(sent[0]).toEqual(['1', '89', '8a', '80']);
      expect(sent[1]).toEqual(['98', '99', '97,100']);
    });

    test('a string that was begun as binary is continued as binary', () => {
      const sent = frames((connection) => {
        connection.send('a', { fin: false, binary: true });
        connection.send('b', { fin: false, binary: true });
        connection.send(Uint8Array.of(99));
      });
      expect(sent).toEqual([['2', '0', '80'], ['97,98,99']]);
    });

    test('another message in between is refused, and the first goes on', () => {
      const end = new Endpoint(role);
      const { connection } = end;
      connection.send('a', { fin: false });
      expect(() => connection.send(utf8('x'), { binary: true })).toThrow('a fragmented text message is open');
      expect(() => connection.send('x', { binary: true, fin: false })).toThrow(TypeError);
      expect(() => connection.send(Uint8Array.of(0xff))).toThrow(TypeError);
      expect(() => connection.send(5 as unknown as Data)).toThrow(TypeError);
      connection.send('b');
      connection.send(utf8('c'), { fin: false });
      expect(() => connection.send('x')).toThrow('a fragmented binary message is open');
      expect(() => connection.send(utf8('x'), { binary: false })).toThrow(TypeError);
      connection.send(utf8('d'));
      expect(end.written()).toEqual(['text "ab"', 'binary 6364']);
    });

    test('a Close may cut an open message, which the end of both Closes forgives', () => {
      const end = new Endpoint(role);
      end.connection.send('a', { fin: false });
      end.connection.close(1000);
      expect(() => end.connection.send('b')).toThrow(TypeError);
      end.receive(closeFrame(1000));
      expect(end.written()).toEqual(['close 1000 ""']);
    });

    test('a refused first fragment opens nothing', () => {
      const end = new Endpoint(role);
      expect(() => end.connection.send(Uint8Array.of(0xc3), { binary: false, fin: false })).toThrow(TypeError);
      end.connection.send(Uint8Array.of(1));
      expect(end.written()).toEqual(['binary 01']);
    });
  });

  test('bytes up to 4 KiB are copied at once, and those of any size stay as they are', () => {
    for (const length of [0, 1, 31, 32, 33, 125, 126, 4095, 4096]) {
      const end = new Endpoint(role);
      const data = bytesOf(length, length);
      const before = data.slice();
      end.connection.send(data);
      expect(data).toEqual(before);
      data.fill(0xee);
      expect(end.written()).toEqual([`binary ${Buffer.from(before).toString('hex')}`]);
    }
  });

  test('the bytes of a send are the peer’s message, at every size and alignment, and the caller’s buffer is as it was', () => {
    const sizes = fc.oneof(
      payload(),
      fc.integer({ min: 4080, max: 4110 }).map((length) => bytesOf(length, length)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.nat({ max: 9 })), { maxLength: 8 }), (messages) => {
        const end = new Endpoint(role);
        const views = messages.map(([bytes, at]) => {
          const view = new Uint8Array(bytes.length + 20).subarray(at, at + bytes.length);
          view.set(bytes);
          return view;
        });
        for (const view of views) end.connection.send(view);
        const { queuedBytes } = end.connection;
        const bytes = flat(end.connection.take());
        expect(bytes.length).toBe(queuedBytes);
        const { events } = decodeNaively(bytes, { role: opposite(role) });
        expect(events).toEqual(messages.map(([payload]) => ({ type: 'message', payload, opcode: 2, rsv: 0 })));
        expect(views.map((view) => Uint8Array.from(view))).toEqual(messages.map(([payload]) => payload));
      }),
      { numRuns: 60 },
    );
  });
});

test('a client masks each frame with a key of its own', () => {
  fc.assert(
    fc.property(fc.infiniteStream(maskingKey()), (keys) => {
      const drawn: number[] = [];
      const fresh = (): number => {
        drawn.push(keys.next().value >>> 0);
        return drawn.at(-1)!;
      };
      const end = new Endpoint('client', { maskingKey: fresh });
      end.connection.send('a', { fin: false });
      end.connection.send('b');
      end.receive({ opcode: 9, payload: utf8('c') });
      end.connection.ping('d');
      end.connection.pong('e');
      end.connection.close(1000);
      const frames = end.connection.take();
      const bytes = flat(frames);
      const used: number[] = [];
      for (let at = 0; at < bytes.length; at += 6 + (bytes[at + 1]! & 0x7f)) {
        used.push(Buffer.from(bytes.subarray(at + 2, at + 6)).readUInt32BE());
      }
      expect(used).toEqual(drawn);
      expect(used).toHaveLength(6);
    }),
  );
});

test('whoever gives a masking key may send something: both are whole frames', () => {
  let asked = 0;
  const end: Endpoint = new Endpoint('client', {
    maskingKey: () => {
      if (asked++ === 0) end.connection.ping('from within');
      return asked;
    },
  });
  end.connection.send('a longer text', { fin: true });
  expect(end.written()).toEqual(['ping "from within"', 'text "a longer text"']);
});

test('whoever gives the masking key of a Close may close as well: there is one Close', () => {
  let asked = 0;
  const end: Endpoint = new Endpoint('client', {
    maskingKey: () => {
      if (asked++ < 3) end.connection.close(1001);
      return asked;
    },
  });
  end.connection.close(1000);
  expect(end.written()).toEqual(['close 1000 ""']);
});

describe('a masking key that is none', () => {
  const broken: [unknown, typeof TypeError | typeof RangeError][] = [
    [undefined, TypeError],
    [null, TypeError],
    ['5', TypeError],
    [1n, TypeError],
    [Number.NaN, RangeError],
    [1.5, RangeError],
    [2 ** 32, RangeError],
    [-(2 ** 31) - 1, RangeError],
  ];
  /** A client whose first key is another one. */
  const client = (first: () => unknown, options = {}): Endpoint => {
    let asked = 0;
    return new Endpoint('client', { ...options, maskingKey: () => (asked++ === 0 ? (first() as number) : asked) });
  };

  test.each(broken)('%o: nothing is queued and nothing has changed, whatever was sent', (key, error) => {
    const extension = { rsv: 0x40, decode: () => utf8(''), encode: () => utf8('encoded') };
    for (const extensions of [[], [extension]]) {
      const calls: [(connection: Connection) => void, string][] = [
        [(connection) => connection.send('a'), extensions.length > 0 ? 'text "encoded" rsv=64' : 'text "a"'],
        [(connection) => connection.send(new Uint8Array(5000), { compress: false, fin: false }), ''],
        [(connection) => connection.ping('b'), 'ping "b"'],
        [(connection) => connection.close(1000), 'close 1000 ""'],
      ];
      for (const [call, written] of calls) {
        const end = client(() => key, { extensions });
        expect(() => call(end.connection)).toThrow(error);
        const { state, queuedBytes, pendingSends } = end.connection;
        expect([state, queuedBytes, pendingSends, end.outputs]).toEqual(['open', 0, 0, 0]);
        if (written === '') end.connection.send('no fragment is open', { fin: true });
        else {
          call(end.connection);
          expect(end.written(0x40)).toEqual([written]);
        }
      }
    }
  });

  test('so of a source that throws', () => {
    const end = client(() => {
      throw new Error('no entropy');
    });
    expect(() => end.connection.close(1000)).toThrow('no entropy');
    expect(end.connection.state).toBe('open');
    end.connection.close(1001);
    expect(end.written()).toEqual(['close 1001 ""']);
  });

  test('both ends of what a key can be are', () => {
    for (const key of [0, -(2 ** 31), 2 ** 32 - 1]) {
      const end = client(() => key);
      end.connection.send('text');
      expect(end.written()).toEqual(['text "text"']);
    }
  });
});

test.each([0, 1, null, '', 'false'])('an option of send that is %o is no boolean, and nothing is sent', (value) => {
  for (const option of ['fin', 'binary', 'compress']) {
    const end = new Endpoint('server');
    const send = () => end.connection.send('a', { [option]: value });
    const got = value === null ? 'null' : typeof value;
    expect(send).toThrow(new TypeError(`${option} must be a boolean, got ${got}`));
    end.connection.send('b', { [option]: undefined });
    expect(end.written()).toEqual(['text "b"']);
  }
});

test.each(['3', null, true, Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53])(
  'to take %o bytes is an error, and nothing is taken',
  (maxBytes) => {
    const { connection } = new Endpoint('server');
    connection.send('hello');
    const error = typeof maxBytes === 'number' ? RangeError : TypeError;
    expect(() => connection.take(maxBytes as never)).toThrow(error);
    expect(() => connection.take(maxBytes as never)).toThrow(/^maxBytes must be /);
    expect(connection.queuedBytes).toBe(7);
    expect(connection.take(0)).toEqual([]);
    expect(flat(connection.take(1000)).length).toBe(7);
  },
);

test('a server asks for no masking key', () => {
  const end = new Endpoint('server', {
    maskingKey: () => {
      throw new Error('asked');
    },
  });
  end.connection.send('x');
  expect(end.written()).toEqual(['text "x"']);
});

test('a server does not copy more than 4 KiB: the chunk is the caller’s', () => {
  const end = new Endpoint('server');
  const data = new Uint8Array(10_000).subarray(5, 5 + 4097);
  end.connection.send('before');
  end.connection.send(data);
  end.connection.send('after');
  const chunks = end.connection.take();
  expect(chunks).toHaveLength(3);
  expect(chunks[1]).toBe(data);
});

test('a client copies more than 4 KiB, since it must mask', () => {
  const end = new Endpoint('client');
  const data = bytesOf(5000, 1);
  end.connection.send(data);
  expect(end.connection.take().every((chunk) => chunk.buffer !== data.buffer)).toBe(true);
});
