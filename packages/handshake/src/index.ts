export { acceptKey } from './accept-key.ts';
export { createUpgrade, type PendingUpgrade, type UpgradeOptions, verifyUpgrade } from './client.ts';
export { HANDSHAKE_REASONS, HandshakeError, type HandshakeErrorDetails, type HandshakeReason } from './error.ts';
export { type Extension, type ExtensionParameters, parseExtensions, serializeExtensions } from './extensions.ts';
export { type HeaderFields, type Headers, type HeaderValue, headerValues } from './fields.ts';
export type { HeadKinds, HeadLimits, RequestHead, ResponseHead } from './head.ts';
export type { ExtensionNegotiator, ExtensionOffers, Negotiated, NegotiatedExtension } from './negotiation.ts';
export { HeadParser, type ParsedHead, type PushedHead, parseRequestHead, parseResponseHead } from './parse-head.ts';
export { type SubprotocolSelector, UpgradePolicy, type UpgradePolicyOptions } from './policy.ts';
export { hookFailed, type Refusal, type RefusalOptions, refuse } from './refusal.ts';
export { asksForWebSocket, checkPath, hasBody, hostError, hostOf, isTarget, pathOf } from './request.ts';
export { dated, withoutContent } from './response.ts';
export { headText, serializeHead } from './serialize-head.ts';
export {
  type Acceptance,
  acceptUpgrade,
  type CompletionOptions,
  checkUpgrade,
  completeUpgrade,
  type UpgradeOffer,
} from './server.ts';
export { selectSubprotocol } from './subprotocol.ts';
export { type Decision, decide, type Verdict } from './verdict.ts';
export type { WebSocketUrl } from './websocket-url.ts';
