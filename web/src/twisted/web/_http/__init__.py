"""HTTP/1.1: the wire format, which knows no transport, and the channel that joins it to one."""
