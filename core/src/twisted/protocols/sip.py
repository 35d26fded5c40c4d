"""
The Session Initiation Protocol over UDP (RFC 3261, RFC 3581): messages, a proxy that hands requests
on to where users are, and a registrar that keeps where that is.
"""

from twisted.protocols._sip._grammar import (
    PORT,
    URL,
    Via,
    cleanRequestURL,
    parseAddress,
    parseURL,
    parseViaHeader,
    unq,
)
from twisted.protocols._sip._messages import (
    Message,
    MessagesParser,
    Request,
    Response,
    SIPError,
    dashCapitalize,
)
from twisted.protocols._sip._proxy import (
    Base,
    Proxy,
    RegisterProxy,
)
from twisted.protocols._sip._registry import (
    IAuthorizer,
    IContact,
    ILocator,
    InMemoryRegistry,
    IRegistry,
    Registration,
    RegistrationError,
)
from twisted.protocols._sip._tables import (
    longHeaders,
    shortHeaders,
    specialCases,
    statusCodes,
)

__all__ = [
    "Base",
    "IAuthorizer",
    "IContact",
    "ILocator",
    "IRegistry",
    "InMemoryRegistry",
    "Message",
    "MessagesParser",
    "PORT",
    "Proxy",
    "RegisterProxy",
    "Registration",
    "RegistrationError",
    "Request",
    "Response",
    "SIPError",
    "URL",
    "Via",
    "cleanRequestURL",
    "dashCapitalize",
    "longHeaders",
    "parseAddress",
    "parseURL",
    "parseViaHeader",
    "shortHeaders",
    "specialCases",
    "statusCodes",
    "unq",
]
