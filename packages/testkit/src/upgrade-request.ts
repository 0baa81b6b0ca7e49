/** The fields of a legal request; `undefined` takes one out, an array repeats it. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

const LEGAL: Fields = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};

/** A legal upgrade request, but for what is changed. */
export function upgradeRequest(fields: Fields = {}, startLine = 'GET / HTTP/1.1'): string {
  const lines = Object.entries({ ...LEGAL, ...fields }).flatMap(([name, value]) =>
    (value === undefined ? [] : typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}`),
  );
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n`;
}
