import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { clock } from '../runtime/clock.ts';
import { isGone } from './is-gone.ts';
import { decodeProxyHeader, type ProxyHeader, ProxyProtocolError } from './proxy-header.ts';

/** A member of a gate, for which headers of the PROXY protocol are read: a `WebSocketServer`. */
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

/** What the proxies have said, by the socket that the header was read from. */
const sources = new WeakMap<object, string | undefined>();

/** Says which client the proxy of a connection has named; undefined if none. */
export function proxiedSource(socket: Socket): string | undefined {
  return sources.get(readFrom(socket));
}

/**
 * The socket that the header of a connection was read from: over TLS, the one under the TLSSocket, unless the header
 * was inside. Nothing public leads there, and by addresses it cannot be found: a socket in the file system has none.
 */
function readFrom(socket: Socket & { readonly _parent?: Socket | null }): Socket {
  return sources.has(socket) ? socket : (socket._parent ?? socket);
}

/**
 * Has every connection of an http or https server start with a header of the PROXY protocol, version 2. No listener,
 * the http server's own included, hears of a connection before its header was read: 'connection' is emitted then.
 * Connections without one, or from addresses that are not trusted, are ended.
 *
 * All members of one server share one gate, which stays when the last of them is gone: the proxy does not know of that,
 * and goes on with sending headers to the http server.
 *
 * @param timeout how long a header may take, in milliseconds; that of the first member holds
 * @returns a function that takes the member away; with true, connections whose header has not come are ended
 */
export function joinProxyGate(server: Server, member: ProxyGateMember, timeout: number): (endWaiting: boolean) => void {
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

/**
 * Stands before all listeners for 'connection', also those that come later: no listener could keep an event from the
 * others.
 */
function install(server: Server, gate: ProxyGate, timeout: number): void {
  const emit = server.emit as (this: Server, event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const socket = args[0] as Socket;
    // Better no client than one whose address nobody knows.
    if (event === 'secureConnection' && !sources.has(readFrom(socket))) {
      const why =
        "no PROXY header was read from the socket under this TLSSocket: it has come past 'connection', is no net.Socket, " +
        'or is kept by this runtime in another place than by Node 20 to 26';
      refuse(socket, gate, new ProxyProtocolError('no-header', why), socket.remoteAddress);
      return true;
    }
    if (event !== 'connection') return emit.call(server, event, ...args);
    const connection = new WaitingConnection(socket, gate, (source) => {
      sources.set(socket, source);
      emit.call(server, event, ...args);
    });
    connection.wait(timeout);
    return true;
  };
}

/** A connection whose header has not come: that is read, and nothing behind it. */
class WaitingConnection {
  readonly #socket: Socket;
  readonly #gate: ProxyGate;
  readonly #passOn: (source: string | undefined) => void;
  readonly #address: string | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #stopTimer: (() => void) | undefined;

  /** @param passOn takes the connection once its header was read, with the client that it names */
  constructor(socket: Socket, gate: ProxyGate, passOn: (source: string | undefined) => void) {
    this.#socket = socket;
    this.#gate = gate;
    this.#passOn = passOn;
    this.#address = socket.remoteAddress;
    // A connection that is gone needs no report.
    socket.on('error', ignore);
  }

  /** Waits for so many milliseconds; a connection that is from no proxy, or gone, is ended at once. */
  wait(timeout: number): void {
    const socket = this.#socket;
    const address = this.#address;
    const { members, waiting } = this.#gate;
    if (isGone(socket)) {
      socket.destroy();
      return;
    }
    if (![...members].some((member) => member.trusts(address))) {
      const why =
        address === undefined
          ? 'a connection without an address (a unix domain socket) is none of the proxies of a list: give trustProxy a number'
          : `${address} has connected, which is none of the proxies of trustProxy: have only them reach this server`;
      this.#refuse(new ProxyProtocolError('untrusted', why));
      return;
    }
    this.#stopTimer = clock.after(timeout, () => {
      this.#refuse(new ProxyProtocolError('header-timeout', `the PROXY header has not come for ${timeout} ms`));
    });
    waiting.add(socket);
    socket.on('readable', this.#read).on('end', this.#ended).on('close', this.#stop);
  }

  readonly #read = (): void => {
    let header: ProxyHeader | { readonly needed: number };
    try {
      for (header = decodeProxyHeader(this.#bytes); 'needed' in header; header = decodeProxyHeader(this.#bytes)) {
        const chunk: Buffer | null = this.#socket.read(header.needed - this.#bytes.length);
        if (chunk === null) return;
        this.#bytes = Buffer.concat([this.#bytes, chunk]);
      }
    } catch (error) {
      this.#refuse(error as ProxyProtocolError);
      return;
    }
    this.#stop();
    this.#socket.off('error', ignore);
    this.#passOn(header.source);
  };

  readonly #ended = (): void => {
    const { length } = this.#bytes;
    // A proxy or a monitor that only checks whether the port is open sends nothing.
    if (length === 0) this.#socket.destroy();
    else this.#refuse(new ProxyProtocolError('header-incomplete', `the PROXY header has ended after ${length} bytes`));
  };

  readonly #stop = (): void => {
    this.#stopTimer?.();
    this.#gate.waiting.delete(this.#socket);
    this.#socket.off('readable', this.#read).off('end', this.#ended).off('close', this.#stop);
  };

  #refuse(error: ProxyProtocolError): void {
    this.#stop();
    refuse(this.#socket, this.#gate, error, this.#address);
  }
}

function refuse(socket: Socket, { members }: ProxyGate, error: ProxyProtocolError, address: string | undefined): void {
  socket.destroy();
  for (const member of members) member.refused(error, address);
}

function ignore(): void {}
