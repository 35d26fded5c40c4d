"""The servers of ``net_twisted.py`` on asyncio; with ``uvloop`` at the end on uvloop."""

import asyncio
import ssl
import sys

MODE = sys.argv[1]
BLOCK = b"x" * 65536


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.transport.sendto(data, addr)


class Send(asyncio.Protocol):
    left = 4096

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.paused = False
        self.resume_writing()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        while self.left and not self.paused:
            self.left -= 1
            self.transport.write(BLOCK)
        if not self.left and not self.transport.is_closing():
            self.transport.close()


class Close(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    if MODE == "udp":
        transport, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
    else:
        context = None
        if MODE == "tls":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(sys.argv[2])
            context.num_tickets = 0
        kind = {"tls": Echo, "send": Send, "close": Close}[MODE]
        server = await loop.create_server(kind, "127.0.0.1", 0, ssl=context, backlog=1024)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.Event().wait()


if sys.argv[-1] == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
