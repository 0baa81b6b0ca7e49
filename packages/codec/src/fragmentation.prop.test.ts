import { maskingKeyFor, messageFrames, Recorder, rawFrame, rawFrames } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageDecoder } from './index.ts';

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
