"""
HTTP/1.1, the client's side (RFC 9110, RFC 9112).

`_parser` reads answers and `_request` writes requests; `_connection` does both, one after the
other, on a connection that `_pool` keeps. `_agents` find connections for URLs, and `_following`
does what answers say.
"""
