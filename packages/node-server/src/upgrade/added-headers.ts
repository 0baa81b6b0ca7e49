import type { HeaderFields } from '@ws/handshake';

/** What the listeners of 'headers' add to the lines of a 101 response. */
export function addedHeaders(emit: (lines: string[]) => void): HeaderFields {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  const known = new Set(lines);
  emit(lines);
  return lines
    .filter((line) => !known.has(line))
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()];
    });
}
