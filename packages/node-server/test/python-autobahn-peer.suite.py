"""A client by the library autobahn: echoes each message of the server at the URL that is its argument.

The text "fragments" is answered in three fragments, "close" by a Close of its own. At the end it says how, in a line of JSON.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


class Echo(WebSocketClientProtocol):
    def onMessage(self, payload, isBinary):
        if payload == b"close":
            self.sendClose(4001, "grüße")
        elif payload == b"fragments":
            self.beginMessage()
            for part in (b"frag", b"", b"ments"):
                self.sendMessageFrame(part)
            self.endMessage()
        else:
            self.sendMessage(payload, isBinary)

    def onClose(self, wasClean, code, reason):
        print(json.dumps({"clean": wasClean, "code": code, "reason": reason}), flush=True)
        loop.stop()


def accept(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


factory = WebSocketClientFactory(sys.argv[1])
factory.protocol = Echo
if sys.argv[2:] == ["deflate"]:
    factory.setProtocolOptions(
        perMessageCompressionOffers=[PerMessageDeflateOffer()], perMessageCompressionAccept=accept
    )
url = urlsplit(sys.argv[1])
loop.run_until_complete(loop.create_connection(factory, url.hostname, url.port))
loop.run_forever()
