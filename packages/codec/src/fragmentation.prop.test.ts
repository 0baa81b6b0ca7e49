import {
  type Cuts,
  concat,
  cuts,
  eventLine,
  maskingKeyFor,
  messageFrames,
  payload,
  pushAll,
  Recorder,
  rawFrame,
  rawFrames,
  rsvBits,
  rules,
  split,
  utf8,
  whyIllegal,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, MessageDecoder } from './index.ts';
import { dirtyPlatforms, recorders } from './noise.suite.ts';

/*
 * RFC 6455 section 5.4 as an automaton. A frame is written as one letter: t(ext), b(inary), c(ontinuation), p(ing),
 * o (pong), x (Close); capitals have FIN = 1. States: `idle`, `text` and `binary` (inside such a message), `closed`.
 */
type State = 'idle' | 'text' | 'binary' | 'closed';

const NEXT: Record<Exclude<State, 'closed'>, Record<string, State>> = {
  idle: { T: 'idle', B: 'idle', t: 'text', b: 'binary', P: 'idle', O: 'idle', X: 'closed' },
  text: { C: 'idle', c: 'text', P: 'text', O: 'text', X: 'closed' },
  binary: { C: 'idle', c: 'binary', P: 'binary', O: 'binary', X: 'closed' },
};

/** Why a letter has no way on: by the letter alone, except that data frames are judged by the state. */
const WHY: Record<string, string> = {
  p: 'fragmented-control',
  o: 'fragmented-control',
  x: 'fragmented-control',
  t: 'data-inside-message',
  b: 'data-inside-message',
  T: 'data-inside-message',
  B: 'data-inside-message',
  c: 'orphan-continuation',
  C: 'orphan-continuation',
};

const OPCODES: Record<string, number> = { c: 0, t: 1, b: 2, x: 8, p: 9, o: 10 };
const LETTERS = [...'cCtTbBpPoOxX'];

/** What the automaton says of a word. Frame i carries the one digit i, but a Close carries nothing. */
function run(word: string): string[] {
  const lines: string[] = [];
  let state: State = 'idle';
  let kind = 0;
  let message = '';
  let offset = 0;
  [...word].every((letter, i) => {
    if (state === 'closed') return false;
    const next = NEXT[state][letter];
    if (next === undefined) {
      lines.push(`violation ${WHY[letter]} 1002 at ${offset}`);
      return false;
    }
    offset += letter === 'X' ? 2 : 3;
    if ('tTbB'.includes(letter)) {
      kind = OPCODES[letter.toLowerCase()]!;
      message = '';
    }
    if ('tTbBcC'.includes(letter)) message += `3${i}`;
    if ('TBC'.includes(letter)) lines.push(`message opcode=${kind} rsv=0 ${message.length / 2}:${message}`);
    if (letter === 'P') lines.push(`ping 1:3${i}`);
    if (letter === 'O') lines.push(`pong 1:3${i}`);
    if (letter === 'X') lines.push('close without code ""');
    state = next;
    return true;
  });
  return lines;
}

const FRAMES = LETTERS.map((letter) =>
  Array.from({ length: 8 }, (_, i) =>
    rawFrame({
      opcode: OPCODES[letter.toLowerCase()]!,
      fin: letter < 'a',
      payload: letter.toLowerCase() === 'x' ? new Uint8Array(0) : Uint8Array.of(0x30 + i),
    }),
  ),
);

function decode(word: number[]): string[] {
  const recorder = new Recorder();
  const decoder = new MessageDecoder({ role: 'client' }, {}, recorder);
  word.forEach((letter, i) => {
    decoder.push(FRAMES[letter]![i]!);
  });
  return recorder.transcript();
}

test('F7: all words of up to four frames, and what the automaton says of them', () => {
  for (let length = 1; length <= 4; length++) {
    for (let n = 0; n < 12 ** length; n++) {
      const word = Array.from({ length }, (_, i) => Math.floor(n / 12 ** i) % 12);
      const letters = word.map((letter) => LETTERS[letter]).join('');
      const found = decode(word);
      const wanted = run(letters);
      if (found.join() !== wanted.join()) expect(found, letters).toEqual(wanted);
    }
  }
});

test('longer words', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 7, 9, 11, 6), { minLength: 5, maxLength: 8 }),
      (word) => {
        expect(decode(word)).toEqual(run(word.map((letter) => LETTERS[letter]).join('')));
      },
    ),
    { numRuns: 3000 },
  );
});

test('F8: a message is the same with a ping and a pong before and behind each of its frames', () => {
  fc.assert(
    fc.property(
      messageFrames({ role: 'server' }, { maxPayload: 300 }),
      fc.tuple(maskingKeyFor('server'), maskingKeyFor('server')),
      (frames, [a, b]) => {
        const data = frames.filter(({ opcode }) => opcode < 8);
        const controls = [
          { opcode: 9, maskingKey: a, payload: Uint8Array.of(1, 2) },
          { opcode: 10, maskingKey: b },
        ];
        const plain = new Recorder();
        new MessageDecoder({ role: 'server' }, {}, plain).push(rawFrames(data));
        const mixed = new Recorder();
        const stream = rawFrames([...controls, ...data.flatMap((frame) => [frame, ...controls])]);
        new MessageDecoder({ role: 'server' }, {}, mixed).push(stream);
        const lines = mixed.transcript();
        expect(lines.filter((line) => line.startsWith('message'))).toEqual(plain.transcript());
        expect(lines.filter((line) => line === 'ping 2:0102')).toHaveLength(data.length + 1);
        expect(lines.filter((line) => line === 'pong 0:')).toHaveLength(data.length + 1);
      },
    ),
    { numRuns: 500 },
  );
});

/** A message, where a sender cuts it, and what it puts between the fragments. */
interface Sent {
  readonly opcode: 1 | 2;
  readonly rsv: number;
  readonly payload: Uint8Array;
  readonly fragments: Cuts;
  readonly controls: readonly { readonly opcode: number; readonly payload: Uint8Array }[];
}

const sent = (allowedRsv: number): fc.Arbitrary<Sent> =>
  fc.constantFrom<[1 | 2, number]>([1, 0], [2, 0], [1, allowedRsv], [2, allowedRsv]).chain(([opcode, rsv]) =>
    fc.record({
      opcode: fc.constant(opcode),
      rsv: fc.constant(rsv),
      // An extension makes of text what it likes.
      payload: opcode === 1 && rsv === 0 ? utf8() : payload(),
      fragments: cuts(),
      controls: fc.array(fc.record({ opcode: fc.constantFrom(9, 10), payload: payload(125) }), { maxLength: 6 }),
    }),
  );

test('to fragment and then to assemble changes nothing, whatever the fragments, empty ones too, the masks, the controls between and the chunks', () => {
  const seen = { fragments: 0, empty: 0, controls: 0 };
  fc.assert(
    fc.property(
      withRules(rules(), ({ role, allowedRsv }) =>
        fc.tuple(
          fc.array(sent(allowedRsv), { minLength: 1, maxLength: 3 }),
          fc.array(maskingKeyFor(role), { minLength: 5, maxLength: 5 }),
        ),
      ),
      cuts(),
      dirtyPlatforms(),
      recorders(),
      ([rules, [messages, keys]], chunks, platform, newRecorder) => {
        const frames: Uint8Array[] = [];
        const wanted: string[] = [];
        const encode = (frame: Parameters<typeof encodeFrame>[0]) =>
          frames.push(encodeFrame(frame, keys[frames.length % 5]));
        for (const { opcode, rsv, payload, fragments, controls } of messages) {
          // Byte by byte is for the short ones, in which all that can happen does.
          const parts = split(payload, fragments === 'every byte' && payload.length > 2000 ? [1, 1, 1500] : fragments);
          parts.forEach((payload, i) => {
            const fin = i === parts.length - 1;
            encode({ ...(i === 0 ? { opcode, ...rsvBits(rsv) } : { opcode: 0 }), fin, payload });
            const control = controls[i];
            seen.fragments++;
            if (payload.length === 0) seen.empty++;
            if (fin || control === undefined) return;
            seen.controls++;
            encode(control);
            wanted.push(eventLine({ type: control.opcode === 9 ? 'ping' : 'pong', payload: control.payload }));
          });
          wanted.push(eventLine({ type: 'message', opcode, rsv, payload }));
        }
        const stream = concat(frames);
        const sender = rules.role === 'client' ? 'server' : 'client';
        if (rules.role !== 'observer') expect(whyIllegal(stream, sender, rules)).toBeUndefined();
        const recorder = newRecorder();
        const decoder = new MessageDecoder(rules, {}, recorder, platform);
        // Chunks that are given away must be new ones.
        if (platform.givesChunks) for (const chunk of split(stream, chunks)) decoder.push(chunk.slice());
        else pushAll(decoder, split(stream, chunks));
        decoder.end();
        expect(recorder.transcript()).toEqual(wanted);
      },
    ),
    { numRuns: 500 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(500);
});
