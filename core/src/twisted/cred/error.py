"""Why somebody was not let in."""

from __future__ import annotations

__all__ = [
    "LoginDenied",
    "LoginFailed",
    "Unauthorized",
    "UnauthorizedLogin",
    "UnhandledCredentials",
]


class Unauthorized(Exception):
    """Something was asked for that is not allowed."""


class LoginFailed(Exception):
    """A login failed, whatever the reason; servers tell the peer no more than that."""


class UnauthorizedLogin(LoginFailed, Unauthorized):
    """The name or the secret is wrong."""


class UnhandledCredentials(LoginFailed):
    """No checker takes credentials of this kind."""


class LoginDenied(LoginFailed):
    """The realm refused somebody whose credentials are right, for another reason."""
