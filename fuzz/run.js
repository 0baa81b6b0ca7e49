/**
 * The fuzzer. What was kept of earlier runs comes first; then streams out of a seed, until the time is over or there
 * are enough frames.
 *
 * Usage: npm run fuzz -- [--minutes 1] [--frames N] [--seed N]
 *        npm run fuzz -- --seed N --only I      one stream of a run again
 *        npm run fuzz -- --replay fuzz/corpus/NAME.txt
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { CORPUS, format, readCorpus, readEntry, writeEntry } from './corpus.js';
import { fuzz, replay, smallestAlike } from './fuzz.js';
import { makeInput } from './input.js';
import { judge } from './judge.js';

// A stack for each of a million violations would be a third of the time.
Error.stackTraceLimit = 0;

const string = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({
  options: { minutes: string, frames: string, seed: string, only: string, replay: string },
});

/** @param {'minutes' | 'frames' | 'seed' | 'only'} name */
function numberOf(name) {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(`--${name} takes a number that is not negative, but it was "${values[name]}"`);
}

const seed = numberOf('seed') ?? Math.floor(Math.random() * 2 ** 32);
const only = numberOf('only');

if (values.replay !== undefined) {
  const problem = replay(readEntry(pathToFileURL(resolve(values.replay))));
  finish(problem === undefined ? `${values.replay} is fine` : problem, problem === undefined);
} else if (only !== undefined) {
  const input = makeInput(seed, only);
  const { problem } = judge(input);
  console.log(format(`seed ${seed}, stream ${only}`, input));
  finish(problem ?? 'it is fine', problem === undefined);
} else if (isMainThread) {
  watch();
} else {
  run(workerData);
}

/**
 * Runs in a thread, and looks at it: a decoder that goes round in circles without calling back is stopped by nothing
 * else. A stream takes a millisecond, and a minimised one half a minute; five minutes will not end.
 */
function watch() {
  const begun = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), {
    argv: ['--seed', String(seed), ...process.argv.slice(2)],
    workerData: begun,
  });
  let last = -1;
  const watchdog = setInterval(() => {
    const index = Atomics.load(begun, 0);
    if (index === last) {
      console.error(`stream ${index} does not end; as it was: npm run fuzz -- --seed ${seed} --only ${index}`);
      process.exit(1);
    }
    last = index;
  }, 300_000);
  worker.on('error', (error) => finish(`the fuzzer itself: ${error.stack}`, false));
  worker.on('exit', (code) => {
    clearInterval(watchdog);
    process.exitCode ||= code;
  });
}

/** @param {Int32Array} begun where the number of the stream goes that is being judged */
function run(begun) {
  const entries = readCorpus();
  const problems = entries.map((entry) => replay(entry)).filter((problem) => problem !== undefined);
  for (const problem of problems) console.error(problem);
  console.log(`corpus: ${entries.length} inputs, ${problems.length} of them fail`);

  const frames = numberOf('frames');
  const minutes = numberOf('minutes') ?? (frames === undefined ? 1 : Number.POSITIVE_INFINITY);
  console.log(`seed ${seed}`);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const { tally, failure } = fuzz({
    seed,
    frames,
    goesOn: () => seconds() < minutes * 60,
    begins: (index) => Atomics.store(begun, 0, index),
  });
  if (failure !== undefined) {
    const { index, input, problem } = failure;
    const path = writeEntry(`disagreement-${seed}-${index}`, `seed ${seed}, stream ${index}, minimised`, input);
    console.error(`${problem}\nminimised: ${path}\nreplay: npm run fuzz -- --replay ${path}`);
    console.error(`as it was: npm run fuzz -- --seed ${seed} --only ${index}`);
  } else {
    collect(tally.shortest);
  }
  const failed = problems.length > 0 || failure !== undefined;
  finish(`${tally}, ${Math.round(seconds())} seconds, seed ${seed}`, !failed);
}

/**
 * Keeps an input for each violation and role of which the corpus has none.
 *
 * @param {import('./fuzz.js').Tally['shortest']} shortest
 */
function collect(shortest) {
  for (const [kind, { index }] of shortest) {
    if (kind.startsWith('legal') || existsSync(new URL(`${kind}.txt`, CORPUS))) continue;
    const path = writeEntry(kind, `seed ${seed}, stream ${index}, minimised`, smallestAlike(makeInput(seed, index)));
    console.log(`kept: ${path}`);
  }
}

/**
 * @param {string} words
 * @param {boolean} ok
 */
function finish(words, ok) {
  console.log(words);
  process.exitCode = ok ? 0 : 1;
}
