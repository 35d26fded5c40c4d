"""The pages of the people who have accounts on a machine."""

from __future__ import annotations

import os
from html import escape
from typing import Any
from urllib.parse import quote

from twisted.web import pages, resource, static
from twisted.web._distrib._subscriptions import ResourceSubscription

__all__ = ["UserDirectory"]

_PERSONAL = b".twistd"


class UserDirectory(resource.Resource):
    """
    A list of people, and their pages: ``ann/`` is the folder ``public_html`` of Ann's home, and
    ``ann.twistd/`` what the server answers that Ann runs, at the socket ``.twistd-web-pb`` in it.

    Nothing outside of a home is reached by symbolic links.

    @cvar template: the page, to be filled in with ``users``.
    @cvar userDirName: the folder in a home.
    @cvar userSocketName: the socket in a home.
    """

    __module__ = "twisted.web.distrib"

    userDirName = "public_html"
    userSocketName = ".twistd-web-pb"
    template = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width"/>
<title>People</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }
</style>
</head>
<body>
<h1>People</h1>
<ul>
%(users)s</ul>
</body>
</html>
"""

    def __init__(self, userDatabase: Any = None) -> None:
        """
        @param userDatabase: has ``getpwall`` and ``getpwnam``; by default, the module `pwd`.
        """
        resource.Resource.__init__(self)
        if userDatabase is None:
            import pwd

            userDatabase = pwd
        self._pwd = userDatabase

    def _users(self) -> list[tuple[str, str]]:
        """The links to the pages that there are, and what they are called."""
        found = []
        for user in self._pwd.getpwall():
            name, home = user[0], user[-2]
            full = user[4].split(",")[0] or name
            if os.path.exists(os.path.join(home, self.userDirName)):
                found.append((name, full + " (file)"))
            if os.path.exists(os.path.join(home, self.userSocketName)):
                found.append((name + ".twistd", full + " (twistd)"))
        return found

    def render_GET(self, request: Any) -> bytes:
        """The list."""
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        rows = "".join(
            f'<li><a href="{escape(quote(os.fsencode(link)))}/">{escape(text)}</a></li>\n'
            for link, text in sorted(self._users())
        )
        return (self.template % {"users": rows}).encode("utf-8", "replace")

    def getChild(self, name: bytes, request: Any) -> Any:
        """The pages of somebody."""
        if not name:
            return self
        personal = name.endswith(_PERSONAL)
        try:
            user = self._pwd.getpwnam(os.fsdecode(name.removesuffix(_PERSONAL)))
        except (KeyError, ValueError):
            return pages.notFound()
        home = os.path.realpath(user[-2])
        path = os.path.join(home, self.userSocketName if personal else self.userDirName)
        if os.path.realpath(path) != path:
            return pages.notFound()
        if personal:
            # All requests for it share a connection.
            subscription = ResourceSubscription("unix", path)
            self.putChild(name, subscription)
            return subscription
        return static.File(path) if os.path.isdir(path) else pages.notFound()
