import { expect, test } from 'vitest';
import { closeFrame, flat, ping, readWritten, text, utf8 } from '../endpoint.suite.ts';
import { SlowExtension, turned } from '../machine/slow-extension.suite.ts';
import { type Bench, useBenches } from './test-transport.suite.ts';

const newBench = useBenches();

const encoded = (content: string) => ({ opcode: 1, rsv1: true, payload: turned(utf8(content)) });

function makeBench(): [Bench, SlowExtension] {
  const slow = new SlowExtension();
  const bench = newBench('server', { extensions: [slow] });
  bench.transport.fast = false;
  return [bench, slow];
}

const written = (bench: Bench): string[] => readWritten('server', flat(bench.transport.writes), 0x40);

test('while a message is decoded, what comes waits, the transport is paused, and all is delivered in order', async () => {
  const [bench, slow] = makeBench();
  bench.receive(encoded('one'));
  expect(bench.transport.paused).toBe(false);
  bench.receive(text('two'));
  bench.receive(ping('p'), encoded('three'));
  expect([bench.told, bench.transport.paused]).toEqual([[], true]);
  await slow.answer();
  bench.clock.turn();
  expect(bench.told).toEqual(['text "one"', 'text "two"', 'ping "p"']);
  await slow.answer();
  expect(bench.told.at(-1)).toBe('text "three"');
  expect([bench.transport.paused, bench.transport.misuse]).toEqual([false, []]);
});

test('the end of the stream comes after the message that is decoded', async () => {
  const [bench, slow] = makeBench();
  bench.receive(encoded('last'));
  bench.transport.deliverEnd();
  bench.clock.turn();
  expect([bench.told, bench.driver.state]).toEqual([[], 'open']);
  await slow.answer();
  bench.clock.turn();
  expect(bench.told).toEqual(['text "last"', expect.stringMatching(/^close 1006/)]);
});

test('after a pause, what was decoded meanwhile is delivered by resume', async () => {
  const [bench, slow] = makeBench();
  bench.receive(encoded('one'));
  bench.driver.pause();
  await slow.answer();
  bench.clock.turn();
  expect(bench.told).toEqual([]);
  bench.driver.resume();
  bench.clock.turn();
  expect(bench.told).toEqual(['text "one"']);
});

test('after terminate, also where the transport is lost, nothing of it is delivered', async () => {
  for (const lost of [false, true]) {
    const [bench, slow] = makeBench();
    bench.receive(encoded('late'));
    if (lost) bench.transport.lose(new Error('reset'));
    bench.driver.terminate();
    await slow.answer();
    bench.clock.turn();
    expect(bench.told).toEqual([expect.stringMatching(/^close 1006/)]);
    expect(slow.closed).toBe(1);
  }
});

test('after the loss of the transport what is decoded is delivered, with all behind it, and then the end', async () => {
  const [bench, slow] = makeBench();
  bench.receive(encoded('one'), text('two'), encoded('three'));
  bench.transport.lose(new Error('reset'));
  for (const answered of [
    ['text "one"', 'text "two"'],
    ['text "three"', 'close 1006 "": reset'],
  ]) {
    expect(slow.closed).toBe(0);
    const before = bench.told.length;
    await slow.answer();
    bench.clock.turn();
    expect(bench.told.slice(before)).toEqual(answered);
  }
  expect(slow.closed).toBe(1);
});

test('a message that cannot be decoded ends the connection with 1007', async () => {
  const [bench, slow] = makeBench();
  bench.receive({ opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) }, text('behind'));
  await slow.answer();
  bench.clock.turn();
  bench.transport.finishWrite();
  bench.transport.deliverEnd();
  bench.clock.turn();
  expect(bench.told).toEqual([expect.stringMatching(/^close 1006 "": .*extension-data-illegal/)]);
  expect(written(bench)).toEqual(['close 1007 ""']);
});

test('a listener that throws hears no more of what is decoded', async () => {
  const slow = new SlowExtension();
  const bench = newBench('server', {
    extensions: [slow],
    on: (line) => {
      if (line.startsWith('text')) throw new Error('bug');
    },
  });
  bench.receive(encoded('one'), encoded('two'));
  await slow.answer();
  await slow.answer();
  expect(bench.told).toEqual(['text "one"', 'thrown bug']);
  bench.clock.turn();
  expect(written(bench)).toEqual(['close 1011 ""']);
});

test('callbacks come when the bytes of their own message have been written', async () => {
  const [bench, slow] = makeBench();
  bench.send('one');
  bench.send('two', { compress: false });
  bench.driver.ping('p', bench.callback());
  bench.clock.turn();
  bench.transport.finishWrite();
  expect([bench.told, written(bench)]).toEqual([['sent 3'], ['ping "p"']]);
  await slow.answer();
  bench.clock.turn();
  expect(bench.told).toEqual(['sent 3']);
  bench.transport.finishWrite();
  expect(bench.told).toEqual(['sent 3', 'sent 1', 'sent 2']);
});

test('what is being encoded counts as buffered: send returns false, and the drain comes after it', async () => {
  const [bench, slow] = makeBench();
  expect(bench.send(new Uint8Array(65_000))).toBe(true);
  expect(bench.send(new Uint8Array(1000))).toBe(false);
  expect(bench.driver.bufferedAmount).toBe(66_004);
  bench.clock.turn();
  expect(bench.told).toEqual([]);
  await slow.answer();
  bench.clock.turn();
  bench.transport.finishWrite();
  expect(bench.told).toEqual(['sent 1']);
  await slow.answer();
  bench.clock.turn();
  bench.transport.finishWrite();
  expect([bench.told, bench.driver.bufferedAmount]).toEqual([['sent 1', 'sent 2', 'drain'], 0]);
});

test('our half ends after what is being encoded, and the Close behind it', async () => {
  const [bench, slow] = makeBench();
  bench.send('last');
  bench.receive(closeFrame(1000));
  bench.clock.turn();
  expect(bench.transport.calls).toEqual([]);
  await slow.answer();
  bench.clock.turn();
  bench.transport.finishWrite();
  expect(written(bench).at(-1)).toBe('close 1000 ""');
  expect(bench.transport.ended).toBe(true);
});

test('a peer that reads slowly what was encoded, and our Close behind it, has its time anew with each step', async () => {
  const [bench, slow] = makeBench();
  bench.send(new Uint8Array(150_000));
  bench.driver.close(4000);
  bench.clock.turn();
  expect(bench.transport.calls).toEqual([]);
  await slow.answer();
  for (let i = 0; i < 3; i++) {
    bench.clock.advance(9_999);
    bench.transport.finishWrite();
  }
  expect(bench.transport.calls).toEqual(['write 65536', 'write 65536', expect.stringMatching(/^write /)]);
  expect(written(bench).at(-1)).toBe('close 4000 ""');
  bench.clock.advance(9_999);
  expect(bench.transport.destroyed).toBe(false);
  bench.clock.advance(1);
  expect(bench.transport.destroyed).toBe(true);
});

test('the loss of the transport tells whoever waits for what is being encoded', async () => {
  const [bench, slow] = makeBench();
  bench.send('one');
  bench.send('two');
  bench.transport.lose(new Error('reset'));
  expect(bench.told).toEqual(['unsent 1: reset', 'unsent 2: reset', 'close 1006 "": reset']);
  await slow.answer();
  expect([bench.driver.bufferedAmount, slow.waiting.length, slow.closed]).toEqual([0, 0, 1]);
});
