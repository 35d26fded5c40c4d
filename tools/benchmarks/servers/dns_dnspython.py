"""A name server of dnspython's messages on asyncio: prints its port."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from dns_zone import NAMES

TEXT = """$ORIGIN example.org.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 604800 3600
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.1
mail A 192.0.2.2
""" + "".join(f"h{number} A 192.0.2.{number}\n" for number in range(NAMES))

zone = dns.zone.from_text(TEXT, relativize=False)
soa = zone.get_rrset(zone.origin, dns.rdatatype.SOA)


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: object) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        question = query.question[0]
        found = zone.get_rrset(question.name, question.rdtype)
        if found is not None:
            reply.answer.append(found)
        else:
            reply.authority.append(soa)
            if zone.get_node(question.name) is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), address)


async def main() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
