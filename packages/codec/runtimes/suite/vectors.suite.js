import { concat, hex } from './bytes.js';
import { codec, pureCodec } from './codecs.js';
import { Events } from './events.js';
import { ILLEGAL, LEGAL, NOT_THE_CODECS } from './vectors.js';

/** @typedef {import('./checks.js').Checks} Checks */
/** @typedef {import('./vectors.js').Vector} Vector */

/** @param {Checks} t */
export function vectorsSuite(t) {
  for (const vector of LEGAL) everyCut(t, vector, hex(vector.stream), vector.events);

  const told = new Set(ILLEGAL.map(({ violation }) => violation));
  for (const name of codec.violationNames) {
    t.check('every violation has a stream', told.has(name) !== (name === NOT_THE_CODECS), name);
  }
  for (const { violation, closeCode, at, ...vector } of ILLEGAL) {
    const before = hex(vector.role === 'server' ? '8181 00000000 41' : '8101 41');
    const events = ['text A', `${violation} ${closeCode} @${before.length + at}`];
    t.check(
      'a violation has its code',
      codec.violationNames.some((name) => name === violation && codec.closeCodeOf(name) === closeCode),
    );
    // What follows a violation is dropped in silence, as is what follows the end.
    const after = hex(vector.ends ? '' : '8101 42 83');
    const stream = hex(vector.stream);
    const whole = concat([before, stream, after]);
    everyCut(t, { ...vector, name: violation }, whole, events);
    if (vector.ends) continue;
    const last = before.length + at;
    t.equal('not before its byte', decode([whole.subarray(0, last)], vector).toString(), 'text A', violation, at);
    t.equal(
      'at once with its byte',
      decode([whole.subarray(0, last + 1)], vector).toString(),
      events.join('\n'),
      violation,
      at,
    );
  }
}

/**
 * The stream whole, byte by byte, and in two pieces wherever they part.
 *
 * @param {Checks} t
 * @param {Omit<Vector, 'events' | 'stream'>} vector
 * @param {Uint8Array} stream
 * @param {readonly string[]} events
 */
function everyCut(t, vector, stream, events) {
  const wanted = events.join('\n');
  for (const instance of [codec, pureCodec]) {
    t.equal('whole', decode([stream], vector, instance).toString(), wanted, vector.name);
  }
  // 64 KiB are not cut everywhere, but in the header.
  const [size, cuts] = stream.length < 1000 ? [1, 40] : [999, 12];
  const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
    stream.subarray(i * size, (i + 1) * size),
  );
  t.equal('in many pieces', decode(pieces, vector).toString(), wanted, vector.name);
  for (let cut = 0; cut <= Math.min(stream.length, cuts); cut++) {
    const pieces = [stream.subarray(0, cut), stream.subarray(cut)];
    t.equal('in two pieces', decode(pieces, vector).toString(), wanted, vector.name, cut);
  }
}

/**
 * @param {readonly Uint8Array[]} chunks
 * @param {Pick<Vector, 'role' | 'limits' | 'allowedRsv' | 'ends'>} vector
 */
function decode(chunks, { role = 'client', limits = {}, allowedRsv = 0, ends = false }, { MessageDecoder } = codec) {
  const events = new Events();
  const decoder = new MessageDecoder({ role, allowedRsv }, limits, events);
  for (const chunk of chunks) decoder.push(chunk);
  if (ends) decoder.end();
  return events;
}
