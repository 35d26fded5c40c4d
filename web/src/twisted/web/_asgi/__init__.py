"""
Applications of ASGI 3.

`_scope` says what they learn of a request; `_http`, `_websocket` and `_lifespan` are what they talk
to: each has a ``receive`` and a ``send``, and runs the application as a task of asyncio.
"""
