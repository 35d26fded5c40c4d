"""
The Asynchronous Messaging Protocol.

`_boxes` reads and writes boxes, `_arguments` turns values into octets and back, `_commands`
describes what can be asked, `_dispatch` asks and answers, `_protocol` joins that to a transport.
"""
