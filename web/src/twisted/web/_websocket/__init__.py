"""
WebSocket (RFC 6455); wsproto agrees on extensions.

`_server` and `_client` agree; `_connection` is what both sides do then, and `_frames` how messages
are written.
"""
