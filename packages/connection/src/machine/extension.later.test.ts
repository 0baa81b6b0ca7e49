import { describe, expect, test } from 'vitest';
import { closeFrame, Endpoint, peerBytes, ping, type Role, text, utf8 } from '../endpoint.suite.ts';
import { SlowExtension, ticks, turned } from './slow-extension.suite.ts';

const NOTHING = new Uint8Array(0);

/** A message that a peer has encoded. */
const encoded = (content: string) => ({ opcode: 1, rsv1: true, payload: turned(utf8(content)) });

const roles: readonly Role[] = ['server', 'client'];

describe.each(roles)('a %s whose extension takes its time', (role) => {
  const make = (options = {}): [Endpoint, SlowExtension] => {
    const slow = new SlowExtension();
    return [new Endpoint(role, { extensions: [slow], ...options }), slow];
  };

  describe('decodes', () => {
    const bytes = peerBytes(role, text('before'), encoded('slow'), ping('behind'), encoded('again'), text('last'));

    test('in order: nothing is taken meanwhile, and receive delivers', async () => {
      const [end, slow] = make();
      let at = end.connection.receive(bytes);
      expect(at).toBe(peerBytes(role, text('before'), encoded('slow')).length);
      expect(end.connection.decoding).toBe('decoding');
      expect(end.connection.receive(bytes, at)).toBe(0);
      expect([end.events, end.decoded]).toEqual([['text "before"'], 0]);
      await slow.answer();
      expect([end.events, end.decoded, end.connection.decoding]).toEqual([['text "before"'], 1, 'decoded']);
      at += end.connection.receive(bytes, at);
      expect(end.events.slice(1)).toEqual(['text "slow"', 'ping "behind"']);
      await slow.answer();
      expect(end.connection.receive(bytes, at)).toBe(bytes.length - at);
      expect(end.events.slice(3)).toEqual(['text "again"', 'text "last"']);
      expect([end.connection.decoding, slow.most]).toEqual(['no', 1]);
    });

    test('and delivers without bytes', async () => {
      const [end, slow] = make();
      end.receive(encoded('alone'));
      await slow.answer();
      expect(end.connection.receive(NOTHING)).toBe(0);
      expect(end.events).toEqual(['text "alone"']);
    });

    test('and takes neither bytes nor an end from inside that delivery', async () => {
      const attempts: [(end: Endpoint) => void, string][] = [
        [(end) => end.receive(text('later')), 'receive() inside a delivery'],
        [(end) => end.connection.receiveEnd(), 'receiveEnd() inside a delivery'],
      ];
      for (const [attempt, words] of attempts) {
        const refused: unknown[] = [];
        const [end, slow]: [Endpoint, SlowExtension] = make({
          on: () => {
            try {
              attempt(end);
            } catch (error) {
              refused.push(error);
            }
          },
        });
        end.receive(encoded('slow'));
        await slow.answer();
        expect(() => end.connection.receive('abc' as never)).toThrow(TypeError);
        expect(end.receive(text('next'))).toBeGreaterThan(0);
        expect(end.events).toEqual(['text "slow"', 'text "next"']);
        expect(refused).toEqual([
          expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(words) }),
          expect.any(TypeError),
        ]);
        expect(end.connection.state).toBe('open');
      }
    });

    test('and delivers nothing while somebody holds', async () => {
      for (const holdFirst of [true, false]) {
        const [end, slow] = make();
        end.receive(encoded('held'));
        if (holdFirst) end.connection.hold();
        await slow.answer();
        if (!holdFirst) end.connection.hold();
        expect(end.receive(text('x'))).toBe(0);
        expect(end.events).toEqual([]);
        end.connection.release();
        expect(end.receive(text('x'))).toBeGreaterThan(0);
        expect(end.events).toEqual(['text "held"', 'text "x"']);
      }
    });

    test('and a hold in its delivery stops what is behind', async () => {
      const [end, slow] = make({ on: () => end.connection.hold() });
      end.receive(encoded('held'));
      await slow.answer();
      expect(end.receive(text('x'))).toBe(0);
      expect(end.events).toEqual(['text "held"']);
    });

    test('while the pongs wait: after them', async () => {
      const [end, slow] = make();
      const pings = Array.from({ length: 200 }, () => ping('x'.repeat(125)));
      end.receive(...pings.slice(0, 85), encoded('behind'), ...pings);
      expect([end.connection.heldForPongs, end.connection.decoding]).toEqual([false, 'decoding']);
      await slow.answer();
      const rest = peerBytes(role, ...pings);
      const taken = end.connection.receive(rest);
      expect(end.events[85]).toBe('text "behind"');
      expect(end.connection.heldForPongs).toBe(true);
      expect(taken).toBeLessThan(rest.length);
    });

    test.each([
      ['extension-data-illegal', 1007, { opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) }, undefined],
      ['extension-data-illegal', 1007, encoded('rejected'), new Error('no memory')],
      ['message-too-big', 1009, encoded('x'.repeat(30)), undefined],
      ['text-not-utf8', 1007, { opcode: 1, rsv1: true, payload: turned(Uint8Array.of(0x61, 0xc3)) }, undefined],
    ] as const)('%s: one Close with %i, where the message ended, nothing more', async (violation, code, bad, error) => {
      const [end, slow] = make();
      if (violation === 'message-too-big') slow.decode = async () => 'message-too-big';
      const at = end.receive(text('ok'), bad);
      await slow.answer(error);
      expect(end.connection.state).toBe('open');
      const behind = peerBytes(role, text('x'), ping('y'), closeFrame(1000));
      expect(end.connection.receive(behind)).toBe(behind.length);
      expect(end.events).toEqual(['text "ok"', `violation ${violation} ${code} at ${at - 1}`]);
      expect(end.written()).toEqual([`close ${code} ""`]);
      expect(slow.closed).toBe(1);
    });

    test('and after our Close delivers still', async () => {
      const [end, slow] = make();
      end.receive(encoded('late'));
      end.connection.close(1000);
      await slow.answer();
      end.receive(text('x'), closeFrame(1000));
      expect(end.events).toEqual(['text "late"', 'text "x"', 'close 1000 ""']);
      expect(slow.closed).toBe(1);
    });

    test('but not what the end of the stream, or of the transport, has cut off', async () => {
      for (const cutOff of ['receiveEnd', 'drop'] as const) {
        const [end, slow] = make();
        end.receive(encoded('late'));
        end.connection[cutOff]();
        expect(end.connection.decoding).toBe('no');
        await slow.answer();
        end.connection.receive(NOTHING);
        expect([end.events, end.decoded]).toEqual([[], 0]);
        end.connection.receiveEnd();
        expect(slow.closed).toBe(1);
      }
    });

    test('with a second extension, one after the other', async () => {
      const first = new SlowExtension(0x40);
      const second = new SlowExtension(0x20);
      const end = new Endpoint(role, { extensions: [first, second] });
      end.receive({ opcode: 1, rsv1: true, rsv2: true, payload: utf8('both') });
      expect([first.waiting.length, second.waiting.length]).toEqual([0, 1]);
      await second.answer();
      expect([first.waiting.length, end.decoded]).toEqual([1, 0]);
      await first.answer();
      end.connection.receive(NOTHING);
      expect(end.events).toEqual(['text "both"']);
    });
  });

  describe('encodes', () => {
    const written = (end: Endpoint): string[] => end.written(0x40);
    const inHex = (content: string): string => Buffer.from(turned(utf8(content))).toString('hex');

    test('in order: messages and the Close wait behind it, pings and pongs do not', async () => {
      const [end, slow] = make();
      end.connection.send(utf8('one'));
      end.connection.send('two', { compress: false });
      end.connection.send('th', { fin: false });
      end.connection.send('ree');
      end.connection.ping('early');
      end.receive(ping('theirs'));
      end.connection.send(utf8('four'));
      end.connection.close(1000, 'bye');
      expect(written(end)).toEqual(['ping "early"', 'pong "theirs"']);
      expect(end.connection.pendingSends).toBe(5);
      expect(end.connection.pendingBytes).toBe(3 + 3 + 2 + 3 + 4 + 5 + 6 * 2);
      const outputs = end.outputs;
      await slow.answer();
      expect(end.outputs).toBe(outputs + 1);
      expect(written(end)).toEqual([`binary ${inHex('one')} rsv=64`, 'text "two"', 'text "three"']);
      expect(end.connection.pendingSends).toBe(1);
      await slow.answer();
      expect(written(end)).toEqual([`binary ${inHex('four')} rsv=64`, 'close 1000 "bye"']);
      expect([end.connection.pendingSends, end.connection.pendingBytes, slow.most]).toEqual([0, 0, 1]);
      expect(slow.closed).toBe(0);
      end.receive(closeFrame(1000));
      expect(slow.closed).toBe(1);
    });

    test('what was there when it was sent, up to 4 KiB', async () => {
      for (const data of [utf8('first'), Buffer.from('first')]) {
        const [end, slow] = make();
        end.connection.send(data);
        end.connection.send(data, { compress: false });
        data.fill(0);
        await slow.answer();
        expect(written(end)).toEqual([
          `binary ${inHex('first')} rsv=64`,
          `binary ${Buffer.from('first').toString('hex')}`,
        ]);
      }
    });

    test('and sends a message as it is, or was when it was sent, if it fails', async () => {
      const [end, slow] = make();
      for (const data of [new Uint8Array(1).fill(7), Buffer.alloc(4096, 7)]) {
        end.connection.send(data);
        data.fill(0);
        await slow.answer(new Error('no memory'));
        expect(written(end)).toEqual([`binary ${'07'.repeat(data.length)}`]);
      }
    });

    test('and sends a message as it is if its answer, or that to one behind it, is none', async () => {
      const answers = [
        async () => 'no bytes',
        () => 'no bytes',
        () => {
          throw new Error('no memory');
        },
        (payload: Uint8Array) => turned(payload),
      ];
      const encode = (payload: Uint8Array) => answers.shift()!(payload) as never;
      const end = new Endpoint(role, { extensions: [{ rsv: 0x40, encode, decode: (payload) => payload }] });
      for (const data of ['a', 'b', 'c', 'd']) end.connection.send(utf8(data));
      expect(end.connection.pendingSends).toBe(4);
      await ticks();
      expect(written(end)).toEqual(['binary 61', 'binary 62', 'binary 63', `binary ${inHex('d')} rsv=64`]);
      expect(end.connection.pendingSends).toBe(0);
    });

    test('the last of it behind a violation or a Close of the peer, then is closed', async () => {
      for (const last of [{ opcode: 3 }, closeFrame(1001)]) {
        const [end, slow] = make();
        end.connection.send(utf8('last'));
        end.receive(last);
        expect([end.connection.state, slow.closed, written(end)]).toEqual(['closed', 0, []]);
        await slow.answer();
        expect(written(end)).toEqual([`binary ${inHex('last')} rsv=64`, expect.stringMatching(/^close 100[12]/)]);
        expect(slow.closed).toBe(1);
      }
    });

    test('nothing that was dropped', async () => {
      const [end, slow] = make();
      end.connection.send('one');
      end.connection.send('two');
      end.connection.receiveEnd();
      end.connection.drop();
      expect([end.connection.pendingSends, end.connection.pendingBytes, slow.closed]).toEqual([0, 0, 1]);
      await slow.answer();
      expect([written(end), slow.waiting.length]).toEqual([[], 0]);
    });

    test('with a second extension, one after the other', async () => {
      const first = new SlowExtension(0x40);
      const second = new SlowExtension(0x20);
      const end = new Endpoint(role, { extensions: [first, second] });
      end.connection.send('both');
      end.connection.send('plain', { compress: false });
      await first.answer();
      expect([second.waiting.length, end.connection.queuedBytes]).toEqual([1, 0]);
      await second.answer();
      expect(end.written(0x60)).toEqual(['text "both" rsv=96', 'text "plain"']);
    });
  });
});

test('what is in the hands of an extension is not closed under it', async () => {
  const slow = new SlowExtension();
  const end = new Endpoint('server', { extensions: [slow] });
  end.receive(encoded('x'));
  end.receive(closeFrame(1000));
  await ticks();
  expect([end.events, slow.closed]).toEqual([[], 0]);
});
