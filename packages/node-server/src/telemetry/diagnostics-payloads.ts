import type { IncomingMessage } from 'node:http';
import type { ViolationName } from '@ws/codec';
import type { HandshakeError } from '@ws/handshake';
import type { ProxyProtocolError } from '../proxy/proxy-header.ts';
import type { WebSocket } from '../websocket.ts';

/** What is published on the channels of `node:diagnostics_channel`, by their names, beside the server. */
export interface DiagnosticsPayloads {
  /** With `proxyProtocol`: a connection was ended before its first request; `remoteAddress` is where it came from. */
  'ws:connection.refused': {
    readonly remoteAddress: string | undefined;
    readonly error: ProxyProtocolError;
  };
  /** The 101 response is written. */
  'ws:handshake.accepted': { readonly request: IncomingMessage };
  /** A client was refused; the error says why, and with which status. */
  'ws:handshake.refused': {
    readonly request: IncomingMessage;
    readonly error: HandshakeError;
    /** The client's address, found as `WebSocket.remoteAddress` is, by `trustProxy`. */
    readonly remoteAddress: string | undefined;
  };
  /** A WebSocket was made, and 'connection' follows. */
  'ws:open': { readonly request: IncomingMessage; readonly socket: WebSocket };
  /** The end of a connection, as its 'close' event tells it. */
  'ws:close': {
    readonly socket: WebSocket;
    readonly code: number;
    readonly reason: string;
    readonly cause: Error | undefined;
  };
  /** The client broke a rule: the rule's name, and at which byte of what the client has sent. */
  'ws:violation': {
    readonly socket: WebSocket;
    readonly violation: ViolationName;
    readonly offset: number;
    readonly closeCode: number;
  };
  /** A `send` has returned false, for the first time since the last 'drain'. */
  'ws:backpressure': {
    readonly socket: WebSocket;
    readonly bufferedAmount: number;
  };
}
