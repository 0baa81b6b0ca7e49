import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { decodeProxyHeader, type ProxyHeader, ProxyProtocolError } from './proxy-header.ts';

/** For whom headers of the PROXY protocol are read: a `WebSocketServer`. */
export interface ProxyGateMember {
  /** Whether an address is that of a proxy whose headers are believed. */
  trusts(address: string | undefined): boolean;
  /** A connection was ended; `address` is where it came from. */
  refused(error: ProxyProtocolError, address: string | undefined): void;
}

interface ProxyGate {
  readonly members: Set<ProxyGateMember>;
  /** The last member that left: what it trusts holds until another joins. */
  left: ProxyGateMember | undefined;
  /** The connections whose header has not come. */
  readonly waiting: Set<Socket>;
}

const gates = new WeakMap<Server, ProxyGate>();

/** What the proxies have said, by the socket. */
const sources = new WeakMap<object, string>();

/** ... and by the addresses of both ends for connections over TLS: nothing public leads from a TLSSocket to the socket under it. */
const sourcesOverTls = new Map<string, { readonly source: string | undefined }>();

/** The client of a connection in the words of the proxy; undefined if it has not named any. */
export function proxiedSource(socket: Socket): string | undefined {
  return 'encrypted' in socket ? sourcesOverTls.get(endsOf(socket) ?? '')?.source : sources.get(socket);
}

/**
 * Has every connection of an http or https server start with a header of the PROXY protocol, version 2. Nobody, the http server's own
 * listener included, hears of a connection before its header was read: 'connection' is emitted then. Connections without one, or from
 * addresses that are not trusted, are ended.
 *
 * All members of one server share one gate, which stays when the last of them is gone: the proxy does not know of that, and
 * goes on with sending headers to the http server.
 *
 * @param timeout how long a header may take, in milliseconds; that of the first member holds
 * @returns a function that takes the member away; with true, connections whose header has not come are ended
 */
export function readProxyHeaders(
  server: Server,
  member: ProxyGateMember,
  timeout: number,
): (endWaiting: boolean) => void {
  let gate = gates.get(server);
  if (gate === undefined) {
    gate = { members: new Set(), left: undefined, waiting: new Set() };
    gates.set(server, gate);
    install(server, gate, timeout);
  }
  const joined = gate;
  const { members, waiting } = joined;
  if (joined.left !== undefined) members.delete(joined.left);
  joined.left = undefined;
  members.add(member);
  return (endWaiting) => {
    if (members.size > 1) members.delete(member);
    else joined.left = member;
    if (endWaiting) for (const socket of waiting) socket.destroy();
  };
}

/** Stands before all listeners for 'connection', also those that come later: no listener could keep an event from the others. */
function install(server: Server, gate: ProxyGate, timeout: number): void {
  const overTls = 'addContext' in server;
  const emit = server.emit as (this: Server, event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== 'connection') return emit.call(server, event, ...args);
    const socket = args[0] as Socket;
    hold(socket, gate, timeout, (source) => {
      remember(socket, source, overTls);
      emit.call(server, event, ...args);
    });
    return true;
  };
}

/** Reads the header of a connection, and nothing behind it. */
function hold(socket: Socket, gate: ProxyGate, timeout: number, passOn: (source: string | undefined) => void): void {
  const address = socket.remoteAddress;
  let bytes: Buffer = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    gate.waiting.delete(socket);
    socket.off('readable', read).off('end', ended).off('close', stop);
  };
  const refuse = (error: ProxyProtocolError) => {
    stop();
    socket.destroy();
    for (const member of gate.members) member.refused(error, address);
  };
  const read = () => {
    let header: ProxyHeader | { readonly needed: number };
    try {
      for (header = decodeProxyHeader(bytes); 'needed' in header; header = decodeProxyHeader(bytes)) {
        const chunk: Buffer | null = socket.read(header.needed - bytes.length);
        if (chunk === null) return;
        bytes = Buffer.concat([bytes, chunk]);
      }
    } catch (error) {
      refuse(error as ProxyProtocolError);
      return;
    }
    stop();
    socket.off('error', ignore);
    passOn(header.source);
  };
  const ended = () => {
    // A proxy, or whoever watches the port, that only looks whether somebody listens says nothing.
    if (bytes.length === 0) socket.destroy();
    else refuse(new ProxyProtocolError('header-incomplete', `the PROXY header has ended after ${bytes.length} bytes`));
  };
  // Of a connection that is gone, nobody needs to hear.
  socket.on('error', ignore);
  if (address === undefined && socket.localAddress !== undefined) {
    socket.destroy();
    return;
  }
  if (![...gate.members].some((member) => member.trusts(address))) {
    const why = `${address} has connected, which is none of the proxies of trustProxy: have only them reach this server`;
    refuse(new ProxyProtocolError('untrusted', why));
    return;
  }
  timer = setTimeout(() => {
    refuse(new ProxyProtocolError('header-timeout', `the PROXY header has not come for ${timeout} ms`));
  }, timeout);
  gate.waiting.add(socket);
  socket.on('readable', read).on('end', ended).on('close', stop);
}

function remember(socket: Socket, source: string | undefined, overTls: boolean): void {
  if (!overTls) {
    if (source !== undefined) sources.set(socket, source);
    return;
  }
  const ends = endsOf(socket);
  if (ends === undefined) return;
  const said = { source };
  sourcesOverTls.set(ends, said);
  socket.once('close', () => {
    if (sourcesOverTls.get(ends) === said) sourcesOverTls.delete(ends);
  });
}

/**
 * Both ends of a TCP connection; undefined for other sockets, and for those that are gone. No other connection has them at the same
 * time, but a socket that is not read hears of its reset late, when the proxy's port may have its next connection.
 */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  return remoteAddress && `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function ignore(): void {}
