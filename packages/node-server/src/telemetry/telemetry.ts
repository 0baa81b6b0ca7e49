import { type Channel, channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '@ws/codec';
import type { Overflow } from '@ws/connection';
import type { HandshakeError } from '@ws/handshake';
import type { ProxyProtocolError } from '../proxy/proxy-header.ts';
import type { ClientAddress } from '../proxy/trust-proxy.ts';
import type { WebSocket } from '../websocket.ts';
import type { DiagnosticsPayloads } from './diagnostics-payloads.ts';
import { Counter, type Labels, metric } from './prometheus.ts';

/** A server, which is watched. */
interface Watched {
  readonly clients: ReadonlySet<WebSocket>;
}

/** Held, since Node forgets a channel without subscribers that nobody holds. */
const CHANNELS: Readonly<Record<keyof DiagnosticsPayloads, Channel>> = {
  'ws:connection.refused': channel('ws:connection.refused'),
  'ws:handshake.accepted': channel('ws:handshake.accepted'),
  'ws:handshake.refused': channel('ws:handshake.refused'),
  'ws:open': channel('ws:open'),
  'ws:close': channel('ws:close'),
  'ws:violation': channel('ws:violation'),
  'ws:backpressure': channel('ws:backpressure'),
};

/** Counts and publishes what happens on a server. Ordinary messages never pass here, so they cost nothing. */
export class Telemetry {
  readonly #server: Watched;
  #accepted = 0;
  readonly #connectionsRefused = new Counter();
  readonly #refused = new Counter();
  readonly #closed = new Counter();
  readonly #violations = new Counter();
  readonly #overflows = new Counter();
  #backpressure = 0;

  constructor(server: Watched) {
    this.#server = server;
  }

  readonly connectionRefused = (error: ProxyProtocolError, remoteAddress: string | undefined): void => {
    this.#connectionsRefused.add(`reason="${error.reason}"`);
    this.#publish('ws:connection.refused', () => ({ remoteAddress, error }));
  };

  accepted(request: IncomingMessage): void {
    this.#accepted++;
    this.#publish('ws:handshake.accepted', () => ({ request }));
  }

  refused(error: HandshakeError, request: IncomingMessage, clientAddress: ClientAddress): void {
    this.#refused.add(`status="${error.status}",reason="${error.reason}"`);
    this.#publish('ws:handshake.refused', () => ({ request, error, remoteAddress: clientAddress(request) }));
  }

  open(socket: WebSocket, request: IncomingMessage): void {
    this.#publish('ws:open', () => ({ request, socket }));
  }

  close(socket: WebSocket, code: number, reason: string): void {
    const { cause } = socket;
    this.#closed.add(`code="${codeLabel(code)}"`);
    if (cause instanceof ProtocolError) {
      const { violation, offset, closeCode } = cause;
      this.#violations.add(`violation="${violation}"`);
      this.#publish('ws:violation', () => ({ socket, violation, offset, closeCode }));
    }
    this.#publish('ws:close', () => ({ socket, code, reason, cause }));
  }

  /** `maxBufferedAmount` was reached. */
  overflow(policy: Overflow): void {
    this.#overflows.add(`policy="${policy}"`);
  }

  backpressure(socket: WebSocket): void {
    this.#backpressure++;
    this.#publish('ws:backpressure', () => ({ socket, bufferedAmount: socket.bufferedAmount }));
  }

  /** @param make is called only if somebody listens */
  #publish<Name extends keyof DiagnosticsPayloads>(name: Name, make: () => DiagnosticsPayloads[Name]): void {
    if (CHANNELS[name].hasSubscribers) CHANNELS[name].publish({ server: this.#server, ...make() });
  }

  /** Writes all metrics in the text format of Prometheus. */
  text(labels: Labels): string {
    const { clients } = this.#server;
    let buffered = 0;
    for (const { bufferedAmount } of clients) buffered += bufferedAmount;
    return [
      metric('ws_connections', 'gauge', 'Connections that are open or closing.', clients.size, labels),
      metric('ws_buffered_bytes', 'gauge', 'Bytes that were sent and have not left the process.', buffered, labels),
      metric(
        'ws_connections_refused_total',
        'counter',
        'Connections ended by proxyProtocol before their first request.',
        this.#connectionsRefused,
        labels,
      ),
      metric('ws_handshakes_accepted_total', 'counter', 'Clients that were let in.', this.#accepted, labels),
      metric('ws_handshakes_refused_total', 'counter', 'Clients that were refused.', this.#refused, labels),
      metric('ws_closed_total', 'counter', 'Connections that have ended, by close code.', this.#closed, labels),
      metric('ws_violations_total', 'counter', 'Connections on which a rule was broken.', this.#violations, labels),
      metric('ws_backpressure_total', 'counter', 'Times that a client fell behind.', this.#backpressure, labels),
      metric('ws_overflows_total', 'counter', 'Messages over maxBufferedAmount.', this.#overflows, labels),
    ].join('');
  }
}

/** A client chooses its code out of two thousand; a metric should not have a line for each. */
function codeLabel(code: number): string {
  if (code >= 1000 && code <= 1015) return String(code);
  const thousands = Math.floor(code / 1000);
  return thousands === 3 || thousands === 4 ? `${thousands}xxx` : 'other';
}
