"""
WebSocket (RFC 6455), by wsproto.

`_connection` is what both sides do once they have agreed; `_server` and `_client` agree.
"""
