/**
 * What every client must do, in whichever runtime: it talks to a server that behaves as `servers/behave.js` says. Plain
 * ECMAScript, since a Worker and a page run it.
 *
 * @typedef {import('@ws/connection').Socket} Socket
 * @typedef {(path: string, options?: Partial<import('@ws/connection').SocketOptions>) => Promise<Socket>} Open
 * @typedef {{ counts: Partial<Record<import('./table.js').Feature, number>>, failures: string[] }} Outcome
 */

const EXPECTED_FLOOD = 400;
const pattern = (/** @type {number} */ size) => Uint8Array.from({ length: size }, (_, i) => ((i % 251) * 7 + 3) & 255);

/** @param {Socket} socket @param {number} count */
async function hear(socket, count) {
  const heard = [];
  if (count > 0) for await (const { data } of socket) if (heard.push(data) === count) break;
  return heard;
}

/** @param {Open} open @returns {Promise<Outcome>} */
export async function runClientSuite(open) {
  /** @type {Outcome} */
  const outcome = { counts: {}, failures: [] };

  /**
   * @param {import('./table.js').Feature} feature
   * @param {string} name
   * @param {() => Promise<[found: unknown, expected: unknown]>} run
   */
  async function check(feature, name, run) {
    try {
      const [found, expected] = (await run()).map((value) => JSON.stringify(value));
      if (found === expected) outcome.counts[feature] = (outcome.counts[feature] ?? 0) + 1;
      else outcome.failures.push(`${feature}: ${name}: ${found?.slice(0, 100)}, expected ${expected?.slice(0, 100)}`);
    } catch (error) {
      outcome.failures.push(`${feature}: ${name}: ${error}`);
    }
  }

  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_048_576]) {
    await check('messages', `${size} bytes of binary and of text come back`, async () => {
      const socket = await open('/echo/x');
      const text = 'aé€😀'.repeat(size / 10) + 'z'.repeat(size % 10);
      const data = pattern(size);
      await socket.send(data);
      await socket.send(text);
      const [binary, string] = await hear(socket, 2);
      const same =
        binary instanceof Uint8Array && binary.length === size && binary.every((byte, i) => byte === data[i]);
      const { code } = await socket.close(1000);
      return [
        [same, string === text, data.every((byte, i) => byte === ((i % 251) * 7 + 3) % 256), code],
        [true, true, true, 1000],
      ];
    });
  }

  await check('messages', 'a thousand at once come back in their order', async () => {
    const socket = await open('/echo/x');
    const sent = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
    for (const message of sent) socket.send(message);
    const heard = await hear(socket, 1000);
    await socket.close(1000);
    return [heard, sent];
  });

  await check('fragments', 'with pings between are one message, and the pongs come in their order', async () => {
    /** @type {string[]} */
    const pongs = [];
    const socket = await open('/echo/x', { pong: (payload) => pongs.push(new TextDecoder().decode(payload)) });
    socket.send('grü', { fin: false });
    socket.ping('one');
    socket.send('', { fin: false });
    socket.ping('two');
    socket.send('ße', { fin: true });
    const heard = await hear(socket, 1);
    await socket.close();
    return [
      [heard, pongs],
      [['grüße'], ['one', 'two']],
    ];
  });

  await check('controls', 'pings of 0 and 125 bytes are answered', async () => {
    /** @type {number[]} */
    const pongs = [];
    const socket = await open('/echo/x', { pong: (payload) => pongs.push(payload.length) });
    socket.ping();
    socket.ping(pattern(125));
    await socket.close(1000);
    return [pongs, [0, 125]];
  });

  for (const code of [undefined, 1000, 4999]) {
    await check('closing', `${code ?? 'no code'}: we close, and what is on its way to a loop arrives`, async () => {
      const socket = await open('/echo/x');
      const heard = hear(socket, 2);
      socket.send('a');
      await socket.send('b');
      const both = await heard;
      const { code: told, reason, cause } = await socket.close(code, code === undefined ? '' : 'grüße');
      return [
        [both, told, reason, cause?.message],
        [['a', 'b'], code ?? 1005, '', undefined],
      ];
    });
  }

  await check('closing', 'the server closes: its code and reason are told, and sending is refused', async () => {
    const socket = await open('/close/x');
    const heard = [];
    for await (const { data } of socket) heard.push(data);
    const { code, reason } = await socket.closed;
    const refused = await socket.send('late').catch((error) => error.message);
    return [
      [heard, code, reason, refused],
      [[], 4000, 'grüße', 'the connection is closed: nothing can be sent'],
    ];
  });

  await check('closing', 'terminate: 1006 with its cause', async () => {
    const socket = await open('/echo/x');
    socket.terminate(new Error('enough'));
    const { code, cause } = await socket.closed;
    return [
      [code, cause?.message],
      [1006, 'enough'],
    ];
  });

  await check('limits', 'a message over the limit is a violation', async () => {
    const socket = await open('/echo/x', { limits: { maxMessagePayload: 100 } });
    socket.send(pattern(100));
    const [fits] = await hear(socket, 1);
    socket.send(pattern(101));
    const { code, cause } = await socket.closed;
    const violation = cause && 'violation' in cause ? cause.violation : undefined;
    return [
      [fits?.length, code, violation],
      [100, 1006, 'frame-too-big'],
    ];
  });

  await check('backpressure', 'what nobody reads waits at the server, and all of it arrives', async () => {
    const socket = await open('/flood/x');
    let count = 0;
    let wrong = 0;
    for await (const { data } of socket) {
      if (data.length !== 65_536 || data[7] !== (count & 255)) wrong++;
      count++;
    }
    return [
      [count, wrong, (await socket.closed).code],
      [EXPECTED_FLOOD, 0, 1000],
    ];
  });

  await check('backpressure', 'send waits for a server that is busy', async () => {
    const socket = await open('/echo/x');
    const size = 65_536;
    let most = 0;
    const heard = hear(socket, 100);
    for (let i = 0; i < 100; i++) {
      await socket.send(pattern(size));
      most = Math.max(most, socket.bufferedAmount);
    }
    const lengths = (await heard).map(({ length }) => length);
    await socket.close(1000);
    return [
      [lengths.every((length) => length === size), most < 4 * size],
      [true, true],
    ];
  });

  return outcome;
}
