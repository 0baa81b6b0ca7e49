import { checkType, kindOf } from './check.ts';
import type { Extension, ExtensionParameters } from './extensions.ts';
import { readUniqueTokens } from './tokens.ts';

/** An extension in use. */
export interface NegotiatedExtension<E = unknown> extends Extension {
  /** The result of the extension's own code for the parameters. */
  readonly extension: E;
}

/** The subprotocol and the extensions that both ends agreed on. */
export interface Negotiated<E = unknown> {
  /** The subprotocol; empty: none. */
  readonly subprotocol: string;
  /** In the order of the response: the first is the one nearest to the application (RFC 6455 section 9.1). */
  readonly extensions: readonly NegotiatedExtension<E>[];
}

/** A server's side of one extension. */
export interface ExtensionNegotiator<E = unknown> {
  /** The name, which is compared with case. */
  readonly name: string;
  /** Judges one offer: what the response says and the extension to run, or undefined to decline that offer. */
  accept(
    parameters: ExtensionParameters,
  ): { readonly parameters: ExtensionParameters; readonly extension: E } | undefined;
}

/** A client's side of one extension. */
export interface ExtensionOffers<E = unknown> {
  readonly name: string;
  /** One or more sets of parameters, in order of preference. */
  readonly offers: readonly ExtensionParameters[];
  /** Judges the server's answer: the extension to run; undefined, or an error that is thrown, fails the handshake. */
  verify(parameters: ExtensionParameters): E | undefined;
}

/** @throws TypeError unless each has a name of its own, and this method */
export function checkExtensions<Side extends { readonly name: string }>(
  extensions: readonly Side[],
  method: keyof Side & string,
): readonly Side[] {
  if (!Array.isArray(extensions)) throw new TypeError(`extensions must be an array, got ${kindOf(extensions)}`);
  readUniqueTokens(
    extensions.map((extension) => extension?.name),
    'extensions',
  );
  for (const extension of extensions) checkType(`${method} of an extension`, extension[method], 'function');
  return [...extensions];
}

/** Offers are tried in the client's order; of each name the first that is acceptable is taken. */
export function negotiateExtensions<E>(
  offers: readonly Extension[],
  negotiators: readonly ExtensionNegotiator<E>[],
): NegotiatedExtension<E>[] {
  const negotiated: NegotiatedExtension<E>[] = [];
  for (const { name, parameters } of offers) {
    if (negotiated.some((taken) => taken.name === name)) continue;
    const accepted = negotiators.find((negotiator) => negotiator.name === name)?.accept(parameters);
    if (accepted) negotiated.push({ name, parameters: accepted.parameters, extension: accepted.extension });
  }
  return negotiated;
}
