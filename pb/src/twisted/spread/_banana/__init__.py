"""Expressions of Banana in octets: no transport, no clock."""
