import type { ExtensionNegotiator } from '@ws/handshake';
import { readOptions, type ServerOptions, type Settings } from './options.ts';
import { type Agreed, MAX_WINDOW_BITS, NAME, type Parameters, readParameters, writeParameters } from './parameters.ts';
import { PermessageDeflate } from './permessage-deflate.ts';
import type { Zlib } from './zlib.ts';

/**
 * The server's side of the extension, for `UpgradePolicy`. An offer that is not legal, or that cannot be kept, is
 * declined: the client's next one is looked at.
 *
 * An extension that was accepted counts for `maxTakeovers` until it is closed. A connection closes it; where an
 * accepted handshake does not lead to one, close it by hand.
 *
 * @throws TypeError or RangeError if an option is of the wrong kind, or smaller than what zlib can keep to
 */
export function permessageDeflate(zlib: Zlib, options: ServerOptions = {}): ExtensionNegotiator<PermessageDeflate> {
  const settings = readOptions(zlib, options);
  if (settings.serverMaxWindowBits < zlib.minWindowBits) {
    const got = settings.serverMaxWindowBits;
    throw new RangeError(
      `serverMaxWindowBits must be ${zlib.minWindowBits} or more, the least of this zlib, got ${got}`,
    );
  }
  let takeovers = 0;
  return {
    name: NAME,
    accept(list) {
      const offer = readParameters(list);
      if (typeof offer === 'string') return undefined;
      const agreed = answer(offer, settings, takeovers < settings.maxTakeovers);
      if (agreed === undefined) return undefined;
      const keeps = !agreed.serverNoContextTakeover || !agreed.clientNoContextTakeover;
      if (keeps) takeovers++;
      let open = true;
      const extension = new PermessageDeflate('server', agreed, settings, () => {
        if (keeps && open) takeovers--;
        open = false;
      });
      return { parameters: writeParameters(inAnswer(offer, agreed)), extension };
    },
  };
}

/** Section 7.1, parameter by parameter: what is agreed on, or undefined to decline. */
function answer(offer: Parameters, settings: Settings, mayTakeOver: boolean): Agreed | undefined {
  // 7.1.2.1: the client asks for this or less.
  const serverMaxWindowBits = Math.min(offer.serverMaxWindowBits ?? MAX_WINDOW_BITS, settings.serverMaxWindowBits);
  if (serverMaxWindowBits < settings.zlib.minWindowBits) return undefined;
  // 7.1.2.2: only a client that has offered to can be asked for less. From another we ask for messages that stand by
  // themselves: nothing has to be kept for them, however large their window is.
  const { clientMaxWindowBits: offered } = offer;
  const cannotAsk = offered === undefined && settings.clientMaxWindowBits < MAX_WINDOW_BITS;
  return {
    serverNoContextTakeover: offer.serverNoContextTakeover || settings.serverNoContextTakeover || !mayTakeOver,
    clientNoContextTakeover:
      offer.clientNoContextTakeover || settings.clientNoContextTakeover || !mayTakeOver || cannotAsk,
    serverMaxWindowBits,
    clientMaxWindowBits:
      offered === undefined
        ? MAX_WINDOW_BITS
        : Math.min(offered === true ? MAX_WINDOW_BITS : offered, settings.clientMaxWindowBits),
  };
}

/** What has to be said of it: windows if they were asked for, or are not the largest. */
function inAnswer(offer: Parameters, agreed: Agreed): Parameters {
  const { serverMaxWindowBits: server, clientMaxWindowBits: client } = agreed;
  return {
    ...agreed,
    serverMaxWindowBits: offer.serverMaxWindowBits === undefined && server === MAX_WINDOW_BITS ? undefined : server,
    clientMaxWindowBits: client === MAX_WINDOW_BITS ? undefined : client,
  };
}
