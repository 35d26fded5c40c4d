"""Names of whom certificates are about, and of who signs them."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from twisted.python.util import nameToLabel

__all__ = ["DistinguishedName"]

#: Short and long names of the fields of X.500 names, and where they are registered.
_FIELDS = {
    "commonName": ("CN", x509.NameOID.COMMON_NAME),
    "organizationName": ("O", x509.NameOID.ORGANIZATION_NAME),
    "organizationalUnitName": ("OU", x509.NameOID.ORGANIZATIONAL_UNIT_NAME),
    "localityName": ("L", x509.NameOID.LOCALITY_NAME),
    "stateOrProvinceName": ("ST", x509.NameOID.STATE_OR_PROVINCE_NAME),
    "countryName": ("C", x509.NameOID.COUNTRY_NAME),
    "emailAddress": ("emailAddress", x509.NameOID.EMAIL_ADDRESS),
}
_LONG = {short: long for long, (short, _) in _FIELDS.items()} | {long: long for long in _FIELDS}
_BY_OID = {oid: long for long, (_, oid) in _FIELDS.items()}


class DistinguishedName(dict[str, bytes]):
    """
    An X.500 name (RFC 5280, 4.1.2.4), as a mapping of long names of fields to octets.

    Fields are attributes, too, by their short and long names: ``CN`` or ``commonName``, ``O``
    or ``organizationName``, ``OU`` or ``organizationalUnitName``, ``L`` or ``localityName``,
    ``ST`` or ``stateOrProvinceName``, ``C`` or ``countryName``, and ``emailAddress``.

    @raise AttributeError: there is no such field.
    """

    __slots__ = ()

    def __init__(self, **kw: str | bytes) -> None:
        super().__init__()
        for name, value in kw.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _LONG:
            raise AttributeError(f"an X.500 name has no field {name!r} here")
        self[_LONG[name]] = value.encode("ascii") if isinstance(value, str) else value

    def __getattr__(self, name: str) -> bytes:
        try:
            return self[_LONG[name]]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self) -> str:
        return f"<DN {dict.__repr__(self)[1:-1]}>"

    def inspect(self) -> str:
        """The fields, one in a line, for people."""
        labels = {name: nameToLabel(name) for name in _FIELDS if name in self}
        width = max(map(len, map(nameToLabel, _FIELDS)))
        return "\n".join(
            f"{label:>{width}}: {self[name].decode('utf-8', 'replace')}"
            for name, label in sorted(labels.items())
        )

    @classmethod
    def fromName(cls, name: x509.Name) -> DistinguishedName:
        """What of `name` has a field here."""
        dn = cls()
        for attribute in name:
            field = _BY_OID.get(attribute.oid)
            if field is not None:
                value = attribute.value
                dn[field] = value.encode("utf-8") if isinstance(value, str) else value
        return dn

    def toName(self) -> x509.Name:
        """The name, for `cryptography`."""
        return x509.Name(
            [
                x509.NameAttribute(_FIELDS[field][1], value.decode("utf-8"))
                for field, value in self.items()
            ]
        )
