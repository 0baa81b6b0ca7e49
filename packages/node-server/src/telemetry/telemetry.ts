import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '@ws/codec';
import type { Overflow } from '@ws/connection';
import type { HandshakeError } from '@ws/handshake';
import type { ProxyProtocolError } from '../proxy/proxy-header.ts';
import type { ClientAddress } from '../proxy/trust-proxy.ts';
import type { WebSocket } from '../websocket.ts';
import { Counter, type Labels, metric } from './prometheus.ts';

/** A server, which is watched. */
interface Watched {
  readonly clients: ReadonlySet<WebSocket>;
}

/** The channels, each for the messages that `DiagnosticsMessages` describes. */
const channels = {
  connectionRefused: channel('ws:connection.refused'),
  accepted: channel('ws:handshake.accepted'),
  refused: channel('ws:handshake.refused'),
  open: channel('ws:open'),
  close: channel('ws:close'),
  violation: channel('ws:violation'),
  backpressure: channel('ws:backpressure'),
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
    const { connectionRefused } = channels;
    if (connectionRefused.hasSubscribers) connectionRefused.publish({ server: this.#server, remoteAddress, error });
  };

  accepted(request: IncomingMessage): void {
    this.#accepted++;
    if (channels.accepted.hasSubscribers) channels.accepted.publish({ server: this.#server, request });
  }

  refused(error: HandshakeError, request: IncomingMessage, clientAddress: ClientAddress): void {
    this.#refused.add(`status="${error.status}",reason="${error.reason}"`);
    if (!channels.refused.hasSubscribers) return;
    channels.refused.publish({ server: this.#server, request, error, remoteAddress: clientAddress(request) });
  }

  open(socket: WebSocket, request: IncomingMessage): void {
    if (channels.open.hasSubscribers) channels.open.publish({ server: this.#server, request, socket });
  }

  close(socket: WebSocket, code: number, reason: string): void {
    const { cause } = socket;
    this.#closed.add(`code="${codeLabel(code)}"`);
    if (cause instanceof ProtocolError) {
      const { violation, offset, closeCode } = cause;
      this.#violations.add(`violation="${violation}"`);
      if (channels.violation.hasSubscribers) {
        channels.violation.publish({ server: this.#server, socket, violation, offset, closeCode });
      }
    }
    if (channels.close.hasSubscribers) channels.close.publish({ server: this.#server, socket, code, reason, cause });
  }

  /** `maxBufferedAmount` was reached. */
  overflow(policy: Overflow): void {
    this.#overflows.add(`policy="${policy}"`);
  }

  backpressure(socket: WebSocket): void {
    this.#backpressure++;
    if (!channels.backpressure.hasSubscribers) return;
    channels.backpressure.publish({ server: this.#server, socket, bufferedAmount: socket.bufferedAmount });
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
