import { expect, test } from 'vitest';
import { type Data, toBytes } from './data.ts';

test('a string becomes UTF-8', () => {
  expect(toBytes('aé', 'data')).toEqual(Uint8Array.of(0x61, 0xc3, 0xa9));
});

test('bytes are not copied', () => {
  const memory = new Uint8Array(16);
  for (const data of [
    memory.buffer,
    memory.subarray(3, 9),
    new DataView(memory.buffer, 3),
    new Int16Array(memory.buffer),
  ]) {
    const bytes = toBytes(data, 'data');
    expect(bytes.buffer).toBe(memory.buffer);
    expect(bytes.length).toBe(data.byteLength);
    expect(bytes.byteOffset).toBe('byteOffset' in data ? data.byteOffset : 0);
  }
  expect(toBytes(memory, 'data')).toBe(memory);
});

test('H14: the error names what is wrong', () => {
  expect(() => toBytes(1024 as unknown as Data, 'the ping')).toThrow(
    new TypeError('the ping must be a string, an ArrayBuffer or a view of one, got number'),
  );
  expect(() => toBytes(null as unknown as Data, 'data')).toThrow('got null');
  expect(() => toBytes({} as Data, 'data')).toThrow('got object: JSON.stringify it, perhaps');
  for (const blob of [new Blob(['a']), new File(['a'], 'a.txt')]) {
    expect(() => toBytes(blob as unknown as Data, 'data')).toThrow('got object: await its arrayBuffer()');
  }
  const shared = new SharedArrayBuffer(1);
  expect(() => toBytes(shared as unknown as Data, 'data')).toThrow('got object: send a view of it');
  expect(toBytes(new Uint8Array(shared), 'data')).toEqual(Uint8Array.of(0));
  expect(() => toBytes(Promise.resolve('a') as unknown as Data, 'data')).toThrow('got object: await the promise');
});

test('what was transferred is no empty message', () => {
  const make = (): [string, ArrayBuffer | ArrayBufferView][] => {
    const memory = new ArrayBuffer(16);
    return [
      ['Uint8Array', new Uint8Array(memory)],
      ['DataView', new DataView(memory)],
      ['Int16Array', new Int16Array(memory)],
      ['ArrayBuffer', memory],
    ];
  };
  for (const [kind, data] of make()) {
    const buffer = ArrayBuffer.isView(data) ? (data.buffer as ArrayBuffer) : data;
    if (buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] });
    expect(() => toBytes(data, kind)).toThrow(
      new TypeError(`${kind} must not have been transferred: its buffer is detached`),
    );
  }
  for (const [, data] of make()) expect(toBytes(data, 'data')).toHaveLength(16);
  expect(toBytes(new Uint8Array(new SharedArrayBuffer(0)), 'data')).toHaveLength(0);
  expect(toBytes(new Uint8Array(16).subarray(16), 'data')).toHaveLength(0);
});
