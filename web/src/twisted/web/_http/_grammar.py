"""
The grammar of HTTP/1.1 messages (RFC 9112) as compiled patterns, and the limits of a message's
head.
"""

from __future__ import annotations

import re

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

#: The first line of a request.
REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/([0-9])\.([0-9])\r\n")

#: The headers behind it, and the empty line.  Neither matches a bare CR or LF, NUL, a folded line,
#: or space before a colon: a head that one server reads so and another otherwise is refused.
HEADERS = re.compile(rb"(?:" + _TOKEN + rb":[^\r\n\0]*\r\n)*\r\n")

#: What a header is called: a token (RFC 9110, section 5.6.2).
TOKEN = re.compile(_TOKEN)

#: A length in decimal digits; no sign, space or underscore, as `int` would allow.
CONTENT_LENGTH = re.compile(rb"[0-9]{1,18}")

#: A line that ends as no line of a head may.
BARE_LF = re.compile(rb"(?<!\r)\n")

#: The size of a chunk in hexadecimal digits, and its extensions.
CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[^\r\n\0]*)?)")

#: The same, as some servers send it: filled up with spaces.
PADDED_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[^\r\n\0]*)?)[ \t]*")

#: One line of a trailer.
TRAILER_LINE = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\r\n\0]*)")

#: A host and port, as far as a server cares: no space, path, query or user information.
HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%]+\]|[^\x00-\x20\x7f/?#@:\[\]<>\"\\^`{|}]*)(?::[0-9]*)?")

#: Where the authority of a URL ends (RFC 3986, section 3.2).
AUTHORITY_END = re.compile(rb"[/?#]")

#: How large a head may be, in bytes, and how many headers it may have.
MAX_HEAD_SIZE = 16384
MAX_HEADERS = 500

#: How long the line before a chunk may be, extensions included, how much all extensions of a body
#: may have together, and how large a trailer may be.
MAX_CHUNK_LINE = 1024
MAX_EXTENSIONS_SIZE = 16384
MAX_TRAILER_SIZE = 16384
