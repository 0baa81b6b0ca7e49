"""One end of a WebSocket, by the library websockets, told over stdio what to do: one JSON a line, answered by one.

client URL: connects. server: listens on a free port of 127.0.0.1 and takes one connection. A last argument in JSON has the
parameters of permessage-deflate; without it, nothing is compressed.
Payloads are made here by the pattern of interop.suite.ts, so that only their hash has to travel.
"""

import asyncio
import hashlib
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

LIMIT = 64 * 1024 * 1024
PERIOD = bytes((i * 7 + 3) & 255 for i in range(251))
UNIT = "aé€😀"


def pattern(size):
    return (PERIOD * (size // 251 + 1))[:size]


def text_of(size):
    unit = len(UNIT.encode())
    return UNIT * (size // unit) + "z" * (size % unit)


def make(kind, size):
    return pattern(size) if kind == "binary" else text_of(size)


def digest(message):
    kind = "text" if isinstance(message, str) else "binary"
    data = message.encode() if isinstance(message, str) else message
    return {"kind": kind, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def say(answer):
    print(json.dumps(answer), flush=True)


def thirds(message):
    third = len(message) // 3
    return [message[:third], message[third : 2 * third], message[2 * third :]]


async def carry_out(socket, order):
    what = order["do"]
    if what == "send":
        await socket.send(make(order["kind"], order["size"]))
        return {}
    if what == "send fragments":
        await socket.send(iter_of(thirds(make(order["kind"], order["size"]))))
        return {}
    if what == "receive":
        return digest(await socket.recv())
    if what == "ping":
        await (await socket.ping(pattern(order["size"])))
        return {}
    if what == "close":
        await socket.close(order["code"], order["reason"])
        return {"code": socket.close_code, "reason": socket.close_reason}
    if what == "closed":
        await socket.wait_closed()
        return {"code": socket.close_code, "reason": socket.close_reason}
    raise ValueError(what)


async def iter_of(parts):
    for part in parts:
        yield part


async def serve_orders(socket):
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        try:
            say(await carry_out(socket, json.loads(line)))
        except Exception as error:
            say({"error": repr(error)})


async def main():
    options = {"max_size": LIMIT, "compression": None, "ping_interval": None}
    is_client = sys.argv[1] == "client"
    deflate = sys.argv[3:] if is_client else sys.argv[2:]
    if deflate:
        factory = ClientPerMessageDeflateFactory if is_client else ServerPerMessageDeflateFactory
        options["extensions"] = [factory(**json.loads(deflate[0]))]
    if is_client:
        async with websockets.connect(sys.argv[2], **options) as socket:
            say({"connected": True})
            await serve_orders(socket)
    else:
        connected = asyncio.get_running_loop().create_future()

        async def take(socket):
            connected.set_result(socket)
            await socket.wait_closed()

        async with websockets.serve(take, "127.0.0.1", 0, **options) as server:
            say({"port": server.sockets[0].getsockname()[1]})
            socket = await connected
            say({"connected": True})
            await serve_orders(socket)


asyncio.run(main())
