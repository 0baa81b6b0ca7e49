import { createRequire } from 'node:module';
import {
  decodeNaively,
  type PlainRules,
  Random,
  type RandomStream,
  type RawFrame,
  Recorder,
  randomStream,
  rawFrames,
  type StreamEvent,
  transcript,
  VIOLATIONS,
} from '@ws/testkit';
import { expect, test } from 'vitest';
import { Counts, type Outcome, throughDecoder, withoutStacks, withShortestLength } from './differential.suite.ts';

/*
 * The decoder beside the parser of undici, Node's own client, on streams that a server sends, out of a seed.
 * WS_DIFF_SEED=123 replays a run. What may differ is predicted from the bytes; anything else fails.
 */
const SEED = Number(process.env['WS_DIFF_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const STREAMS = 20_000;

/** A limit that only long lengths reach: see the last test for what undici makes of short ones. */
const RULES: PlainRules = { role: 'client', maxMessagePayload: 100_000 };

/** The parts of undici's parser that are used here. It is not exported, but neither is it hidden. */
interface ByteParser {
  write(chunk: Uint8Array): boolean;
  readonly closingInfo: { readonly code: number | undefined; readonly reason: string } | undefined;
}
const { ByteParser } = createRequire(import.meta.url)('undici/lib/web/websocket/receiver.js') as {
  ByteParser: new (handler: Handler, extensions: null, options: { maxPayloadSize: number }) => ByteParser;
};

/** A WebSocket as undici's parser sees it: open, and with a socket whose frames nobody gets. */
class Handler {
  readonly recorder = new Recorder();
  readyState = 1;
  readonly closeState = new Set<number>();
  failure: number | undefined;
  private lastWritten = new Uint8Array(0);

  readonly socket = {
    writableNeedDrain: false,
    destroyed: true,
    write: (frame: Uint8Array<ArrayBuffer>): void => {
      this.lastWritten = frame;
    },
  };
  /** Aborted after the Close that says why was written. */
  readonly controller = {
    abort: (): void => {
      const [close] = decodeNaively(this.lastWritten, { role: 'server' }).events;
      this.failure = close?.type === 'close' ? close.code : Number.NaN;
    },
  };
  readonly onMessage = (opcode: number, payload: Uint8Array): void => this.recorder.message(payload, opcode, 0);
  readonly onPing = (payload: Uint8Array): void => this.recorder.ping(payload);
  readonly onPong = (payload: Uint8Array): void => this.recorder.pong(payload);
}

function throughUndici({ maxMessagePayload, chunks }: RandomStream): Outcome {
  const handler = new Handler();
  const parser = new ByteParser(handler, null, { maxPayloadSize: maxMessagePayload });
  for (const chunk of chunks) {
    parser.write(chunk);
    if (handler.readyState !== 1) break;
  }
  const { failure, recorder } = handler;
  if (failure === undefined && parser.closingInfo !== undefined) {
    recorder.close(parser.closingInfo.code, parser.closingInfo.reason);
  }
  return { lines: transcript(recorder.events), failure };
}

/** The differences that are allowed, each with its reason. */
const DIFFERENCES = {
  length: 'undici takes lengths that are not in their shortest form',
  'top bit': 'undici answers a 64-bit length with its top bit set with 1009',
  text: "undici's parser leaves text to its WebSocket, which judges it when the message is whole",
  BOM: 'undici drops a byte order mark from the reason of a Close, and then another one',
  whole: 'undici judges byte 0 together with byte 1, and a Close when its payload is whole: a stream may end before',
} as const;

type Difference = keyof typeof DIFFERENCES;

/** What undici makes of the bytes, as the naive codec reads them with undici's deviations; and which ones it met. */
function predictUndici({ bytes, role, maxMessagePayload }: RandomStream): Outcome & { differences: Set<Difference> } {
  const differences = new Set<Difference>();
  const unjudged = new Set<number>();
  let stream: Uint8Array = bytes;
  for (;;) {
    const read = decodeNaively(stream, { role, maxMessagePayload });
    const outcome = (failure: number | undefined): Outcome & { differences: Set<Difference> } => {
      const lines = transcript(asDelivered(read.events, unjudged));
      if (lines.join() !== transcript(asDelivered(read.events, unjudged, false)).join()) differences.add('BOM');
      return { lines, failure, differences };
    };
    if (read.violation === undefined) return outcome(undefined);
    const { violation, closeCode, offset } = read.violation;
    switch (violation) {
      case 'length-not-minimal':
        differences.add('length');
        stream = withShortestLength(stream, read);
        break;
      case 'length-top-bit':
        differences.add('top bit');
        return outcome(1009);
      case 'text-not-utf8':
        differences.add('text');
        // Read on as if it were binary, which no rule on payloads holds for.
        unjudged.add(read.events.filter(({ type }) => type === 'message').length);
        stream = stream.slice();
        stream[read.messageStart!]! += 1;
        break;
      default: {
        const isClose = violation.startsWith('close-');
        const length = isClose ? 2 + stream[read.frameStart + 1]! : offset > read.frameStart ? 0 : 2;
        if (read.frameStart + length <= stream.length) return outcome(closeCode);
        differences.add('whole');
        return outcome(undefined);
      }
    }
  }
}

/** Text that was read as binary is text again, and a reason has lost its byte order marks. */
function asDelivered(events: readonly StreamEvent[], unjudged: Set<number>, dropMarks = true): StreamEvent[] {
  let messages = 0;
  return events.map((event) => {
    if (event.type === 'message' && unjudged.has(messages++)) return { ...event, opcode: 1 };
    if (event.type !== 'close' || !dropMarks) return event;
    return { ...event, reason: event.reason.replace(/^\ufeff{1,2}/, '') };
  });
}

withoutStacks();

test(`${STREAMS} streams (WS_DIFF_SEED=${SEED}): no difference from undici's parser that the bytes do not predict`, async () => {
  const random = new Random(SEED);
  const counts = new Counts();
  for (let i = 0; i < STREAMS; i++) {
    const stream = randomStream(random, RULES);
    const where = `stream ${i} of WS_DIFF_SEED=${SEED}: ${Buffer.from(stream.bytes).toString('hex')}`;
    const naive = decodeNaively(stream.bytes, RULES);
    const ours = throughDecoder(stream).transcript();
    const expected = transcript(naive.events, naive.violation);
    if (ours.join() !== expected.join()) expect(ours, `the decoder, ${where}`).toEqual(expected);

    const { lines, failure, differences } = predictUndici(stream);
    const theirs = throughUndici(stream);
    if (theirs.failure !== failure || theirs.lines.join() !== lines.join()) {
      expect(theirs, `undici, ${where}`).toEqual({ lines, failure });
    }
    counts.add('streams');
    counts.add('frames read', naive.frames);
    counts.add('messages, pings, pongs and closes', naive.events.length);
    counts.add(`ends: ${naive.violation?.violation ?? 'legal'}`);
    if (theirs.failure !== naive.violation?.closeCode || theirs.lines.join() !== transcript(naive.events).join()) {
      counts.add('differences');
      for (const difference of differences) counts.add(`difference ${difference}: ${DIFFERENCES[difference]}`);
    }
    // Streams end in a later tick: let them, before they pile up.
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(`WS_DIFF_SEED=${SEED}\n${counts}`);
  for (const violation of Object.keys(VIOLATIONS)) {
    // A server's frames need no mask, and the stream goes on.
    if (violation === 'mask-missing' || violation.startsWith('end-')) continue;
    expect.soft(counts.get(`ends: ${violation}`), violation).toBeGreaterThanOrEqual(STREAMS / 100);
  }
  for (const [difference, reason] of Object.entries(DIFFERENCES)) {
    expect.soft(counts.get(`difference ${difference}: ${reason}`), difference).toBeGreaterThan(0);
  }
}, 120_000);

test('a difference that is left out there: undici judges a 7-bit length by the opcode of the frame before it', () => {
  const through = (frames: readonly RawFrame[]) => {
    const bytes = rawFrames(frames);
    const stream = { role: 'client', maxMessagePayload: 200, bytes, frames: frames.length, chunks: [bytes] } as const;
    return { ours: throughDecoder(stream).transcript().at(-1), theirs: throughUndici(stream).failure };
  };
  const start = { fin: false, opcode: 2, payload: new Uint8Array(150) };
  const ping = { opcode: 9, payload: new Uint8Array(60) };
  const tooMuch = { opcode: 0, payload: new Uint8Array(60) };
  expect(through([start, ping])).toEqual({ ours: `ping 60:${'00'.repeat(60)}`, theirs: 1009 });
  expect(through([start, { opcode: 9 }, tooMuch])).toEqual({
    ours: 'violation message-too-big 1009 at 157',
    theirs: undefined,
  });
  expect(through([start, tooMuch])).toEqual({ ours: 'violation message-too-big 1009 at 155', theirs: 1009 });
});
