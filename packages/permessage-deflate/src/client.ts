import type { ExtensionOffers } from '@ws/handshake';
import { type PermessageDeflateOptions, readOptions, type Settings } from './options.ts';
import { type Agreed, MAX_WINDOW_BITS, NAME, type Parameters, readParameters, writeParameters } from './parameters.ts';
import { PermessageDeflate } from './permessage-deflate.ts';
import type { Zlib } from './zlib.ts';

/**
 * The client's side of the extension, for `createUpgrade`: its offers, and the judgement of their answer, which throws
 * what is wrong with it.
 *
 * @throws TypeError or RangeError if an option is of the wrong kind, or smaller than what zlib can keep to
 */
export function offerPermessageDeflate(
  zlib: Zlib,
  options: PermessageDeflateOptions = {},
): ExtensionOffers<PermessageDeflate> {
  const settings = readOptions(zlib, options);
  if (settings.clientMaxWindowBits < zlib.minWindowBits) {
    const got = settings.clientMaxWindowBits;
    throw new RangeError(
      `clientMaxWindowBits must be ${zlib.minWindowBits} or more, the least of this zlib, got ${got}`,
    );
  }
  const offer = makeOffer(settings);
  const offers = [offer];
  // A server that cannot keep to it declines the first (section 7.1.1.1), and may take another (section 5.1). Where
  // nobody has set it, a context that is kept is better than no compression, or none of the handshake.
  if (options.serverNoContextTakeover === undefined) offers.push({ ...offer, serverNoContextTakeover: false });
  return {
    name: NAME,
    offers: offers.map(writeParameters),
    verify(list) {
      const answer = readParameters(list);
      if (typeof answer === 'string') throw new Error(answer);
      // The last asks for the least: what answers another answers it, too.
      return new PermessageDeflate('client', judge(answer, offers.at(-1)!, settings), settings);
    },
  };
}

function makeOffer(settings: Settings): Parameters {
  const { serverMaxWindowBits: server, clientMaxWindowBits: client } = settings;
  // Without a value, it says that the server may ask for less (section 7.1.2.2).
  const anyWindow = settings.zlib.minWindowBits < MAX_WINDOW_BITS ? true : undefined;
  return {
    serverNoContextTakeover: settings.serverNoContextTakeover,
    clientNoContextTakeover: settings.clientNoContextTakeover,
    serverMaxWindowBits: server === MAX_WINDOW_BITS ? undefined : server,
    clientMaxWindowBits: client === MAX_WINDOW_BITS ? anyWindow : client,
  };
}

/** Sections 7.1.1 and 7.1.2: the server keeps to what was asked of it, and asks only for what was offered. */
function judge(answer: Parameters, offer: Parameters, settings: Settings): Agreed {
  if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) {
    throw new Error('server_no_context_takeover was asked for, and is not in the answer');
  }
  const server = answer.serverMaxWindowBits ?? MAX_WINDOW_BITS;
  if (server > settings.serverMaxWindowBits) {
    throw new Error(`server_max_window_bits is ${server}, and at most ${settings.serverMaxWindowBits} was asked for`);
  }
  const { clientMaxWindowBits: client } = answer;
  if (client === true) throw new Error('client_max_window_bits has no value');
  if (client !== undefined) {
    const { clientMaxWindowBits: most, zlib } = settings;
    if (offer.clientMaxWindowBits === undefined) {
      throw new Error('client_max_window_bits is in the answer, and was not offered');
    }
    if (client > most || client < zlib.minWindowBits) {
      throw new Error(`client_max_window_bits is ${client}, and ${zlib.minWindowBits} to ${most} was offered`);
    }
  }
  return {
    serverNoContextTakeover: answer.serverNoContextTakeover,
    // A client may always do what it has offered to do.
    clientNoContextTakeover: answer.clientNoContextTakeover || settings.clientNoContextTakeover,
    serverMaxWindowBits: server,
    clientMaxWindowBits: client ?? settings.clientMaxWindowBits,
  };
}
