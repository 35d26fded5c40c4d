"""Perspective Broker; public as `twisted.spread.pb` and `twisted.spread.flavors`."""
