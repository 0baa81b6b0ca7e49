import { MessageDecoder } from '@ws/codec';
import { VIOLATIONS } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { format, parse, readCorpus } from './corpus.js';
import { fuzz, replay } from './fuzz.js';
import { makeInput } from './input.js';

const corpus = readCorpus();

test.each(corpus)('$name', (entry) => {
  expect(replay(entry)).toBeUndefined();
});

test('every violation has an input in the corpus', () => {
  const named = corpus.map(({ expected }) => expected.at(-1)?.split(' ')[1]);
  expect([...new Set(named)].sort()).toEqual(expect.arrayContaining(Object.keys(VIOLATIONS).sort()));
});

test('a short run: no disagreement, every violation, eight frames a stream and more', () => {
  const { tally, failure } = fuzz({ seed: 6455, frames: 100_000 });
  console.log(`seed 6455\n${tally}`);
  expect(failure).toBeUndefined();
  expect(tally.median).toBeGreaterThanOrEqual(8);
  for (const [name, count] of tally.violations) expect.soft(count, name).toBeGreaterThanOrEqual(20);
});

/**
 * A decoder with a fault in what it delivers.
 *
 * @param {(sink: import('@ws/codec').MessageSink) => Partial<import('@ws/codec').MessageSink>} fault
 * @returns {import('./judge.js').DecoderClass}
 */
function faulty(fault) {
  return class extends MessageDecoder {
    /** @param {ConstructorParameters<typeof MessageDecoder>} args */
    constructor(...args) {
      const [rules, limits, sink, platform] = args;
      const sound = {
        message: sink.message.bind(sink),
        ping: sink.ping.bind(sink),
        pong: sink.pong.bind(sink),
        close: sink.close.bind(sink),
        violation: sink.violation.bind(sink),
      };
      super(rules, limits, { ...sound, ...fault(sink) }, platform);
    }
  };
}

/** @type {Record<string, import('./judge.js').DecoderClass>} */
const FAULTS = {
  'throws on some bytes': class extends MessageDecoder {
    /** @override @param {Uint8Array} chunk */
    push(chunk, at = 0) {
      if (chunk.length === 3) throw new Error('three bytes');
      return super.push(chunk, at);
    }
  },
  'delivers for ever': faulty((sink) => ({
    ping(payload) {
      for (;;) sink.ping(payload);
    },
  })),
  'swallows a pong with nothing in it': faulty((sink) => ({
    pong: (payload) => payload.length > 0 && sink.pong(payload),
  })),
  'gives the bytes of one message to the next': faulty((sink) => {
    const memory = new ArrayBuffer(1 << 18);
    return {
      message(payload, opcode, rsv) {
        const shared = new Uint8Array(memory, 0, payload.length);
        shared.set(payload);
        sink.message(shared, opcode, rsv);
      },
    };
  }),
  'is one byte late in an offset': faulty((sink) => ({
    violation: (error) => sink.violation(Object.create(error, { offset: { value: error.offset + 1 } })),
  })),
  'does not hold': class extends MessageDecoder {
    /** @override */
    hold() {}
    /** @override */
    release() {}
  },
  'keeps its chunks': class extends MessageDecoder {
    /** @override */
    get bufferedBytes() {
      return this.offset;
    }
  },
  'forgets to end': class extends MessageDecoder {
    /** @override */
    end() {}
  },
  'writes to its chunks': class extends MessageDecoder {
    /** @override @param {Uint8Array} chunk */
    push(chunk, at = 0) {
      const taken = super.push(chunk, at);
      if (chunk[0] === 0x82) chunk[0] = 0;
      return taken;
    }
  },
};

describe('a fault is found, minimised, kept and found again: a decoder that', () => {
  test.each(Object.entries(FAULTS))('%s', (_, Decoder) => {
    const { failure } = fuzz({ seed: 1, frames: 50_000, Decoder });
    expect(failure?.problem).toMatch(/./);
    expect(failure?.input.bytes.length).toBeLessThan(300);
    const kept = parse(format('a fault', /** @type {import('./input.js').Input} */ (failure?.input)));
    expect(replay({ name: 'kept', ...kept }, Decoder)).toMatch(/^kept, cuts/);
    expect(replay({ name: 'kept', ...kept })).toBeUndefined();
  });
});

test('an input is the same after it was written to a file and read again', () => {
  for (let index = 0; index < 200; index++) {
    const input = makeInput(7, index);
    const { input: again } = parse(format('two lines\nof reasons', input));
    const meant = Object.fromEntries(Object.entries(input.rules).filter(([, value]) => value));
    expect(again.rules).toMatchObject({ ...meant, ended: input.rules.ended });
    expect({ ...again, rules: input.rules, bytes: Uint8Array.from(again.bytes) }).toEqual({
      ...input,
      bytes: Uint8Array.from(input.bytes),
    });
  }
});
