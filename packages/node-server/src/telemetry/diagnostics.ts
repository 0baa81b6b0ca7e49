import type { WebSocketServer } from '../server.ts';
import type { DiagnosticsPayloads } from './diagnostics-payloads.ts';

/** Each with its server, which the payloads' own file cannot name: the server imports what publishes them. */
type Messages = {
  [Name in keyof DiagnosticsPayloads]: { readonly server: WebSocketServer } & DiagnosticsPayloads[Name];
};

/** The messages that are published on the channels of `node:diagnostics_channel`, by their names. */
export interface DiagnosticsMessages extends Messages {}
