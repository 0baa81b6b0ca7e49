import { type Fields, upgradeRequest } from '@ws/testkit';
import { RawClient as AnyRawClient } from '@ws/testkit/raw-client';
import { onTestFinished } from 'vitest';

export { type Fields, upgradeRequest } from '@ws/testkit';
export { close, text, textLine } from '@ws/testkit/raw-client';

/** A client that knows no rules, and that ends with the test. */
export class RawClient extends AnyRawClient {
  constructor(port: number) {
    super(port);
    onTestFinished(() => void this.socket.destroy());
  }
}

/** A raw client whose request has been written. */
export function request(port: number, fields?: Fields, startLine?: string): RawClient {
  return new RawClient(port).write(upgradeRequest(fields, startLine));
}

/** A raw client whose handshake is complete. */
export async function open(port: number, fields?: Fields, startLine?: string): Promise<RawClient> {
  const client = request(port, fields, startLine);
  const { status, head } = await client.response();
  if (status !== 101) throw new Error(`expected 101, got: ${head}`);
  return client;
}
