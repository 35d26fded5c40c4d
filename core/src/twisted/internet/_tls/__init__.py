"""
TLS over any transport, by pyOpenSSL.

`_protocol` speaks it, `_factory` puts it around the protocols of a factory, `_options` holds the
settings, `_client` those of a client that knows whom it wants to reach, `_trust` what certificates
are believed, `_certificates` certificates and keys, `_servernames` the choice among several.
"""
