import { expect, test } from 'vitest';
import { asksForWebSocket, checkPath, hasBody, hostError, hostOf, isTarget, pathOf } from './request.ts';

const fields = (name: string, ...values: string[]) => ({ headers: values.map((value) => [name, value] as const) });

test.each<[boolean, ...string[]]>([
  [true, 'websocket'],
  [true, 'h2c,\tWebSocket ,'],
  [true, 'h2c', 'websocket'],
  [false],
  [false, ''],
  [false, 'h2c'],
  [false, 'websockets'],
  [false, 'x-websocket'],
  [false, 'websocket/13'],
  [false, 'h2c websocket'],
])('asks for a WebSocket: %s with Upgrade %j', (asks, ...values) => {
  expect(asksForWebSocket(fields('Upgrade', ...values))).toBe(asks);
});

test('a body follows a Transfer-Encoding, and a Content-Length that is not 0 to everybody', () => {
  for (const value of ['', 'chunked']) expect(hasBody(fields('Transfer-Encoding', value)), value).toBe(true);
  for (const value of ['', '1', '+0', '00']) expect(hasBody(fields('content-length', value)), value).toBe(true);
  expect(hasBody(fields('Content-Length', '0', '5'))).toBe(true);
  expect(hasBody(fields('Content-Length', '0'))).toBe(false);
  expect(hasBody({ headers: [] })).toBe(false);
});

test('the Host is one, and names no path and no user', () => {
  for (const host of ['a', 'a:8080', '[::1]:80', '[fe80::1%eth0]']) {
    expect(hostOf(fields('host', ` ${host}\t`)), host).toBe(host);
  }
  for (const host of ['', 'a/b', 'u@a', 'a?', 'a:b', '[a]', 'a b']) {
    expect(hostOf(fields('host', host)), host).toBe(undefined);
  }
  expect(hostOf(fields('Host', 'a', 'a'))).toBe(undefined);
  expect(hostOf({ headers: [] })).toBe(undefined);
});

test.each([
  ['1.1', [], true],
  ['1.1', ['a', 'a'], true],
  ['1.1', ['a'], false],
  ['1.0', [], false],
  ['1.0', ['a b'], true],
  ['1.0', ['a', 'a'], true],
  ['1.0', ['a'], false],
])('HTTP/%s with the Hosts %o: wrong is %s', (httpVersion, hosts, isWrong) => {
  const error = hostError({ httpVersion, ...fields('Host', ...hosts) });
  expect(error?.reason).toBe(isWrong ? 'host-malformed' : undefined);
});

test.each([
  ['/', '/', true],
  ['/chat?x=/y', '/chat', true],
  ['//b/chat', '//b/chat', true],
  ['/http://b/chat', '/http://b/chat', true],
  ['http://b/chat?x', '/chat', true],
  ['WSS://b:1', '/', true],
  ['ws://b?/chat', '/', true],
  ['http://u:p@b/chat', '/chat', false],
  ['foo://b/chat', 'foo://b/chat', false],
  ['/chat#x', '/chat#x', false],
  ['*', '*', false],
  ['', '/', false],
])('the path of the target %s is %s; it is a target: %s', (target, path, legal) => {
  expect(pathOf(target)).toBe(path);
  expect(isTarget(target)).toBe(legal);
});

test('a path of the owner is one that a request can have: what is no path of any target is a TypeError', () => {
  for (const path of ['/', '/chat', '//chat', '/a/b;c=1', '/%20', '/~']) {
    expect(() => checkPath(path), path).not.toThrow();
    expect(pathOf(path), path).toBe(path);
  }
  for (const path of [
    '',
    'chat',
    './chat',
    'http://a/chat',
    '/chat?x',
    '/?',
    '/chat#x',
    '/a b',
    '/a\n',
    '/é',
    '/\x7f',
  ]) {
    expect(() => checkPath(path), path).toThrow(
      new TypeError(
        'path must be a string that starts with "/", in visible ASCII and without ? and #, ' +
          `got ${JSON.stringify(path)}`,
      ),
    );
  }
  for (const path of [undefined, null, 1, ['/chat'], /chat/]) expect(() => checkPath(path)).toThrow(TypeError);
});
