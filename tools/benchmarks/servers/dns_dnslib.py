"""A name server of dnslib's messages on asyncio: prints its port."""

import asyncio

from dns_zone import NAMES
from dnslib import QTYPE, RCODE, RR, DNSRecord

TEXT = """$ORIGIN example.org.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 604800 3600
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.1
mail A 192.0.2.2
""" + "".join(f"h{number} A 192.0.2.{number}\n" for number in range(NAMES))

records: dict[object, list[RR]] = {}
for record in RR.fromZone(TEXT):
    records.setdefault((record.rname, QTYPE[record.rtype]), []).append(record)
names = {name for name, _ in records}
soa = next(found for (_, kind), found in records.items() if kind == "SOA")


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: object) -> None:
        request = DNSRecord.parse(data)
        reply = request.reply()
        found = records.get((request.q.qname, QTYPE[request.q.qtype]))
        if found:
            reply.add_answer(*found)
        else:
            reply.add_auth(*soa)
            if request.q.qname not in names:
                reply.header.rcode = RCODE.NXDOMAIN
        self.transport.sendto(reply.pack(), address)


async def main() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
