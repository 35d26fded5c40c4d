"""
TLS over any transport, by pyOpenSSL.

`_protocol` speaks it, `_factory` puts it around the protocols of a factory, `_options` holds the
settings, `_client` those of a client that knows whom it wants to reach, `_trust` what certificates
are believed, `_certificates` and `_names` certificates and keys, `_servernames` the choice among
several.
"""

try:
    import OpenSSL as _OpenSSL
    import service_identity as _service_identity
except ImportError as _error:
    raise ImportError("TLS needs the extra tls: pip install 'twisted-core[tls]'") from _error

del _OpenSSL, _service_identity
