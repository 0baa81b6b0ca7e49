import type { HeaderFields } from './fields.ts';

/** The head of a request, from bytes or from a runtime that parsed it. */
export interface RequestHead {
  readonly method: string;
  /** The target as on the request line: path and query. */
  readonly target: string;
  /** `1.1` for HTTP/1.1. */
  readonly httpVersion: string;
  readonly headers: HeaderFields;
}

/** Whether a WebSocket can start with a version of HTTP: 1.1 or a later 1 (RFC 6455, sections 4.1 and 4.2.1). */
export const canUpgrade = (httpVersion: string): boolean => /^1\.[1-9]$/.test(httpVersion);

/** The version of the protocol, as Sec-WebSocket-Version has it (RFC 6455, section 4.1). */
export const WEBSOCKET_VERSION = '13';

/** The head of a response, from bytes or from a runtime that parsed it. */
export interface ResponseHead {
  readonly httpVersion: string;
  readonly status: number;
  /** The reason phrase; may be empty. */
  readonly reason: string;
  readonly headers: HeaderFields;
}

/** Which head a parser reads. */
export interface HeadKinds {
  request: RequestHead;
  response: ResponseHead;
}

/** How large a head may be. */
export interface HeadLimits {
  /**
   * The most bytes, from the first of the start line to the last line feed; exactly that many pass. Default 16 KiB:
   * what Node takes, and twice what the common proxies send.
   */
  readonly maxHeadBytes?: number | undefined;
  /** The most header fields. Default 100: browsers behind two proxies send about 30. */
  readonly maxHeaderFields?: number | undefined;
}

export const DEFAULT_MAX_HEAD_BYTES = 16_384;
export const DEFAULT_MAX_HEADER_FIELDS = 100;
