import { expect, test } from 'vitest';
import { closeFrame, flat, ping, readWritten, text, utf8 } from '../endpoint.suite.ts';
import { SlowExtension, turned } from '../machine/slow-extension.suite.ts';
import { Bench } from './test-transport.suite.ts';

const encoded = (content: string) => ({ opcode: 1, rsv1: true, payload: turned(utf8(content)) });

function bench(): [Bench, SlowExtension] {
  const slow = new SlowExtension();
  const it = new Bench('server', { extensions: [slow] });
  it.transport.fast = false;
  return [it, slow];
}

const written = (it: Bench): string[] => readWritten('server', flat(it.transport.writes), 0x40);

test('while a message is decoded, what comes waits, the transport is paused, and all is delivered in order', async () => {
  const [it, slow] = bench();
  it.receive(encoded('one'));
  expect(it.transport.paused).toBe(false);
  it.receive(text('two'));
  it.receive(ping('p'), encoded('three'));
  expect([it.told, it.transport.paused]).toEqual([[], true]);
  await slow.answer();
  it.clock.turn();
  expect(it.told).toEqual(['text "one"', 'text "two"', 'ping "p"']);
  await slow.answer();
  expect(it.told.at(-1)).toBe('text "three"');
  expect([it.transport.paused, it.transport.misuse]).toEqual([false, []]);
});

test('the end of the stream comes after the message that is decoded', async () => {
  const [it, slow] = bench();
  it.receive(encoded('last'));
  it.transport.deliverEnd();
  it.clock.turn();
  expect([it.told, it.driver.state]).toEqual([[], 'open']);
  await slow.answer();
  it.clock.turn();
  expect(it.told).toEqual(['text "last"', expect.stringMatching(/^close 1006/)]);
});

test('after a pause, what was decoded meanwhile is delivered by resume', async () => {
  const [it, slow] = bench();
  it.receive(encoded('one'));
  it.driver.pause();
  await slow.answer();
  it.clock.turn();
  expect(it.told).toEqual([]);
  it.driver.resume();
  it.clock.turn();
  expect(it.told).toEqual(['text "one"']);
});

test('after terminate, or the loss of the transport, nothing of it is delivered', async () => {
  for (const end of [(it: Bench) => it.driver.terminate(), (it: Bench) => it.transport.lose(new Error('reset'))]) {
    const [it, slow] = bench();
    it.receive(encoded('late'));
    end(it);
    await slow.answer();
    it.clock.turn();
    expect(it.told).toEqual([expect.stringMatching(/^close 1006/)]);
    expect(slow.closed).toBe(1);
  }
});

test('a message that cannot be decoded ends the connection with 1007', async () => {
  const [it, slow] = bench();
  it.receive({ opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) }, text('behind'));
  await slow.answer();
  it.clock.turn();
  it.transport.finishWrite();
  it.transport.deliverEnd();
  it.clock.turn();
  expect(it.told).toEqual([expect.stringMatching(/^close 1006 "": .*extension-data-illegal/)]);
  expect(written(it)).toEqual(['close 1007 ""']);
});

test('a listener that throws hears no more of what is decoded', async () => {
  const slow = new SlowExtension();
  const it = new Bench('server', {
    extensions: [slow],
    on: (line) => {
      if (line.startsWith('text')) throw new Error('bug');
    },
  });
  it.receive(encoded('one'), encoded('two'));
  await slow.answer();
  await slow.answer();
  expect(it.told).toEqual(['text "one"', 'thrown bug']);
  it.clock.turn();
  expect(written(it)).toEqual(['close 1011 ""']);
});

test('callbacks come when the bytes of their own message have been written', async () => {
  const [it, slow] = bench();
  it.send('one');
  it.send('two', { compress: false });
  it.driver.ping('p', it.callback());
  it.clock.turn();
  it.transport.finishWrite();
  expect([it.told, written(it)]).toEqual([['sent 3'], ['ping "p"']]);
  await slow.answer();
  it.clock.turn();
  expect(it.told).toEqual(['sent 3']);
  it.transport.finishWrite();
  expect(it.told).toEqual(['sent 3', 'sent 1', 'sent 2']);
});

test('what is being encoded counts as buffered: send returns false, and the drain comes after it', async () => {
  const [it, slow] = bench();
  expect(it.send(new Uint8Array(65_000))).toBe(true);
  expect(it.send(new Uint8Array(1000))).toBe(false);
  expect(it.driver.bufferedAmount).toBe(66_004);
  it.clock.turn();
  expect(it.told).toEqual([]);
  await slow.answer();
  it.clock.turn();
  it.transport.finishWrite();
  expect(it.told).toEqual(['sent 1']);
  await slow.answer();
  it.clock.turn();
  it.transport.finishWrite();
  expect([it.told, it.driver.bufferedAmount]).toEqual([['sent 1', 'sent 2', 'drain'], 0]);
});

test('our half ends after what is being encoded, and the Close behind it', async () => {
  const [it, slow] = bench();
  it.send('last');
  it.receive(closeFrame(1000));
  it.clock.turn();
  expect(it.transport.calls).toEqual([]);
  await slow.answer();
  it.clock.turn();
  it.transport.finishWrite();
  expect(written(it).at(-1)).toBe('close 1000 ""');
  expect(it.transport.ended).toBe(true);
});

test('the loss of the transport tells whoever waits for what is being encoded', async () => {
  const [it, slow] = bench();
  it.send('one');
  it.send('two');
  it.transport.lose(new Error('reset'));
  expect(it.told).toEqual(['unsent 1: reset', 'unsent 2: reset', 'close 1006 "": reset']);
  await slow.answer();
  expect([it.driver.bufferedAmount, slow.waiting.length, slow.closed]).toEqual([0, 0, 1]);
});
