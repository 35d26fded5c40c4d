"""
Connections and ports whose bytes are carried by the transports of an asyncio loop.

A socket is made and connected, or accepted, as everywhere, and then handed to the loop, whose
transport reads it and writes to it: the connection is that transport's asyncio protocol. What a
protocol writes still gathers until its method has returned, and goes to the transport in one piece;
while the transport has something unsent, what is written after that waits here.
"""
