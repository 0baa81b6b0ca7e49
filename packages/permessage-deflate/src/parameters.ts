import type { ExtensionParameters } from '@ws/handshake';

/** The name of the extension in Sec-WebSocket-Extensions (RFC 7692, section 7). */
export const NAME = 'permessage-deflate';

/** The parameters of an offer or an answer, section 7.1. */
export interface Parameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** Undefined: absent. */
  readonly serverMaxWindowBits: number | undefined;
  /** Undefined: absent; true: without a value, as only an offer may have it. */
  readonly clientMaxWindowBits: number | true | undefined;
}

/** What both ends keep to. Windows are of 2^8 to 2^15 bytes. */
export interface Agreed {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

export const MIN_WINDOW_BITS = 8;
export const MAX_WINDOW_BITS = 15;

/**
 * Reads the parameters of an offer or an answer by section 7.1: a parameter that is not of this extension, or there
 * twice, or whose value is not legal spoils all of them.
 *
 * @returns what is wrong, as a string, if something is
 */
export function readParameters(list: ExtensionParameters): Parameters | string {
  const read = new Map<string, number | true>();
  for (const [name, text] of list) {
    const value = readValue(name, text);
    if (typeof value === 'string') return value;
    if (read.has(name)) return `${name} is there twice`;
    read.set(name, value);
  }
  const serverMaxWindowBits = read.get('server_max_window_bits');
  if (serverMaxWindowBits === true) return 'server_max_window_bits has no value';
  return {
    serverNoContextTakeover: read.has('server_no_context_takeover'),
    clientNoContextTakeover: read.has('client_no_context_takeover'),
    serverMaxWindowBits,
    clientMaxWindowBits: read.get('client_max_window_bits'),
  };
}

function readValue(name: string, text: string | undefined): number | true | string {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return text === undefined || `${name} has a value, and takes none`;
    case 'server_max_window_bits':
    case 'client_max_window_bits':
      if (text === undefined) return true;
      // Section 7.1.2.1: a decimal number without leading zeroes.
      return /^([89]|1[0-5])$/.test(text) ? Number(text) : `${name} is not a number from 8 to 15`;
    default:
      return `${name} is no parameter of ${NAME}`;
  }
}

/** As they stand in Sec-WebSocket-Extensions. */
export function writeParameters(parameters: Parameters): ExtensionParameters {
  const list: [string, string | undefined][] = [];
  if (parameters.serverNoContextTakeover) list.push(['server_no_context_takeover', undefined]);
  if (parameters.clientNoContextTakeover) list.push(['client_no_context_takeover', undefined]);
  const { serverMaxWindowBits, clientMaxWindowBits } = parameters;
  if (serverMaxWindowBits !== undefined) list.push(['server_max_window_bits', String(serverMaxWindowBits)]);
  if (clientMaxWindowBits !== undefined) {
    list.push(['client_max_window_bits', clientMaxWindowBits === true ? undefined : String(clientMaxWindowBits)]);
  }
  return list;
}
