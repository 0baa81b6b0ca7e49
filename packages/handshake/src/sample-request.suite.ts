import { expect } from 'vitest';
import {
  acceptUpgrade,
  checkUpgrade,
  type HandshakeReason,
  type HeaderFields,
  headerValues,
  type RequestHead,
  UpgradePolicy,
} from './index.ts';

/** RFC 6455 section 1.2, without its subprotocols. */
export const headers: HeaderFields = [
  ['Host', 'server.example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Origin', 'http://example.com'],
  ['Sec-WebSocket-Version', '13'],
];
export const request: RequestHead = { method: 'GET', target: '/chat', httpVersion: '1.1', headers };
export const anything = new UpgradePolicy();

/** With more header fields. */
export const plus = (...more: [string, string][]): RequestHead => ({ ...request, headers: [...headers, ...more] });
/** With one header left out, and perhaps others in its place. */
export const without = (name: string, ...more: [string, string][]): RequestHead => ({
  ...request,
  headers: [...headers.filter(([other]) => other !== name), ...more],
});

/** As in the table of the README: the status, and what every refusal and some statuses must say. */
export function expectRefused(request: RequestHead, reason: HandshakeReason, status: number, policy = anything): void {
  const result = checkUpgrade(request, policy);
  if (result.ok) throw new Error(`expected ${reason}`);
  const { response, error } = result;
  expect({ reason: error.reason, status: response.status }).toEqual({ reason, status });
  expect(error).toMatchObject({ status, headers: response.headers });
  expect(headerValues(response.headers, 'connection')[0]).toMatch(/^(Upgrade, )?close$/);
  const length = new TextEncoder().encode(`${error.message}\n`).length;
  expect(headerValues(response.headers, 'content-length')).toEqual([String(length)]);
  // RFC 9110, section 9.3.2: the answer to HEAD has no content.
  expect(response.body.length).toBe(request.method === 'HEAD' ? 0 : length);
  if (status === 426) {
    expect(headerValues(response.headers, 'upgrade')).toEqual(['websocket']);
    expect(headerValues(response.headers, 'sec-websocket-version')).toEqual(['13']);
  }
  if (status === 405) expect(headerValues(response.headers, 'allow')).toEqual(['GET']);
  expect(acceptUpgrade(request, policy)).toEqual(result);
}
