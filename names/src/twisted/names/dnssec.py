"""
Validation: what a resolver finds is checked against the signatures of zones (RFC 4035).

Cryptography is dnspython's: install the extra ``dnssec``.
"""

from __future__ import annotations

from twisted.names._validation._chain import BogusError
from twisted.names._validation._resolver import ANCHORS, ValidatingResolver
from twisted.names._validation._signatures import Limits

__all__ = ["ANCHORS", "BogusError", "Limits", "ValidatingResolver"]
