"""The ``twist`` command: runs a service that a plugin makes."""

from __future__ import annotations

from twisted.application.twist._twist import Twist, main

__all__ = ["Twist", "main"]
