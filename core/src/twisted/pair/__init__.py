"""Packets below TCP and UDP: Ethernet, IPv4, raw UDP, and tunnels of Linux."""
