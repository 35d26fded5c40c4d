"""Reactors, transports, Deferreds and endpoints: everything that waits for events."""
