import {
  decodeNaively,
  type NaiveResult,
  Random,
  type RandomStream,
  Recorder,
  randomStream,
  transcript,
  VIOLATIONS,
} from '@ws/testkit';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { Counts, type Outcome, throughDecoder, withoutStacks, withShortestLength } from './differential.suite.ts';

/*
 * The decoder beside the Receiver of `ws`, on streams out of a seed. WS_DIFF_SEED=123 replays a run and
 * WS_DIFF_STREAMS sets its size. What may differ is predicted from the bytes; anything else fails.
 */
const SEED = Number(process.env['WS_DIFF_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const STREAMS = Number(process.env['WS_DIFF_STREAMS'] ?? 100_000);

/** The part of ws's Receiver that is used here; its types leave the class out. */
interface Receiver {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
  on(event: 'error', listener: () => void): this;
  write(chunk: Buffer): boolean;
  readonly errored: Error | null;
}
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Receiver;
};

const same = (a: Outcome, b: Outcome): boolean => a.failure === b.failure && a.lines.join() === b.lines.join();

/** ws, fed chunk by chunk. With synchronous events it has dealt with a chunk when write() returns, errors included. */
function throughReceiver({ role, maxMessagePayload, chunks }: RandomStream): Outcome {
  const recorder = new Recorder();
  let concluded = false;
  const receiver = new Receiver({ isServer: role === 'server', maxPayload: maxMessagePayload })
    .on('message', (data, isBinary) => recorder.message(data, isBinary ? 2 : 1, 0))
    .on('ping', (data) => recorder.ping(data))
    .on('pong', (data) => recorder.pong(data))
    .on('conclude', (code, reason) => {
      concluded = true;
      recorder.close(code === 1005 ? undefined : code, reason.toString());
    })
    .on('error', () => {});
  for (const chunk of chunks) {
    // A copy: ws unmasks in the chunk itself.
    receiver.write(Buffer.from(chunk));
    if (concluded || receiver.errored !== null) break;
  }
  return { lines: transcript(recorder.events), failure: statusCode(receiver.errored) };
}

/** ws keeps the close code of an error under a symbol of its own. */
function statusCode(error: Error | null): number | undefined {
  if (error === null) return undefined;
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
  return (error as unknown as Record<symbol, number>)[symbol!];
}

/** The differences that are allowed, each with its reason. */
const DIFFERENCES = {
  F1: 'ws takes lengths that are not in their shortest form',
  F2: 'ws answers a 64-bit length with its top bit set with 1009',
  F11: 'ws judges text when its message is whole: what comes in between is delivered, or fails first',
  whole: 'ws judges byte 0 together with byte 1, and a Close when its payload is whole: a stream may end before',
} as const;

type Difference = keyof typeof DIFFERENCES;

/** What ws makes of the bytes, as the naive codec reads them with ws's deviations; and which ones it met. */
function predictReceiver(stream: RandomStream, asItIs: NaiveResult): Outcome & { differences: Set<Difference> } {
  const rules = { role: stream.role, maxMessagePayload: stream.maxMessagePayload };
  const differences = new Set<Difference>();
  let bytes: Uint8Array = stream.bytes;
  /** The number of the first message, of all that are delivered, whose text is not valid. */
  let badText: number | undefined;

  for (let read = asItIs; ; read = decodeNaively(bytes, rules)) {
    const verdict = (failure: number | undefined, events = read.events): Outcome & { differences: Set<Difference> } => {
      const until = badText === undefined ? -1 : indexOfMessage(read, badText);
      if (until === -1) return { lines: transcript(events), failure, differences };
      return { lines: transcript(events.slice(0, until)), failure: 1007, differences };
    };
    if (read.violation === undefined) return verdict(undefined);
    const { violation, closeCode, offset } = read.violation;
    switch (violation) {
      case 'length-not-minimal':
        differences.add('F1');
        bytes = withShortestLength(bytes, read);
        break;
      case 'length-top-bit':
        differences.add('F2');
        return verdict(1009);
      case 'text-not-utf8':
        differences.add('F11');
        // Read on as if it were binary, which no rule on payloads holds for, and judge when it is whole.
        badText ??= read.events.filter(({ type }) => type === 'message').length;
        bytes = bytes.slice();
        bytes[read.messageStart!]! += 1;
        break;
      case 'close-code-illegal':
      case 'close-reason-not-utf8':
        if (read.frameStart + frameLength(bytes, read.frameStart) <= bytes.length) return verdict(closeCode);
        differences.add('whole');
        return verdict(undefined);
      default:
        if (offset > read.frameStart || offset + 1 < bytes.length) return verdict(closeCode);
        differences.add('whole');
        return verdict(undefined);
    }
  }
}

/** The index of the event that is message number `number`, counted from 0; -1 if it was not delivered. */
function indexOfMessage({ events }: NaiveResult, number: number): number {
  return events.findIndex((event) => event.type === 'message' && number-- === 0);
}

/** A control frame's length, which is short. */
function frameLength(bytes: Uint8Array, at: number): number {
  return 2 + (bytes[at + 1]! >= 0x80 ? 4 : 0) + (bytes[at + 1]! & 0x7f);
}

withoutStacks();

test(`${STREAMS} streams (WS_DIFF_SEED=${SEED}): no difference from ws's Receiver that the bytes do not predict`, async () => {
  const random = new Random(SEED);
  const counts = new Counts();
  for (let i = 0; i < STREAMS; i++) {
    const stream = randomStream(random);
    const naive = decodeNaively(stream.bytes, { role: stream.role, maxMessagePayload: stream.maxMessagePayload });
    const ours = throughDecoder(stream);
    const theirs = throughReceiver(stream);
    const predicted = predictReceiver(stream, naive);
    const outcome = { lines: transcript(ours.events), failure: ours.violations[0]?.closeCode };

    counts.add('streams');
    if (naive.frames >= 3 && stream.chunks.length > 1) counts.add('streams cut at random, three or more frames read');
    counts.add('frames read', naive.frames);
    counts.add('messages, pings, pongs and closes', naive.events.length);
    counts.add(`ends: ${naive.violation?.violation ?? 'legal'}`);
    if (!same(outcome, theirs)) {
      counts.add('differences');
      for (const difference of predicted.differences)
        counts.add(`difference ${difference}: ${DIFFERENCES[difference]}`);
    }

    if (!same(theirs, predicted) || ours.transcript().join() !== transcript(naive.events, naive.violation).join()) {
      const where = `stream ${i} of WS_DIFF_SEED=${SEED}, ${stream.role}: ${Buffer.from(stream.bytes).toString('hex')}`;
      expect(ours.transcript(), `the decoder, ${where}`).toEqual(transcript(naive.events, naive.violation));
      expect(theirs, `ws, ${where}`).toEqual({ lines: predicted.lines, failure: predicted.failure });
    }
    // Streams end and fail in a later tick: let them, before they pile up.
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  console.log(`WS_DIFF_SEED=${SEED}\n${counts}`);
  // A shorter run, to look into something, promises no shares.
  if (STREAMS < 100_000) return;
  expect(counts.get('streams cut at random, three or more frames read')).toBeGreaterThanOrEqual(STREAMS / 2);
  for (const violation of Object.keys(VIOLATIONS).filter((name) => !name.startsWith('end-'))) {
    expect.soft(counts.get(`ends: ${violation}`), violation).toBeGreaterThanOrEqual(STREAMS / 100);
  }
  for (const [difference, reason] of Object.entries(DIFFERENCES)) {
    expect.soft(counts.get(`difference ${difference}: ${reason}`), difference).toBeGreaterThan(0);
  }
}, 300_000);
