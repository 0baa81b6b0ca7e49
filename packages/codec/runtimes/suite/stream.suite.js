import { concat, frameByTheLetter, hex, latin1, Random } from './bytes.js';
import { codec } from './codecs.js';
import { Events } from './events.js';

/** @typedef {import('./checks.js').Checks} Checks */
/** @typedef {'server' | 'client'} Role */

const STREAMS = 300;

/** What text is made of: a character of each length, and the borders between them. */
const CHARACTERS = [
  '41',
  '7f',
  'c280',
  'c3a9',
  'dfbf',
  'e0a080',
  'e282ac',
  'ed9fbf',
  'efbbbf',
  'efbfbf',
  'f0908080',
  'f09f9880',
  'f48fbfbf',
].map(hex);

/**
 * Illegal ends of a stream, as a client and as a server reads them: the bytes, and the index of the one that is told.
 *
 * @type {readonly [event: string, client: string, at: number, server: string, at: number][]}
 */
const VIOLATIONS = [
  ['reserved-opcode 1002', '8b', 0, '8b', 0],
  ['reserved-bits 1002', '91', 0, '91', 0],
  ['orphan-continuation 1002', '80', 0, '80', 0],
  ['control-too-long 1002', '897e', 1, '89fe', 1],
  ['length-not-minimal 1002', '827e 0005', 3, '82fe 0005', 3],
  ['close-code-illegal 1002', '8802 03ee', 3, '8882 00000000 03ee', 7],
  ['text-not-utf8 1007', '8103 4142ff', 4, '8183 00000000 4142ff', 8],
];

/** Ways to end a stream, for each role of its reader: bytes, and what they are told as when they start at `offset`. */
const ENDS = {
  client: [
    end('', ''),
    end('8800', 'close undefined '),
    end('8804 03e8 6f6b', 'close 1000 ok'),
    ...VIOLATIONS.map(([event, digits, at]) => end(digits, event, at)),
  ],
  server: [
    end('', ''),
    end('8880 00000000', 'close undefined '),
    end('8884 00000000 03e8 6f6b', 'close 1000 ok'),
    ...VIOLATIONS.map(([event, , , digits, at]) => end(digits, event, at)),
  ],
};

/**
 * @param {string} digits
 * @param {string} event nothing happens if it is empty
 * @param {number} [at] where it is told to be, from the first of the bytes
 */
function end(digits, event, at) {
  return {
    bytes: hex(digits),
    told: (/** @type {number} */ offset) =>
      event === '' ? [] : [at === undefined ? event : `${event} @${offset + at}`],
  };
}

/** @param {Checks} t */
export function streamSuite(t) {
  const random = new Random(0x57e4);
  for (let run = 0; run < STREAMS; run++) {
    const role = run % 2 === 0 ? 'server' : 'client';
    const { stream, events } = randomStream(random, role);
    const wanted = events.join('\n');
    t.equal('in one chunk', cut(stream, role, [stream.length]), wanted, run, stream);
    t.equal('in chunks of 1 byte', cut(stream, role, [1]), wanted, run, stream);
    t.equal('in small chunks', cut(stream, role, [1 + random.below(9), 1 + random.below(9)]), wanted, run, stream);
    t.equal('in larger ones', cut(stream, role, [1 + random.below(100), 1 + random.below(30)]), wanted, run, stream);
    t.equal(
      'held after every event',
      holding(t, stream, role, 1 + random.below(60), 1 + random.below(2)),
      wanted,
      run,
      stream,
    );
    t.equal(
      'with a sink that throws at one event',
      throwing(stream, role, 1 + random.below(60), random.below(events.length + 1)),
      wanted,
      run,
      stream,
    );
  }
  everyFragmentation(t);
  wrongUse(t);
}

/**
 * A legal stream, often with an end that is none. What it means is known, since it was written from that.
 *
 * @param {Random} random
 * @param {Role} role
 */
function randomStream(random, role) {
  /** @type {Uint8Array[]} */
  const frames = [];
  /** @type {string[]} */
  const events = [];
  const add = (/** @type {number} */ byte0, /** @type {Uint8Array} */ payload) =>
    frames.push(frameByTheLetter(byte0, payload, role === 'server' ? random.int32() : undefined));

  for (let messages = random.below(5); messages > 0; messages--) {
    const isText = random.below(2) === 0;
    const payload = isText ? text(random) : random.bytes(random.pick([0, 1, 5, 17, 70, 126, 300]));
    let opcode = isText ? 1 : 2;
    let at = 0;
    for (let fragments = random.below(4); fragments > 0; fragments--) {
      const end = at + random.below(payload.length - at + 1);
      add(opcode, payload.subarray(at, end));
      opcode = 0;
      at = end;
      if (random.below(3) > 0) continue;
      const ping = random.bytes(random.pick([0, 3, 125]));
      const isPing = random.below(2) === 0;
      add(isPing ? 0x89 : 0x8a, ping);
      events.push(`${isPing ? 'ping' : 'pong'} ${latin1(ping)}`);
    }
    add(0x80 | opcode, payload.subarray(at));
    events.push(`${isText ? 'text' : 'binary'} ${latin1(payload)}`);
  }
  const { bytes, told } = random.pick(ENDS[role]);
  const before = concat(frames);
  events.push(...told(before.length));
  return { stream: concat([before, bytes]), events };
}

/** @param {Random} random */
function text(random) {
  return concat(Array.from({ length: random.pick([0, 1, 2, 5, 30]) }, () => random.pick(CHARACTERS)));
}

/** In chunks of these sizes, in turn. @param {Uint8Array} stream @param {Role} role @param {readonly number[]} sizes */
function cut(stream, role, sizes) {
  const events = new Events();
  const decoder = new codec.MessageDecoder({ role }, {}, events);
  for (let at = 0, i = 0; at < stream.length; i++) {
    const end = Math.min(stream.length, at + /** @type {number} */ (sizes[i % sizes.length]));
    decoder.push(stream.subarray(at, end));
    at = end;
  }
  return events.toString();
}

/**
 * @param {Checks} t
 * @param {Uint8Array} stream
 * @param {Role} role
 * @param {number} size of the chunks
 * @param {number} times how often each event holds
 */
function holding(t, stream, role, size, times) {
  let held = 0;
  let early = 0;
  const events = new Events(() => {
    early += held;
    for (held = 0; held < times; held++) decoder.hold();
  });
  const decoder = new codec.MessageDecoder({ role }, {}, events);
  let before = 0;
  for (; before < stream.length; before += size) {
    const chunk = stream.subarray(before, before + size);
    for (let at = 0; at < chunk.length; ) {
      at += decoder.push(chunk, at);
      if (decoder.offset !== before + at) return `offset ${decoder.offset} at ${before + at}`;
      for (; held > 0; held--) {
        if (decoder.push(chunk, at) !== 0) return 'bytes were taken while held';
        decoder.release();
      }
    }
  }
  t.equal('no event while held', early, 0);
  return events.toString();
}

/**
 * Goes on from `offset` after each throw.
 *
 * @param {Uint8Array} stream
 * @param {Role} role
 * @param {number} size
 * @param {number} thrower
 */
function throwing(stream, role, size, thrower) {
  const thrown = new Error('thrown by the sink');
  const events = new Events((event) => {
    if (event === thrower) throw thrown;
  });
  const decoder = new codec.MessageDecoder({ role }, {}, events);
  let throws = 0;
  for (let before = 0; before < stream.length; before += size) {
    const chunk = stream.subarray(before, before + size);
    while (decoder.offset < before + chunk.length) {
      try {
        decoder.push(chunk, decoder.offset - before);
      } catch (error) {
        if (error !== thrown || ++throws > 1) throw error;
      }
    }
  }
  return events.toString();
}

/**
 * A text of 10 bytes, cut into frames in each of the 512 ways; every cut is also a place for a Ping.
 *
 * @param {Checks} t
 */
function everyFragmentation(t) {
  const payload = hex('c3a9 e282ac f09f9880 42');
  const wanted = `text ${latin1(payload)}`;
  for (let cuts = 0; cuts < 512; cuts++) {
    for (const ping of [[], [Uint8Array.of(0x89, 0)]]) {
      /** @type {Uint8Array[]} */
      const frames = [];
      let at = 0;
      for (let end = 1; end <= payload.length; end++) {
        const last = end === payload.length;
        if (!last && (cuts & (1 << (end - 1))) === 0) continue;
        frames.push(
          frameByTheLetter((at === 0 ? 1 : 0) | (last ? 0x80 : 0), payload.subarray(at, end), undefined),
          ...(last ? [] : ping),
        );
        at = end;
      }
      const pings = 'ping \n'.repeat(ping.length === 0 ? 0 : frames.length >> 1);
      t.equal('any fragmentation', cut(concat(frames), 'client', [100]), pings + wanted, cuts);
    }
  }
}

/** @param {Checks} t */
function wrongUse(t) {
  const ping = hex('8900');
  let inside = 0;
  const events = new Events(() => {
    t.throws('push() inside a callback', () => decoder.push(ping), TypeError);
    t.throws('end() inside a callback', () => decoder.end(), TypeError);
    inside++;
  });
  const decoder = new codec.MessageDecoder({ role: 'client' }, {}, events);
  t.equal('and yet all is taken', decoder.push(concat([ping, ping])), 4);
  t.equal('each event was one', inside, 2);
  t.throws('release() without hold()', () => decoder.release(), TypeError);
  t.throws('a chunk is bytes', () => decoder.push(/** @type {never} */ ('8900')), TypeError);
  t.throws('a place is in the chunk', () => decoder.push(ping, 3), RangeError);
  decoder.end();
  t.throws('push() after end()', () => decoder.push(ping), TypeError);
  t.equal('nothing else was delivered', events.toString(), 'ping \nping ');
  for (const limit of [Number.NaN, -1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
    const limits = { maxMessagePayload: limit };
    t.throws(
      'a limit is a number of bytes',
      () => new codec.MessageDecoder({ role: 'client' }, limits, events),
      RangeError,
      limit,
    );
  }
}
