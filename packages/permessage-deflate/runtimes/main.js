/** The suite, in whichever runtime runs this: prints its outcome as a line of JSON. */
import { nodeZlib } from '../dist/node.js';
import { pureZlib } from '../dist/pure.js';

let checks = 0;
/** @type {string[]} */
const failures = [];

/** @param {string} what @param {unknown} found @param {unknown} expected */
function check(what, found, expected) {
  checks++;
  if (String(found) !== String(expected)) failures.push(`${what}: ${String(found).slice(0, 80)}`);
}

/** @param {string} hex @returns {Uint8Array<ArrayBuffer>} */
const unhex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
/** @param {unknown} bytes */
const show = (bytes) => (bytes instanceof Uint8Array ? Array.from(bytes).join() : bytes);
/** @param {number} length @returns {Uint8Array<ArrayBuffer>} */
const payloadOf = (length) => Uint8Array.from({ length }, (_, i) => ((i * i) % 97) + (i % 7 === 0 ? (i >> 8) & 31 : 0));

const giveWay = () => new Promise((/** @type {(value: void) => void} */ resolve) => setTimeout(resolve, 0));
const backends = {
  inside: nodeZlib({ inside: true }),
  public: nodeZlib({ inside: false }),
  turns: nodeZlib({ giveWay }),
  pure: pureZlib(),
};

for (const [name, zlib] of Object.entries(backends)) {
  for (const takeover of [false, true]) {
    for (const windowBits of [8, 9, 12, 15]) {
      const deflater = zlib.deflater({ takeover, windowBits, level: 6, memLevel: 8 });
      const inflater = zlib.inflater({ takeover, windowBits });
      for (const length of [1, 5, 1000, 2048, 2049, 5000, 40_000, 300_000, 3]) {
        const payload = payloadOf(length);
        const message = Uint8Array.from(await deflater.deflate(payload));
        const where = `${name}, takeover ${takeover}, ${windowBits} bits, ${length} bytes`;
        check(where, show(await inflater.inflate(message, length)), show(payload));
      }
      deflater.close();
      inflater.close();
    }
    const fresh = () => zlib.inflater({ takeover, windowBits: 15 });
    const final = ['f348cdc9c90700', 'f348cdc9c9070000', 'f348cdc9c9070001'];
    for (const hex of ['f248cdc9c90700', 'f24805000000ffffcac9c90700', '000500faff48656c6c6f00', ...final]) {
      const inflater = fresh();
      for (const time of ['once', 'again']) {
        check(`${name}: ${hex} ${time}`, show(await inflater.inflate(unhex(hex), 5)), '72,101,108,108,111');
      }
      inflater.close();
      check(`${name}: ${hex}, limited`, await fresh().inflate(unhex(hex), 4), 'message-too-big');
      for (let cut = 2; cut < hex.length - 2; cut += 2) {
        const found = await fresh().inflate(unhex(hex.slice(0, cut)), 5);
        // Behind a first block that is whole, a cut is a message, too.
        if (!hex.slice(0, cut).endsWith('00')) check(`${name}: ${hex} cut at ${cut}`, found, 'extension-data-illegal');
      }
    }
    for (const bad of [unhex('ff'), unhex('07'), unhex('f200110000'), new Uint8Array(50_000).fill(0xff)]) {
      check(`${name}: ${show(bad.subarray(0, 5))}`, await fresh().inflate(bad, 100), 'extension-data-illegal');
    }
    const bomb = await zlib
      .deflater({ takeover: false, windowBits: 15, level: 9, memLevel: 8 })
      .deflate(new Uint8Array(5_000_000));
    check(`${name}: a bomb`, await fresh().inflate(Uint8Array.from(bomb), 100_000), 'message-too-big');
  }
}

// What stands inside of zlib streams was found to work, so a small message does not wait.
const small = nodeZlib().deflater({ takeover: false, windowBits: 15, level: 6, memLevel: 8 }).deflate(payloadOf(10));
check('at once', small instanceof Uint8Array, true);

const { Bun, Deno } = /** @type {{ Bun?: { version: string }, Deno?: { version: { deno: string } } }} */ (globalThis);
const runtime = Bun?.version ?? Deno?.version.deno ?? process.versions.node;
console.log(JSON.stringify({ checks, failures, runtime }));
