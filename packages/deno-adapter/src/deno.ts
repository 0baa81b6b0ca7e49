/**
 * The part of Deno that is used: so the package compiles, and is documented, where there are no types of Deno.
 * `Deno.Conn`, `Deno.TcpConn` and `Deno.TlsConn` are connections; so is all else that has these methods.
 */

/** The address of one end of a connection. */
export interface Address {
  /** Such as `tcp`. */
  readonly transport: string;
  /** Absent where there is none, as on Unix sockets. */
  readonly hostname?: string;
  /** Absent where there is none, as on Unix sockets. */
  readonly port?: number;
}

/** A stream of bytes in both directions: a `Deno.Conn`. */
export interface Conn {
  /** The address of the other end: a `Deno.Addr`. */
  readonly remoteAddr: unknown;
  /** The address of this end: a `Deno.Addr`. Stands in the URL of a request of HTTP/1.0 that names no host. */
  readonly localAddr?: unknown;
  /** Reads what has come. Returns how many bytes it has read, or null at the end of the stream. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes. Returns how many bytes it has written, which may be fewer than there are. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our half of the stream. */
  closeWrite(): Promise<void>;
  /** Ends both halves at once. */
  close(): void;
  /** Turns Nagle's algorithm off, where there is one. */
  setNoDelay?(noDelay?: boolean): void;
}

/** Where connections come from: a `Deno.Listener` or `Deno.TlsListener`. */
export interface Listener {
  /** Where it listens. */
  readonly addr: unknown;
  /** Waits for the next connection. */
  accept(): Promise<Conn>;
  /** Takes no more connections. */
  close(): void;
}

interface Listen {
  port: number;
  hostname?: string;
}

/** The functions of Deno that `serve` calls. */
export interface DenoNetwork {
  listen(options: Listen): Listener;
  listenTls(options: Listen & { cert: string; key: string; alpnProtocols: string[] }): Listener;
}

/** @throws TypeError where the runtime is not Deno */
export function denoNetwork(): DenoNetwork {
  const { Deno } = globalThis as { Deno?: DenoNetwork };
  if (Deno === undefined) throw new TypeError('serve() listens by Deno.listen: this runtime is not Deno');
  return Deno;
}

/** Closes a connection, which may be closed already. */
export function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}

export async function writeAll(conn: Conn, bytes: Uint8Array): Promise<void> {
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}
