"""HTTP/2 (RFC 9113): frames, header compression, the state of a connection, and both its sides."""
