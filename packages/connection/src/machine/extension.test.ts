import { describe, expect, test } from 'vitest';
import { closeFrame, Endpoint, flat, ping, type Role, readWritten, text, utf8 } from '../endpoint.suite.ts';
import { allRsv, checkExtensions, type Extension, type ExtensionFailure } from './extension.ts';
import { PreparedMessage } from './prepared.ts';

/** A toy: turns every bit of `mask` in the payload, and puts a byte in front that it wants to see again. */
class Toy implements Extension {
  readonly rsv: number;
  readonly #mask: number;
  readonly calls: string[] = [];

  constructor(rsv: number, mask: number) {
    this.rsv = rsv;
    this.#mask = mask;
  }

  encode(payload: Uint8Array, options: { isBinary: boolean; compress: boolean }): Uint8Array | undefined {
    this.calls.push(`encode ${options.isBinary ? 'binary' : 'text'}`);
    if (!options.compress) return undefined;
    return Uint8Array.of(this.#mask, ...payload.map((byte) => byte ^ this.#mask));
  }

  decode(payload: Uint8Array<ArrayBuffer>, maxLength: number): Uint8Array<ArrayBuffer> | ExtensionFailure {
    this.calls.push('decode');
    if (payload[0] !== this.#mask) return 'extension-data-illegal';
    if (payload.length - 1 > maxLength) return 'message-too-big';
    return payload.slice(1).map((byte) => byte ^ this.#mask);
  }
}

const encoded = (mask: number, content: string | Uint8Array): Uint8Array =>
  Uint8Array.of(mask, ...(typeof content === 'string' ? utf8(content) : content).map((byte) => byte ^ mask));

const roles: readonly Role[] = ['server', 'client'];

describe.each(roles)('a %s with an extension', (role) => {
  const make = (options = {}): [Endpoint, Toy] => {
    const toy = new Toy(0x40, 0xff);
    return [new Endpoint(role, { extensions: [toy], ...options }), toy];
  };

  test('sends whole messages through it, marked, and other frames without', () => {
    const [end, toy] = make();
    end.connection.send('a');
    end.connection.send(Uint8Array.of(0), { compress: true });
    end.connection.send('plain', { compress: false });
    end.connection.ping('p');
    end.connection.send('b', { fin: false });
    end.connection.send('c');
    end.connection.close(1000, 'd');
    const bytes = flat(end.connection.take());
    expect(readWritten(role, bytes, 0x40).slice(1)).toEqual([
      'binary ffff rsv=64',
      'text "plain"',
      'ping "p"',
      'text "bc"',
      'close 1000 "d"',
    ]);
    expect(bytes[0]).toBe(0xc1);
    expect(toy.calls).toEqual(['encode text', 'encode binary', 'encode text']);
  });

  test('delivers what it has decoded, from one frame or many, and unmarked messages as they are', () => {
    const [end, toy] = make();
    const parts = encoded(0xff, 'fragments');
    end.receive(
      { opcode: 1, rsv1: true, payload: encoded(0xff, 'é') },
      text('plain'),
      { opcode: 1, rsv1: true, fin: false, payload: parts.subarray(0, 3) },
      ping('between'),
      { opcode: 0, payload: parts.subarray(3) },
      { opcode: 2, rsv1: true, payload: encoded(0xff, Uint8Array.of(0x80)) },
    );
    expect(end.events).toEqual(['text "é"', 'text "plain"', 'ping "between"', 'text "fragments"', 'binary 80']);
    expect(toy.calls).toEqual(['decode', 'decode', 'decode']);
  });

  test.each([
    ['extension-data-illegal', 1007, Uint8Array.of(0)],
    ['extension-data-illegal', 1007, new Uint8Array(0)],
    ['message-too-big', 1009, encoded(0xff, 'x'.repeat(30))],
    ['text-not-utf8', 1007, encoded(0xff, Uint8Array.of(0x61, 0xc3))],
  ] as const)('after %s: one Close with %i, one violation, nothing more', (violation, code, payload) => {
    const bad = { opcode: 1, rsv1: true, payload };
    const behind = [text('x'), bad, ping('y'), { opcode: 10 }, { opcode: 3 }, closeFrame(1000)];
    for (const frame of [undefined, ...behind]) {
      const toy = new Toy(0x40, 0xff);
      const limit = { decode: (bytes: Uint8Array<ArrayBuffer>) => toy.decode(bytes, 20) };
      const end = new Endpoint(role, { extensions: [{ rsv: 0x40, encode: () => undefined, ...limit }] });
      const header = 2 + (role === 'server' ? 4 : 0);
      end.receive(text('ok'), bad, ...(frame === undefined ? [] : [frame]));
      end.receive(...behind);
      end.connection.receiveEnd();
      const offset = header + 2 + header + payload.length - 1;
      expect(end.events).toEqual(['text "ok"', `violation ${violation} ${code} at ${offset}`]);
      expect(end.connection.state).toBe('closed');
      expect(end.written()).toEqual([`close ${code} ""`]);
    }
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no memory');
      },
    ],
    ['answers with nothing', () => undefined],
    ['answers with another word', () => 'oops'],
    ['answers with an array', () => [1]],
    ['answers with nothing, later', () => Promise.resolve()],
    ['answers with another word, later', () => Promise.resolve('oops')],
    ['is rejected', () => Promise.reject(new Error('no memory'))],
  ])('that %s has found the message illegal', async (_, decode) => {
    const end = new Endpoint(role, { extensions: [{ rsv: 0x40, encode: () => undefined, decode: decode as never }] });
    end.receive({ opcode: 2, rsv1: true, payload: utf8('x') });
    await new Promise(setImmediate);
    if (end.connection.decoding !== 'no') end.receive();
    expect(end.events).toEqual([`violation extension-data-illegal 1007 at ${role === 'server' ? 6 : 2}`]);
    expect(end.written()).toEqual(['close 1007 ""']);
  });

  test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => unknown]>([
    ['at once', (bytes) => bytes],
    ['later', async (bytes) => bytes],
  ])('that gives more than the limit, %s, has a message that is too big', async (_, give) => {
    for (const more of [0, 1]) {
      const decode = () => give(new Uint8Array(10 + more)) as never;
      const extensions = [{ rsv: 0x40, encode: () => undefined, decode }];
      const end = new Endpoint(role, { extensions, limits: { maxMessagePayload: 10 } });
      end.receive({ opcode: 2, rsv1: true, payload: utf8('x') });
      await new Promise(setImmediate);
      if (end.connection.decoding !== 'no') end.receive();
      const tooBig = expect.stringContaining('violation message-too-big 1009');
      expect(end.events).toEqual([more === 0 ? `binary ${'00'.repeat(10)}` : tooBig]);
    }
  });

  test.each<[string, unknown]>([
    ['string', 'x'],
    ['null', null],
    ['object', [1]],
    ['object', new ArrayBuffer(1)],
    ['number', 5],
  ])('whose encode gives what is not to be sent, a %s, is a TypeError, and nothing is sent', (got, answer) => {
    const encode = ({ length }: Uint8Array) => (length === 1 ? answer : undefined);
    const extension = { rsv: 0x40, encode: encode as never, decode: (bytes: Uint8Array<ArrayBuffer>) => bytes };
    const end = new Endpoint(role, { extensions: [extension] });
    for (const data of ['x', new PreparedMessage('x')]) {
      expect(() => end.connection.send(data)).toThrow(
        new TypeError(`encode of an extension must give a Uint8Array, undefined or a promise of these, got ${got}`),
      );
    }
    end.connection.send('as it is');
    expect(end.written()).toEqual(['text "as it is"']);
  });

  test('is given the limit on a message', () => {
    const [end] = make({ limits: { maxMessagePayload: 10 } });
    end.receive({ opcode: 2, rsv1: true, payload: encoded(0xff, new Uint8Array(9)) });
    expect(end.events).toHaveLength(1);
    const limits: number[] = [];
    const asking: Extension = {
      rsv: 0x40,
      encode: () => undefined,
      decode: (payload, maxLength) => {
        limits.push(maxLength);
        return payload;
      },
    };
    new Endpoint(role, { extensions: [asking], limits: { maxMessagePayload: 10 } }).receive({ opcode: 2, rsv1: true });
    new Endpoint(role, { extensions: [asking] }).receive({ opcode: 2, rsv1: true });
    expect(limits).toEqual([10, 16 * 1024 * 1024]);
  });

  test('after our Close, a failure queues no second one', () => {
    const [end] = make();
    end.connection.close(1000);
    end.receive({ opcode: 1, rsv1: true });
    expect(end.events[0]).toContain('extension-data-illegal');
    expect(end.written()).toEqual(['close 1000 ""']);
  });
});

test('of two extensions, each sees its own messages: out in their order, in the other way round', () => {
  const one = new Toy(0x40, 0x0f);
  const two = new Toy(0x20, 0xf0);
  const sender = new Endpoint('server', { extensions: [one, two] });
  const receiver = new Endpoint('client', {
    extensions: [one, two],
  });
  sender.connection.send('both');
  const bytes = flat(sender.connection.take());
  expect(bytes[0]).toBe(0xe1);
  expect(Array.from(bytes.subarray(2, 4))).toEqual([0xf0, 0x0f ^ 0xf0]);
  receiver.connection.receive(bytes);
  receiver.receive({ opcode: 1, rsv2: true, payload: encoded(0xf0, 'two') });
  receiver.receive({ opcode: 1, rsv1: true, payload: encoded(0x0f, 'one') });
  expect(receiver.events).toEqual(['text "both"', 'text "two"', 'text "one"']);
  receiver.receive({ opcode: 1, rsv3: true });
  expect(receiver.events.at(-1)).toContain('violation reserved-bits 1002');
});

test('the bits of extensions are added up, and belong to one each', () => {
  expect(allRsv([])).toBe(0);
  expect(allRsv([new Toy(0x40, 1), new Toy(0x30, 1)])).toBe(0x70);
  checkExtensions([new Toy(0x40, 1), new Toy(0x30, 1)]);
  expect(() => checkExtensions([new Toy(0x40, 1), new Toy(0x60, 1)])).toThrow(TypeError);
});

test('without an extension, a reserved bit is a violation', () => {
  const end = new Endpoint('server');
  end.receive({ opcode: 1, rsv1: true });
  expect(end.events).toEqual(['violation reserved-bits 1002 at 0']);
});
