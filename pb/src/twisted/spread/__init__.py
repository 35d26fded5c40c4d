"""Perspective Broker: objects that are called over the network."""
