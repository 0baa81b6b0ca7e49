/** As much of the module of Workers as the example uses. */
declare module 'cloudflare:sockets' {
  export function connect(
    address: { readonly hostname: string; readonly port: number },
    options?: { readonly secureTransport?: 'off' | 'on' | 'starttls'; readonly allowHalfOpen?: boolean },
  ): {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
    close(): Promise<void>;
  };
}
