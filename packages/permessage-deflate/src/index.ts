export type { Decoded, Encoded, EncodeOptions, Extension } from '@ws/connection';
export type { ExtensionNegotiator, ExtensionOffers, ExtensionParameters } from '@ws/handshake';
export { readPerMessageDeflate } from './adapter-options.ts';
export { offerPermessageDeflate } from './client.ts';
export type { PermessageDeflateOptions, ServerOptions } from './options.ts';
export type { Agreed } from './parameters.ts';
export type { PermessageDeflate } from './permessage-deflate.ts';
export { permessageDeflate } from './server.ts';
export type { Allocate, Deflater, DeflateSettings, Inflater, InflateSettings, Zlib } from './zlib.ts';
