import type { HeaderFields } from '@ws/handshake';

/** What the listeners of 'headers' have added to the lines of a 101 response. `emit` returns false if there are none. */
export function addedHeaders(emit: (lines: string[]) => boolean): HeaderFields {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  const known = new Set(lines);
  if (!emit(lines)) return [];
  return lines
    .filter((line) => !known.has(line))
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()];
    });
}
