import type { RawFrame } from './raw-frame.ts';
import type { StreamEvent } from './transcript.ts';

/** A stream that RFC 6455 prints. */
export interface Vector {
  readonly name: string;
  /** The end that could have sent it: a client masks. */
  readonly sender: 'client' | 'server';
  readonly hex: string;
  readonly frames: readonly RawFrame[];
  readonly events: readonly StreamEvent[];
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

const hello: StreamEvent = { type: 'message', payload: ascii('Hello'), opcode: 1, rsv: 0 };

function zeros(length: number, header: string): Vector {
  const payload = new Uint8Array(length);
  return {
    name: `${length} bytes of binary data in one unmasked frame`,
    sender: 'server',
    hex: header + '00'.repeat(length),
    frames: [{ opcode: 2, payload }],
    events: [{ type: 'message', payload, opcode: 2, rsv: 0 }],
  };
}

/**
 * The samples of RFC 6455 section 5.7. The RFC leaves the contents of the long binary ones open: here they are zeros.
 */
export const RFC_6455_5_7: readonly Vector[] = [
  {
    name: 'a text message in one unmasked frame',
    sender: 'server',
    hex: '810548656c6c6f',
    frames: [{ opcode: 1, payload: ascii('Hello') }],
    events: [hello],
  },
  {
    name: 'a text message in one masked frame',
    sender: 'client',
    hex: '818537fa213d7f9f4d5158',
    frames: [{ opcode: 1, maskingKey: 0x37fa213d, payload: ascii('Hello') }],
    events: [hello],
  },
  {
    name: 'an unmasked text message in two fragments',
    sender: 'server',
    hex: '010348656c80026c6f',
    frames: [
      { fin: false, opcode: 1, payload: ascii('Hel') },
      { opcode: 0, payload: ascii('lo') },
    ],
    events: [hello],
  },
  {
    name: 'an unmasked ping',
    sender: 'server',
    hex: '890548656c6c6f',
    frames: [{ opcode: 9, payload: ascii('Hello') }],
    events: [{ type: 'ping', payload: ascii('Hello') }],
  },
  {
    name: 'the masked pong that answers it',
    sender: 'client',
    hex: '8a8537fa213d7f9f4d5158',
    frames: [{ opcode: 10, maskingKey: 0x37fa213d, payload: ascii('Hello') }],
    events: [{ type: 'pong', payload: ascii('Hello') }],
  },
  zeros(256, '827e0100'),
  zeros(65536, '827f0000000000010000'),
];
